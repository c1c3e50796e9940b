// SPDX-License-Identifier: Apache-2.0
import BERT
import ComputeGraph
import OpenCLBackend

/// Times a model on one or two engines, turn by turn, so that a noisy moment of the machine meets all of them.
struct BenchRun {
  let model: String
  let shapes: [BenchShape]
  let turns: Int
  let warmup: Int
  /// Whether one more run of each shape is profiled.
  let profiles: Bool
  private let engines: [(name: String, engine: Engine, model: BertModel)]

  /// - Throws: what loading the model on an engine throws.
  init(
    _ directory: String, on engines: [(name: String, engine: Engine)], shapes: [BenchShape], turns: Int, warmup: Int,
    profiles: Bool
  ) async throws {
    let folder = try SentenceHead.transformerPath(in: directory)
    model = directory
    self.turns = turns
    self.warmup = warmup
    self.profiles = profiles
    var loaded: [(name: String, engine: Engine, model: BertModel)] = []
    for (name, engine) in engines {
      loaded.append((name, engine, try await BertModel.fromPretrained(folder, on: engine)))
    }
    self.engines = loaded
    self.shapes = shapes
  }

  func callAsFunction() async throws -> (BenchResult, trace: [(name: String, commands: [DeviceCommand])]) {
    var peaks: [String: Double] = [:]
    for (name, engine, _) in engines {
      if let executor = engine.executor as? OpenCLExecutor { peaks[name] = try await executor.measurePeak() }
    }
    let device = engines.first { $0.engine.device != nil }?.engine
    let first = engines[0].model
    let weights = try device?.profile?.weightByteCount(of: first.graph) ?? first.network.parameterCount * 4
    var result = BenchResult(
      model: model, device: device?.device?.name ?? "the CPU executor", peaks: peaks, weightByteCount: weights)
    var trace: [(name: String, commands: [DeviceCommand])] = []
    for shape in shapes {
      let (row, commands) = try await run(shape)
      result.rows.append(row)
      if !commands.isEmpty { trace.append((shape.name, commands)) }
    }
    return (result, trace)
  }

  private func run(_ shape: BenchShape) async throws -> (BenchResult.Row, [DeviceCommand]) {
    let config = engines[0].model.config
    let input = try shape.input(vocabSize: config.vocabSize)
    let clock = ContinuousClock()
    var seconds = [[Double]](repeating: [], count: engines.count)
    for turn in 0..<(warmup + turns) {
      for (index, entry) in engines.enumerated() {
        let start = clock.now
        _ = try await entry.model.forward(input)
        if turn >= warmup { seconds[index].append((clock.now - start).seconds) }
      }
    }
    var traced: [DeviceCommand] = []
    var timings: [BenchResult.Timing] = []
    let sizes = shape.dimensions
    for (index, entry) in engines.enumerated() {
      let commands = try await profile(entry, input)
      if !commands.isEmpty { traced = commands }
      let alignment = entry.engine.profile?.alignment ?? 64
      let plan = try Plan(entry.model.graph, sizes, outputs: ["last_hidden_state"], alignment: alignment)
      timings.append(
        BenchResult.Timing(
          engine: entry.name, seconds: seconds[index], arenaByteCount: plan.arenaByteCount,
          operations: BenchRun.times(commands)))
    }
    let plan = try Plan(engines[0].model.graph, sizes, outputs: ["last_hidden_state"])
    let work = try plan.floatingPointOperations(
      of: engines[0].model.graph, sizes, attentionPairs: shape.attentionPairs)
    return (BenchResult.Row(shape: shape, floatingPointOperations: work, timings: timings), traced)
  }

  /// The commands of one run on an engine that records them, loaded for that: events cost time, which the turns must not.
  private func profile(
    _ entry: (name: String, engine: Engine, model: BertModel), _ input: BertInput
  ) async throws -> [DeviceCommand] {
    guard profiles, let device = entry.engine.device else { return [] }
    let engine = try Engine.open(
      .opencl(selector: device.selector), matrixProduct: entry.engine.profile?.matrixProduct, recordsCommands: true)
    guard let executor = engine.executor as? OpenCLExecutor else { return [] }
    let model = try await BertModel.fromPretrained(SentenceHead.transformerPath(in: self.model), on: engine)
    for _ in 0..<max(warmup, 1) { _ = try await model.forward(input) }
    _ = executor.takeCommands()
    _ = try await model.forward(input)
    return executor.takeCommands()
  }

  private static func times(_ commands: [DeviceCommand]) -> [BenchResult.OperationTime] {
    Dictionary(grouping: commands, by: \.operation).map { operation, commands in
      BenchResult.OperationTime(
        operation: operation, launches: commands.count,
        seconds: commands.reduce(0) { $0 + Double($1.times.duration) / 1e9 })
    }.sorted { $0.seconds > $1.seconds }
  }
}

extension BenchShape {
  fileprivate var dimensions: Dimensions {
    [.tokens: tokens, .sequences: sequences, .longest: longest, .longestKeys: longest]
  }
}
