// SPDX-License-Identifier: Apache-2.0
import ComputeGraph
import OpenCLRuntime

/// All configurations of one step at one size, run and timed. Lives on the executor's thread.
struct Trial {
  private let subject: TuningSubject
  private let size: Int
  private let options: TuningOptions
  private let executor: OpenCLExecutor
  private let loaded: LoadedOpenCLGraph
  private let plan: Plan
  private let memory: RunMemory
  private let inputs: RunInputs

  /// A choice must be faster than the standard by this factor, which is beyond what repeated measurements differ by.
  private static let worthwhile = 1.03
  /// What the standard configuration may differ by from the oracle. In half a precision each of a product's factors and the
  /// result is off by up to half of the last bit, 2^-12 or 2^-9 of it, and depths of thousands make sums of those.
  private static func tolerance(_ precision: Precision) -> Double {
    switch precision {
    case .float32: 2e-5
    case .float16: 4e-3
    case .bfloat16: 3e-2
    }
  }
  /// One turn takes at least this long, so that the clock and the wait do not count.
  private static let shortestTurn = Duration.milliseconds(2)

  init(_ subject: TuningSubject, size: Int, _ options: TuningOptions, on executor: OpenCLExecutor) throws {
    (self.subject, self.size, self.options, self.executor) = (subject, size, options, executor)
    let graph = try subject.graph(copies: subject.copies(size: size))
    loaded = try LoadedOpenCLGraph(graph, TrialNumbers(depth: subject.shape[1]), on: executor)
    inputs = try subject.inputs(size: size)
    plan = try executor.profile.plan(graph, inputs.dimensions)
    memory = try RunMemory(RunMemory.Size(plan, graph, executor.profile), executor)
  }

  /// - Parameter expected: the first rows of y0.
  /// - Throws: `TuningError.wrong` where the standard configuration does not compute them; `OpenCLError`.
  func measure(_ expected: [Double]) throws -> Tuning.Measurement {
    let names = subject.configurations(size: size, executor.profile)
    let standard = Contender(names[0], try bind(names[0]))
    let reference = try result(of: standard.plan)
    if let wrong = Agreement.difference(reference, expected, within: Trial.tolerance(executor.profile.precision)) {
      throw TuningError.wrong(step: "\(subject), size \(size), \(names[0])", wrong)
    }
    var contenders = [standard]
    var refused: [Tuning.Candidate] = []
    for name in names.dropFirst() {
      do {
        let plan = try bind(name)
        if let wrong = Agreement.bitDifference(try result(of: plan), reference) {
          refused.append(Tuning.Candidate(name, .refused(wrong)))
        } else {
          contenders.append(Contender(name, plan))
        }
      } catch let error as OpenCLError {
        // A configuration that this device does not take is no reason to stop. What it left in flight is waited for.
        try? executor.queue.finish()
        refused.append(Tuning.Candidate(name, .refused("\(error)")))
      }
    }
    let runs = try runsPerTurn(standard.plan)
    for round in 0..<options.rounds {
      for contender in contenders where round == 0 || contender.seconds < 2 * standard.seconds {
        do {
          try contender.take(seconds(of: contender.plan, runs: runs))
        } catch let error as OpenCLError where contender !== standard {
          try? executor.queue.finish()
          contenders.removeAll { $0 === contender }
          refused.append(Tuning.Candidate(contender.name, .refused("\(error)")))
        }
      }
    }
    executor.library.storeBinaries()  // what is chosen now need not be compiled again
    let choice = try duel(contenders, runs: runs)
    let timed = contenders.map { Tuning.Candidate($0.name, .seconds($0.seconds)) }
    return Tuning.Measurement(choice: choice.name, standard: standard.name, candidates: timed + refused)
  }

  /// The fastest, if it beats the standard once more, else the standard.
  private func duel(_ contenders: [Contender], runs: Int) throws -> Contender {
    let standard = contenders[0]
    guard let fastest = contenders.min(by: { $0.seconds < $1.seconds }), fastest !== standard,
      fastest.seconds * Trial.worthwhile < standard.seconds
    else { return standard }
    let (challenger, defender) = (Contender(fastest.name, fastest.plan), Contender(standard.name, standard.plan))
    for _ in 0..<options.rounds {
      for contender in [challenger, defender] { try contender.take(seconds(of: contender.plan, runs: runs)) }
    }
    return challenger.seconds * Trial.worthwhile < defender.seconds ? fastest : standard
  }

  /// The plan with one configuration in force.
  private func bind(_ configuration: String) throws -> BoundPlan {
    let key = TuningKey(subject.operation, subject.shape, size: size)
    let forced = Tuning([key: Tuning.Measurement(choice: configuration, standard: configuration, candidates: [])])
    return try BoundPlan(plan, loaded, memory, nil, executor, forced)
  }

  /// y0 after one run, in memory that held something else before.
  private func result(of bound: BoundPlan) throws -> [Float] {
    let queue = executor.queue
    try bound.upload(inputs.tensors(for: plan, of: loaded.graph), through: memory, queue)
    for buffer in memory.written { try queue.fill(buffer, with: Float.nan) }
    for step in bound.steps { try step.enqueue(queue, inputs.dimensions) }
    return try bound.download(inputs.dimensions, loaded.graph, from: memory, queue)["y0"]?.floats ?? []
  }

  /// Seconds of one step.
  private func seconds(of bound: BoundPlan, runs: Int) throws -> Double {
    let clock = ContinuousClock()
    let start = clock.now
    for _ in 0..<runs {
      for step in bound.steps { try step.enqueue(executor.queue, inputs.dimensions) }
    }
    try executor.queue.finish()
    return (clock.now - start) / .seconds(1) / Double(runs * bound.steps.count)
  }

  private func runsPerTurn(_ bound: BoundPlan) throws -> Int {
    let once = try min(seconds(of: bound, runs: 1), seconds(of: bound, runs: 1))
    let turn = Trial.shortestTurn / .seconds(1) / Double(bound.steps.count)
    return min(max(Int((turn / max(once, 1e-7)).rounded(.up)), 1), 500)
  }
}

/// A configuration and its best time.
private final class Contender {
  let name: String
  let plan: BoundPlan
  private(set) var seconds = Double.infinity

  init(_ name: String, _ plan: BoundPlan) { (self.name, self.plan) = (name, plan) }

  func take(_ seconds: Double) { self.seconds = min(self.seconds, seconds) }
}
