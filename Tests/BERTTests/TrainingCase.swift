// SPDX-License-Identifier: Apache-2.0
import BERT
import Checkpoints
import ComputeGraph
import StrictJSON
import Testing

/// A training that PyTorch has done, from `Tests/Goldens/training`.
struct TrainingCase {
  let folder: String
  let head: BertHead
  let runs: [Run]
  /// Relative: of each step's loss and norm, and of each final tensor.
  let tolerance: (loss: Double, gradNorm: Double, weights: Double)
  let batchesAreTrainFile: Bool
  private let expected: JSON

  struct Run {
    let name: String
    let arguments: TrainingArguments
    let steps: [TrainingRecord]
    /// Checkpoint keys whose gradient is zero but for rounding.
    let zeroGradient: Set<String>
    let hiddenAct: Activation?
  }

  static let names = Goldens.folders("training")

  init(_ name: String) throws {
    folder = Goldens.path("training/" + name)
    expected = try Goldens.json(folder + "/expected.json")
    head = try #require(expected["task"]?.stringValue.flatMap(BertHead.init(rawValue:)))
    batchesAreTrainFile = expected["batches_are_train_jsonl"]?.boolValue ?? false
    let tolerances = try #require(expected["relative_tolerance"])
    tolerance = (
      try #require(tolerances["loss"]?.doubleValue), try #require(tolerances["grad_norm"]?.doubleValue),
      try #require(tolerances["final_weights"]?.doubleValue)
    )
    let common = try #require(expected["arguments"])
    runs = try (expected["runs"]?.arrayValue ?? []).map { run in
      let steps = try (run["steps"]?.arrayValue ?? []).map { step in
        TrainingRecord(
          step: try #require(step["step"]?.intValue), loss: try #require(step["loss"]?.doubleValue),
          gradNorm: try #require(step["grad_norm"]?.doubleValue), learningRate: try #require(step["lr"]?.doubleValue))
      }
      return Run(
        name: try #require(run["name"]?.stringValue), arguments: try TrainingArguments(common, run), steps: steps,
        zeroGradient: Set((run["zero_gradient"]?.arrayValue ?? []).compactMap(\.stringValue)),
        hiddenAct: run["hidden_act"]?.stringValue.flatMap { activations[$0] })
    }
  }

  func model(_ run: Run) throws -> TrainableModel {
    try TrainableModel.fromPretrained(folder, head: head) { config in
      if let act = run.hiddenAct { config.hiddenAct = act }
    }
  }

  /// What the goldens keep of a tensor: all of it, or about 24 elements at equal distances.
  func sampled(_ elements: [Float], count: Int) -> [Double] {
    guard count < elements.count else { return elements.map(Double.init) }
    return stride(from: 0, to: elements.count, by: max(elements.count / 24, 1)).map { Double(elements[$0]) }
  }

  func batches() throws -> [BertInput] {
    let path = folder + "/batches.safetensors"
    let file = try SafetensorsFile(path: path)
    var batches: [BertInput] = []
    while true {
      let prefix = "batch.\(batches.count)."
      guard file.tensorNames.contains(where: { $0.hasPrefix(prefix) }) else { return batches }
      batches.append(try ForwardArguments(PrefixedTensors(base: file, prefix: prefix), file: path).input)
    }
  }
}

/// The tensors of a file whose names begin alike, without that beginning.
struct PrefixedTensors: TensorSource {
  let base: SafetensorsFile
  let prefix: String

  var path: String { base.path }
  var tensorNames: [String] {
    base.tensorNames.filter { $0.hasPrefix(prefix) }.map { String($0.dropFirst(prefix.count)) }
  }
  func tensor(named name: String) -> TensorInfo? { base.tensor(named: prefix + name) }
  func readBytes(
    of name: String, from byteOffset: Int, into buffer: UnsafeMutableRawBufferPointer
  ) throws(CheckpointError) {
    // Errors and conversions know a tensor by the name that its description has, which is the whole one.
    try base.readBytes(of: name.hasPrefix(prefix) ? name : prefix + name, from: byteOffset, into: buffer)
  }
}

private let activations: [String: Activation] = [
  "gelu": .geluErf, "gelu_new": .geluTanh, "gelu_pytorch_tanh": .geluTanh, "gelu_fast": .geluFast,
  "quick_gelu": .quickGelu, "relu": .relu, "silu": .silu, "swish": .silu, "tanh": .tanh, "mish": .mish,
]

extension TrainingArguments {
  /// Those that all runs have, and a run's own.
  init(_ common: JSON, _ run: JSON) throws {
    self.init()
    func number(_ name: String) throws -> Double {
      try #require((run[name] ?? common[name])?.doubleValue, "\(name)")
    }
    maxSteps = Int(try number("max_steps"))
    trainBatchSize = Int(try number("train_batch_size"))
    gradientAccumulationSteps = Int(try number("gradient_accumulation_steps"))
    learningRate = try number("learning_rate")
    weightDecay = try number("weight_decay")
    adamBeta1 = try number("adam_beta1")
    adamBeta2 = try number("adam_beta2")
    adamEpsilon = try number("adam_epsilon")
    maxLength = Int(try number("max_length"))
    warmupSteps = Int(try number("warmup_steps"))
    maxGradNorm = try number("max_grad_norm")
    shuffles = false
    let kind = (run["lr_scheduler_type"] ?? common["lr_scheduler_type"])?.stringValue
    lrSchedulerType = try #require(kind.flatMap(LearningRateSchedule.Kind.init(rawValue:)))
    numCycles = run["lr_scheduler_kwargs"]?["num_cycles"]?.doubleValue
  }
}
