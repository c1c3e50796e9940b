// SPDX-License-Identifier: Apache-2.0
import BERT
import ComputeGraph
import Glibc
import Logging
import OpenCLBackend
import StrictJSON

/// Times steps of a training: forward, backward, clipping and AdamW of a text classifier with two labels, on batches of
/// given shapes. What `Benchmarks/train/step.py` does with PyTorch.
struct TrainingBench {
  /// The model's name in the results.
  let name: String
  let directory: String
  let engine: Engine
  let recomputation: Recomputation
  /// Whether what the configuration says of dropout is done.
  let drops: Bool
  let warmup: Int
  let count: Int
  let profiles: Bool

  /// One shape's steps.
  struct Row {
    let shape: BenchShape
    let times: BenchTimes
    let losses: [Double]
    let floatingPointOperations: Double
    /// Bytes of everything that a batch computes, from the plan.
    let arenaByteCount: Int
    /// Resident memory of the process, at most so far.
    let peakResidentBytes: Int
    let operations: [BenchResult.OperationTime]
  }

  struct Result {
    let bench: TrainingBench
    /// Bytes of weights, gradients and moments.
    let stateByteCount: Int
    /// Operations per second of fused multiply-adds alone; nil without an OpenCL device.
    var peak: Double?
    var rows: [Row] = []
  }

  func run(_ shapes: [BenchShape]) async throws -> Result {
    let model = try self.model()
    let session = try await TrainingSession(model, optimizer, recomputation: recomputation, on: engine)
    var result = Result(bench: self, stateByteCount: 4 * 4 * session.layout.elementCount)
    let profiled = profiles ? try await profiledSession(model) : nil
    var progress = StatusLine()
    defer { progress.finish() }
    for shape in shapes {
      progress.show("\(shape.name)")
      if let executor = engine.executor as? OpenCLExecutor {
        result.peak = max(result.peak ?? 0, try await executor.measurePeak())
      }
      result.rows.append(try await row(shape, session, profiled, &progress))
    }
    return result
  }

  private func row(
    _ shape: BenchShape, _ session: TrainingSession,
    _ profiled: (session: TrainingSession, executor: OpenCLExecutor)?, _ progress: inout StatusLine
  ) async throws -> Row {
    let batch = try batch(shape, session.model.config)
    let clock = ContinuousClock()
    var (seconds, losses): ([Double], [Double]) = ([], [])
    for step in 1...(warmup + count) {
      let start = clock.now
      try await session.accumulate(batch, seed: UInt64(step))
      losses.append(try await session.update(learningRate: 2e-5, step: step).loss)
      if step > warmup { seconds.append((clock.now - start).seconds) }
      progress.show("\(shape.name), step \(step)")
    }
    guard let (graph, plan) = try session.plan(batch) else { throw GraphError.missingInput("labels") }
    let work = try plan.floatingPointOperations(of: graph, plan.dimensions, lengths: shape.lengths)
    let counts = Dictionary(uniqueKeysWithValues: zip(plan.steps.map(\.node), work))
    let arena =
      try engine.profile?.arenaByteCount(of: graph, plan.dimensions, outputs: []) ?? plan.arenaByteCount
    var operations: [BenchResult.OperationTime] = []
    if let profiled {
      operations = try await self.operations(batch, profiled.session, profiled.executor, counts)
    }
    return Row(
      shape: shape, times: BenchTimes(seconds), losses: losses, floatingPointOperations: work.reduce(0, +),
      arenaByteCount: arena, peakResidentBytes: TrainingBench.peakResidentBytes,
      operations: operations)
  }

  /// Time by operation, medians of three steps.
  private func operations(
    _ batch: BertInput, _ session: TrainingSession, _ executor: OpenCLExecutor, _ counts: [Int: Double]
  ) async throws -> [BenchResult.OperationTime] {
    var runs: [[String: (seconds: Double, launches: Int, nodes: Set<Int>)]] = []
    for step in 1...4 {
      try await session.accumulate(batch, seed: UInt64(step))
      let passes = executor.takeCommands()
      _ = try await session.update(learningRate: 2e-5, step: step)
      // Taken at every step: what is left would be counted as the next one's.
      let update = executor.takeCommands()
      guard step > 1 else { continue }  // binds the plans
      var run: [String: (seconds: Double, launches: Int, nodes: Set<Int>)] = [:]
      for (command, isPass) in passes.map({ ($0, true) }) + update.map({ ($0, false) }) {
        var entry = run[command.operation] ?? (0, 0, [])
        entry.seconds += Double(command.times.duration) / 1e9
        entry.launches += 1
        // The update's nodes are those of another graph, and none of them is counted.
        if isPass, let node = command.node { entry.nodes.insert(node) }
        run[command.operation] = entry
      }
      runs.append(run)
    }
    return (runs.first ?? [:]).map { operation, entry in
      BenchResult.OperationTime(
        operation: operation, weight: nil, launches: entry.launches,
        seconds: BenchTimes(runs.map { $0[operation]?.seconds ?? 0 }).median,
        floatingPointOperations: entry.nodes.reduce(0) { $0 + (counts[$1] ?? 0) })
    }.sorted { ($1.seconds, $0.operation) < ($0.seconds, $1.operation) }
  }

  private var optimizer: TrainingSession.Optimizer { TrainingSession.Optimizer() }

  private func model() throws -> TrainableModel {
    try TrainableModel.fromPretrained(directory, head: .textClassification) { config in
      config.id2label = [0: "LABEL_0", 1: "LABEL_1"]
      config.problemType = .singleLabelClassification
      guard !drops else { return }
      (config.hiddenDropoutProb, config.attentionProbsDropoutProb, config.classifierDropout) = (0, 0, nil)
    }
  }

  private func profiledSession(
    _ model: TrainableModel
  ) async throws -> (session: TrainingSession, executor: OpenCLExecutor)? {
    guard let device = engine.device else { return nil }
    let quiet = Logger(label: "swift-bert") { _ in SwiftLogNoOpLogHandler() }
    let engine = try Engine.open(
      .opencl(selector: device.selector), matrixProduct: engine.profile?.matrixProduct, recordsCommands: true,
      logger: quiet)
    guard let executor = engine.executor as? OpenCLExecutor else { return nil }
    return (try await TrainingSession(model, optimizer, recomputation: recomputation, on: engine), executor)
  }

  private func batch(_ shape: BenchShape, _ config: BertConfig) throws -> BertInput {
    var input = try shape.input(vocabSize: config.vocabSize)
    input.labels = .classes((0..<shape.sequences).map { Int32($0 % 2) })
    return input
  }

  private static var peakResidentBytes: Int {
    var usage = rusage()
    return getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage) == 0 ? usage.ru_maxrss * 1024 : 0
  }
}

extension TrainingBench.Result {
  /// For people.
  var text: String {
    var lines = [
      bench.name,
      "\(bench.engine.name), recomputation \(bench.recomputation.rawValue), dropout \(bench.drops ? "as configured" : "0"): "
        + "weights, gradients and moments \(byteText(UInt64(stateByteCount)))"
        + (peak.map { ", fused multiply-adds alone reach \(fixed($0 / 1e9, 0)) GFLOP/s" } ?? ""),
    ]
    for row in rows {
      let rate = row.floatingPointOperations / row.times.median
      lines.append(
        "\(row.shape.name): \(counted(row.shape.tokens, "token")), \(fixed(1e3 * row.times.median, 1)) ms a step (best "
          + "\(fixed(1e3 * row.times.best, 1)), \(counted(row.times.seconds.count, "step"))), "
          + "\(fixed(Double(row.shape.tokens) / row.times.median, 0)) tokens/s, \(fixed(rate / 1e9, 1)) GFLOP/s"
          + (peak.map { ", \(fixed(100 * rate / $0, 0)) % of peak" } ?? "")
          + ", arena \(byteText(UInt64(row.arenaByteCount))), resident at most \(byteText(UInt64(row.peakResidentBytes)))"
      )
      let total = row.operations.reduce(0) { $0 + $1.seconds }
      lines += row.operations.map { time in
        "    " + time.operation.padded(to: 32) + "\(fixed(1e3 * time.seconds, 2)) ms".aligned(to: 12)
          + "\(fixed(100 * time.seconds / max(total, 1e-12), 1)) %".aligned(to: 9)
          + counted(time.launches, "launch", plural: "launches").aligned(to: 14)
          + (time.rate.map { "\(fixed($0 / 1e9, 1)) GFLOP/s".aligned(to: 16) } ?? "")
      }
    }
    return lines.map { $0 + "\n" }.joined()
  }

  var json: JSON {
    func number(_ value: Double) -> JSON { .number(JSONNumber(value)) }
    func count(_ value: Int) -> JSON { .number(JSONNumber(value)) }
    return .object([
      "model": .string(bench.name), "device": .string(bench.engine.name),
      "recompute": .string(bench.recomputation.rawValue), "dropout": .bool(bench.drops),
      "state_bytes": count(stateByteCount), "peak_flops": peak.map(number) ?? .null,
      "rows": .array(
        rows.map { row in
          .object([
            "shape": .string(row.shape.name), "tokens": count(row.shape.tokens),
            "seconds": .array(row.times.seconds.map(number)), "losses": .array(row.losses.map(number)),
            "flop": number(row.floatingPointOperations), "arena_bytes": count(row.arenaByteCount),
            "peak_rss_bytes": count(row.peakResidentBytes),
            "operations": .array(
              row.operations.map { time in
                .object([
                  "operation": .string(time.operation), "seconds": number(time.seconds),
                  "launches": count(time.launches), "flop": number(time.floatingPointOperations),
                ])
              }),
          ])
        }),
    ])
  }
}
