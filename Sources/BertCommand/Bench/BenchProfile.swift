// SPDX-License-Identifier: Apache-2.0
import BERT
import ComputeGraph
import Logging
import OpenCLBackend

/// A model on an OpenCL device that records when each command ran.
struct BenchProfile {
  private let model: BertModel
  private let executor: OpenCLExecutor

  /// Nil for an engine without a device.
  ///
  /// - Parameter other: whose device, matrix product and precision to use.
  /// - Throws: what loading the model throws.
  init?(_ folder: String, like other: Engine) async throws {
    guard let device = other.device else { return nil }
    // What there is to say of the device was said when the other was opened.
    let quiet = Logger(label: "swift-bert") { _ in SwiftLogNoOpLogHandler() }
    let engine = try Engine.open(
      .opencl(selector: device.selector), matrixProduct: other.profile?.matrixProduct, precision: other.precision,
      recordsCommands: true, logger: quiet)
    guard let executor = engine.executor as? OpenCLExecutor else { return nil }
    self.executor = executor
    model = try await BertModel.fromPretrained(folder, on: engine)
  }

  /// The commands of five runs.
  func runs(_ input: BertInput) async throws -> [[DeviceCommand]] {
    _ = try await model.forward(input)  // binds the plan
    _ = executor.takeCommands()
    var runs: [[DeviceCommand]] = []
    for _ in 0..<5 {
      _ = try await model.forward(input)
      runs.append(executor.takeCommands())
    }
    return runs
  }
}

/// The operations that one forward pass of a shape needs.
struct BenchWork {
  /// Outputs of the graph that a run reads back.
  let outputs: [String]
  /// Of all steps.
  let total: Double
  private let graph: Graph
  /// By index into the graph's nodes.
  private let counts: [Int: Double]

  init(_ model: BertModel, _ shape: BenchShape) throws {
    graph = model.graph
    outputs = ["last_hidden_state"] + (model.hasPooler ? ["pooler_output"] : [])
    let plan = try Plan(graph, shape.dimensions, outputs: outputs)
    let steps = try plan.floatingPointOperations(of: graph, shape.dimensions, lengths: shape.lengths)
    counts = Dictionary(uniqueKeysWithValues: zip(plan.steps.map(\.node), steps))
    total = steps.reduce(0, +)
  }

  /// What tells the rows of a profile apart: the operation, and the weight of a dense layer.
  private struct Key: Hashable {
    let operation: String
    let weight: [Int]?
  }

  /// Time by operation, most first: the median of the runs.
  func times(of runs: [[DeviceCommand]]) -> [BenchResult.OperationTime] {
    guard let first = runs.first else { return [] }
    let seconds = runs.map { run in
      Dictionary(grouping: run, by: key).mapValues { $0.reduce(0) { $0 + Double($1.times.duration) / 1e9 } }
    }
    return Dictionary(grouping: first, by: key).map { key, commands in
      BenchResult.OperationTime(
        operation: key.operation, weight: key.weight, launches: commands.count,
        seconds: BenchTimes(seconds.map { $0[key] ?? 0 }).median,
        // A step may be several launches.
        floatingPointOperations: Set(commands.compactMap(\.node)).reduce(0) { $0 + (counts[$1] ?? 0) })
    }.sorted { $0.seconds > $1.seconds }
  }

  private func key(_ command: DeviceCommand) -> Key {
    guard let node = command.node, case .linear = graph.nodes[node].operation,
      case .parameter(let parameter) = graph.source(of: graph.nodes[node].operands[1])
    else { return Key(operation: command.operation, weight: nil) }
    let rows = parameter.parts.reduce(0) { $0 + $1.shape[0] }
    return Key(operation: command.operation, weight: [rows, parameter.elementCount / rows])
  }
}
