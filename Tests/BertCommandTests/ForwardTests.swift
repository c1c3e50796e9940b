// SPDX-License-Identifier: Apache-2.0
import Checkpoints
import StrictJSON
import TestSupport
import Testing

@Suite struct ForwardTests {
  static let cases = Goldens.folders("forward")
  static let opencl = ["odd-shapes", "mask-holes", "mask-row-of-zeros", "saved-sharded", "longest"]

  @Test(arguments: cases) func reproducesGoldensOnTheCPU(name: String) throws { try check(name, "cpu") }
  @Test(arguments: opencl) func reproducesGoldensOnTheDevice(name: String) throws { try check(name, "opencl") }

  private func check(_ name: String, _ device: String) throws {
    let folder = Goldens.path("forward/" + name)
    let temporary = try TemporaryFolder()
    let path = temporary.file("outputs.safetensors")
    let outcome = try ToolProcess.run([
      "forward", folder, "--inputs", folder + "/inputs.safetensors", "--outputs", path, "--output-hidden-states",
      "--device", device,
    ])
    #expect(outcome.status == 0, "\(outcome.error)")
    #expect(outcome.output.isEmpty)
    let tolerance = try JSON.parse(Goldens.bytes("forward/\(name)/case.json"))["relative_tolerance"]?.doubleValue
    let found = try SafetensorsFile(path: path)
    let wanted = try SafetensorsFile(path: folder + "/outputs.safetensors")
    try #require(!wanted.tensorNames.isEmpty)
    for tensor in wanted.tensorNames {
      #expect(found.tensor(named: tensor)?.dataType == .float32, "\(tensor)")
      #expect(found.tensor(named: tensor)?.shape == wanted.tensor(named: tensor)?.shape)
      let error = relativeError(try found.readFloat64(tensor), try wanted.readFloat64(tensor))
      #expect(error <= (try #require(tolerance)), "\(tensor)")
    }
  }

  private static let model = Goldens.path("forward/odd-shapes")

  @Test func hiddenStatesComeOnRequestOnly() throws {
    let temporary = try TemporaryFolder()
    let arguments = ["forward", Self.model, "--inputs", Self.model + "/inputs.safetensors", "--device", "cpu"]
    #expect(try ToolProcess.run(arguments + ["--outputs", temporary.file("a")]).status == 0)
    #expect(try SafetensorsFile(path: temporary.file("a")).tensorNames == ["last_hidden_state", "pooler_output"])
    let all = arguments + ["--outputs", temporary.file("b"), "--output-hidden-states"]
    #expect(try ToolProcess.run(all).status == 0)
    let hidden = try SafetensorsFile(path: temporary.file("b")).tensorNames.filter { $0.hasPrefix("hidden_states.") }
    #expect(hidden == (0...3).map { "hidden_states.\($0)" })
  }

  @Test func streamsHoldTheSameBytesAsFiles() throws {
    let temporary = try TemporaryFolder()
    let arguments = ["forward", Self.model, "--device", "cpu", "--task", "feature-extraction"]
    let file = try ToolProcess.run(
      arguments + ["--inputs", Self.model + "/inputs.safetensors", "--outputs", temporary.file("a")])
    #expect(file.status == 0)
    let piped = try ToolProcess.run(
      arguments + ["--inputs", "-", "--outputs", "-"], input: Goldens.bytes("forward/odd-shapes/inputs.safetensors"))
    #expect(piped.status == 0)
    #expect(piped.output == (try BoundedFile.read(path: temporary.file("a"), limit: 1 << 26)))
  }

  @Test func takesNarrowIntegers() throws {
    let ids = OutgoingTensor(name: "input_ids", dataType: .int32, shape: [1, 3]) { append in
      try [Int32(1), 2, 3].withUnsafeBytes(append)
    }
    #expect(try run([ids]).status == 0)
  }

  /// Tensors that are refused, and what the error says of them.
  static var refusals: [(tensors: [OutgoingTensor], message: String)] {
    func tensor(_ name: String, _ shape: [Int], _ values: [Int64]) -> OutgoingTensor {
      OutgoingTensor(name: name, shape: shape, values)
    }
    let ids = tensor("input_ids", [1, 2], [1, 2])
    return [
      ([tensor("attention_mask", [1, 2], [1, 1])], "tensor input_ids is missing"),
      ([ids, tensor("head_mask", [1], [1])], "tensor head_mask is I64, wanted floating point"),
      ([ids, tensor("hed_mask", [1], [1])], "tensor hed_mask is no argument of forward"),
      ([tensor("input_ids", [2], [1, 2])], "tensor input_ids has shape [2], wanted [sequences, tokens]"),
      (
        [ids, tensor("token_type_ids", [2, 1], [0, 0])],
        "tensor token_type_ids has shape [2, 1], but input_ids has [1, 2]"
      ),
      (
        [OutgoingTensor(name: "input_ids", shape: [1, 2], [Float(1), 2])], "tensor input_ids is F32, wanted I64 or I32"
      ),
      ([tensor("input_ids", [1, 2], [1, 1 << 40])], "tensor input_ids has 1099511627776 at index 1"),
      ([tensor("input_ids", [1, 2], [1, 1_000_000])], "input_ids has 1000000 in sequence 0"),
      ([tensor("input_ids", [1, 2], [1, -1])], "input_ids has -1 in sequence 0"),
      ([ids, tensor("attention_mask", [1, 2], [1, 2])], "attention_mask has 2 at index 1"),
      ([ids, tensor("position_ids", [1, 2], [0, 99999])], "position_ids has 99999 in sequence 0"),
      ([tensor("input_ids", [1, 5000], [Int64](repeating: 1, count: 5000))], "sequence 0 has 5000 tokens"),
    ]
  }

  @Test(arguments: refusals.indices) func namesTheTensorThatItRefuses(index: Int) throws {
    let (tensors, message) = Self.refusals[index]
    let outcome = try run(tensors)
    #expect(outcome.status == 1)
    #expect(outcome.errorLines.count == 1)
    #expect(outcome.error.contains(message), "\(outcome.error)")
  }

  /// Runs on tensors, with an output file from before that must survive a failure.
  private func run(_ tensors: [OutgoingTensor]) throws -> ToolProcess.Outcome {
    let temporary = try TemporaryFolder()
    try SafetensorsWriter.write(tensors, to: temporary.file("inputs"))
    try temporary.write("before", to: "outputs")
    let outcome = try ToolProcess.run([
      "forward", Self.model, "--inputs", temporary.file("inputs"), "--outputs", temporary.file("outputs"), "--device",
      "cpu",
    ])
    #expect(entries(temporary.path) == ["inputs", "outputs"])
    let kept = try BoundedFile.read(path: temporary.file("outputs"), limit: 1 << 20) == Array("before".utf8)
    #expect(kept == (outcome.status != 0))
    return outcome
  }

  @Test func aBatchOfNoneIsNoError() throws {
    #expect(try run([OutgoingTensor(name: "input_ids", shape: [0, 4], [Int64]())]).status == 0)
  }

  @Test func leavesNothingWhereItCannotWrite() throws {
    let outcome = try ToolProcess.run([
      "forward", Self.model, "--inputs", Self.model + "/inputs.safetensors", "--outputs", "/nonexistent/out",
      "--device", "cpu",
    ])
    #expect(outcome.status == 1)
    #expect(outcome.errorLines.last?.hasPrefix("bert: /nonexistent/out: ") ?? false)
  }

  @Test func namesTheTaskThatThereIsNot() throws {
    let arguments = ["forward", Self.model, "--inputs", "-", "--outputs", "-", "--device", "cpu"]
    let task = try ToolProcess.run(arguments + ["--task", "mask-filling"])
    #expect(task.status == 64)
    #expect(task.error.contains("mask-filling") && task.error.contains("masked-lm"))
  }

  @Test func aHeadThatTheCheckpointHasNot() throws {
    let temporary = try TemporaryFolder()
    try temporary.copy(golden: "forward/odd-shapes")
    var config = try #require(JSON.parse(Goldens.bytes("forward/odd-shapes/config.json")).objectValue)
    config["architectures"] = ["BertForMaskedLM"]
    try temporary.write(JSON.object(config).serialized(), to: "config.json")
    let arguments = [
      "forward", temporary.path, "--inputs", temporary.file("inputs.safetensors"), "--outputs", "-", "--device", "cpu",
    ]
    let outcome = try ToolProcess.run(arguments)
    #expect(outcome.status == 1)
    #expect(
      outcome.error.contains("has no weights for the head of BertForMaskedLM (cls.predictions.transform.dense.weight"))
    #expect(outcome.error.contains("it is a bare encoder (task feature-extraction)"))
    #expect(try ToolProcess.run(arguments + ["--task", "feature-extraction"]).status == 0)
    config["architectures"] = ["AntiBERTy"]
    try temporary.write(JSON.object(config).serialized(), to: "config.json")
    let unknown = try ToolProcess.run(arguments)
    #expect(unknown.status == 1)
    #expect(unknown.error.contains("architectures names AntiBERTy, which is no BERT model with a known head"))
  }

  /// One golden of each kind, as files: switches, caches, heads and losses.
  @Test(arguments: forms, ["cpu", "opencl"]) func everyFormFromFiles(name: String, device: String) throws {
    let temporary = try TemporaryFolder()
    let folder = Goldens.path(name)
    let description = try JSON.parse(Goldens.bytes(name + "/case.json"))
    var arguments = [
      "forward", folder, "--inputs", folder + "/inputs.safetensors", "--outputs", temporary.file("out"), "--device",
      device,
    ]
    if let task = description["task"]?.stringValue { arguments += ["--task", task] }
    for (field, flag) in [
      ("use_cache", "--use-cache"), ("output_hidden_states", "--output-hidden-states"),
      ("output_attentions", "--output-attentions"),
    ] where description[field]?.boolValue ?? false { arguments.append(flag) }
    let outcome = try ToolProcess.run(arguments)
    #expect(outcome.status == 0, "\(outcome.error)")
    let wanted = try SafetensorsFile(path: folder + "/outputs.safetensors")
    let found = try SafetensorsFile(path: temporary.file("out"))
    for tensor in wanted.tensorNames {
      #expect(found.tensor(named: tensor)?.shape == wanted.tensor(named: tensor)?.shape, "\(tensor)")
      #expect(relativeError(try found.readFloat64(tensor), try wanted.readFloat64(tensor)) <= 5e-6, "\(tensor)")
    }
  }

  static let forms = [
    "switches/everything", "switches/mask-3d-inputs-embeds", "switches/attentions-left",
    "decoder/cache-one-relative-key",
    "decoder/cache-first-cross", "decoder/cache-cross-three", "decoder/cross-both-mask-3d", "decoder/lm-labels",
    "heads/pretraining-labels", "heads/question-answering-outside", "heads/multiple-choice-labels",
    "heads/multi-label", "heads/regression", "heads/token-classification-labels-hidden", "heads/saved-bin-legacy",
  ]
}
