// SPDX-License-Identifier: Apache-2.0
import BERT
import ComputeGraph
import OpenCLBackend

/// How often each engine runs each shape.
struct BenchTurns {
  /// Runs before the clock starts.
  let warmup: Int
  /// Timed runs; where nil, at least `least`, and until all engines together have taken `seconds`.
  let count: Int?
  let least: Int
  let seconds: Double

  /// Turns beyond these tell nothing new.
  private static let most = 200

  func isDone(_ turns: Int, after passed: Double) -> Bool {
    if let count { return turns >= count }
    return turns >= BenchTurns.most || (turns >= least && passed >= seconds)
  }
}

/// Times a model on one or two engines, turn by turn, so that a noisy moment of the machine meets all of them.
struct BenchRun {
  private let directory: String
  private let turns: BenchTurns
  private let engines: [(engine: Engine, model: BertModel)]
  /// The first engine once more, with events: these cost time, which the turns must not.
  private let profiled: BenchProfile?

  /// - Parameters:
  ///   - engines: one or more, the one to be profiled in front.
  ///   - profiles: whether to profile each shape on the first engine.
  /// - Throws: what loading the model on an engine throws.
  init(_ directory: String, on engines: [Engine], turns: BenchTurns, profiles: Bool) async throws {
    let folder = try SentenceHead.transformerPath(in: directory)
    self.directory = directory
    self.turns = turns
    var loaded: [(engine: Engine, model: BertModel)] = []
    for engine in engines { loaded.append((engine, try await BertModel.fromPretrained(folder, on: engine))) }
    self.engines = loaded
    profiled = profiles ? try await BenchProfile(folder, like: engines[0]) : nil
  }

  /// Times the shapes, one after another.
  ///
  /// - Parameter trace: is given the commands of a profiled run of each shape.
  /// - Throws: what a forward pass throws.
  func callAsFunction(
    _ shapes: [BenchShape], trace: (BenchShape, [DeviceCommand]) -> Void = { _, _ in }
  ) async throws -> BenchResult {
    var result = BenchResult(model: directory, engines: try engines.map(described))
    var progress = StatusLine()
    defer { progress.finish() }
    for (index, shape) in shapes.enumerated() {
      // Before each shape, because one moment may be a bad one.
      try await measurePeaks(&result)
      progress.show("\(shape.name), \(index + 1) of \(shapes.count)")
      result.rows.append(try await run(shape, trace, &progress))
    }
    try await measurePeaks(&result)
    return result
  }

  private func described(_ entry: (engine: Engine, model: BertModel)) throws -> BenchResult.Engine {
    let (engine, model) = entry
    let weights = try engine.profile?.weightByteCount(of: model.graph) ?? model.network.parameterCount * 4
    return BenchResult.Engine(
      name: engine.name, device: engine.device?.name ?? "the CPU executor", precision: engine.precision,
      weightByteCount: weights,
      tunedChoices: engine.tuning.measurements.count)
  }

  /// Once more. Where the OpenCL device is the CPU, its peak is that of the CPU executor as well.
  private func measurePeaks(_ result: inout BenchResult) async throws {
    for (engine, _) in engines {
      guard let executor = engine.executor as? OpenCLExecutor else { continue }
      let peak = try await executor.measurePeak()
      for index in engines.indices where index == 0 || executor.device.kind == .cpu {
        result.engines[index].peaks.append(peak)
      }
    }
  }

  private func run(
    _ shape: BenchShape, _ trace: (BenchShape, [DeviceCommand]) -> Void, _ progress: inout StatusLine
  ) async throws -> BenchResult.Row {
    let input = try shape.input(vocabSize: engines[0].model.config.vocabSize)
    let clock = ContinuousClock()
    var seconds = [[Double]](repeating: [], count: engines.count)
    for _ in 0..<turns.warmup {
      for (_, model) in engines { _ = try await model.forward(input) }
    }
    let begin = clock.now
    var turn = 0
    while !turns.isDone(turn, after: (clock.now - begin).seconds) {
      // Forwards and backwards, so that none always runs behind the same other.
      for index in turn.isMultiple(of: 2) ? Array(engines.indices) : engines.indices.reversed() {
        let start = clock.now
        _ = try await engines[index].model.forward(input)
        seconds[index].append((clock.now - start).seconds)
      }
      turn += 1
      progress.show("\(shape.name), turn \(turn)")
    }
    let work = try BenchWork(engines[0].model, shape)
    var operations: [BenchResult.OperationTime] = []
    if let profiled {
      let runs = try await profiled.runs(input)
      operations = work.times(of: runs)
      if let last = runs.last { trace(shape, last) }
    }
    let timings = try engines.indices.map { index in
      BenchResult.Timing(
        engine: index, times: BenchTimes(seconds[index]),
        arenaByteCount: try engines[index].engine.profile?.arenaByteCount(
          of: engines[index].model.graph, shape.dimensions, outputs: work.outputs),
        operations: index == 0 ? operations : [])
    }
    return BenchResult.Row(shape: shape, floatingPointOperations: work.total, timings: timings)
  }
}
