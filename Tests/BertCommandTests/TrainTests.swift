// SPDX-License-Identifier: Apache-2.0
import BERT
import Checkpoints
import StrictJSON
import Testing

/// `bert train` as a process, on the golden trainings.
@Suite struct TrainTests {
  private static let goldens = Goldens.path("training/")

  private static func arguments(_ name: String, _ output: String, _ more: [String] = []) -> [String] {
    [
      "train", goldens + name, "--train-file", goldens + name + "/train.jsonl", "--output-dir", output, "--device",
      "cpu",
      "--no-shuffle", "--max-length", "20", "--train-batch-size", "3",
    ] + more
  }

  /// Every task whose batches come from its file in order: PyTorch's losses, norms and rates, a line a step.
  @Test(
    arguments: [
      "text-classification", "regression", "multi-label", "token-classification", "question-answering",
      "multiple-choice",
      "next-sentence", "causal-lm",
    ], ["cpu", "opencl"])
  func linesArePyTorchs(name: String, device: String) throws {
    let expected = try JSON.parse(BoundedFile.read(path: Self.goldens + name + "/expected.json", limit: 1 << 24))
    let common = try #require(expected["arguments"]?.objectValue)
    let run = try #require(expected["runs"]?.arrayValue?.first)
    let folder = try TemporaryFolder()
    var arguments = [
      "train", Self.goldens + name, "--task", try #require(expected["task"]?.stringValue),
      "--train-file", Self.goldens + name + "/train.jsonl", "--output-dir", folder.file("out"), "--no-shuffle",
      "--device", device,
    ]
    for (key, value) in common {
      arguments += ["--" + key.replacing("_", with: "-"), try #require(value.numberValue).literal]
    }
    for key in ["lr_scheduler_type", "warmup_steps", "max_grad_norm"] {
      let value = try #require(run[key])
      arguments += ["--" + key.replacing("_", with: "-"), value.stringValue ?? value.numberValue?.literal ?? ""]
    }
    let outcome = try ToolProcess.run(arguments)
    #expect(outcome.status == 0 && outcome.output.isEmpty, "\(outcome.error)")
    let lines = try JSON.lines(folder.bytes("out/metrics.jsonl"))
    let steps = try #require(run["steps"]?.arrayValue)
    #expect(lines.count == steps.count)
    for (line, step) in zip(lines, steps) {
      #expect(line.objectValue?.map(\.key) == ["step", "loss", "grad_norm", "lr"])
      for (field, tolerance) in [("step", 0.0), ("loss", 1e-4), ("grad_norm", 1e-3), ("lr", 0.0)] {
        let found = try #require(line[field]?.doubleValue)
        let wanted = try #require(step[field]?.doubleValue)
        #expect(abs(found - wanted) <= tolerance * abs(wanted), "\(field): \(found), not \(wanted)")
      }
    }
    #expect(try folder.bytes("out/training.svg").starts(with: "<svg".utf8))
    let info = try ToolProcess.run(["info", folder.file("out")])
    #expect(info.status == 0, "\(info.error)")
  }

  /// A bare encoder gets a head, and what is saved answers.
  @Test func aBareEncoderGetsAHead() throws {
    let folder = try TemporaryFolder()
    try folder.write(
      ["good", "bad", "fine"].map { #"{"text":"it is \#($0)","label":"\#($0)"}"# + "\n" }.joined(), to: "train.jsonl")
    let outcome = try ToolProcess.run([
      "train", Goldens.path("pretraining"), "--task", "text-classification", "--train-file", folder.file("train.jsonl"),
      "--output-dir",
      folder.file("out"), "--max-steps", "2", "--device", "cpu",
    ])
    #expect(outcome.status == 0, "\(outcome.error)")
    #expect(
      outcome.errorLines.first?.contains("has no head for BertForSequenceClassification yet; drawn with seed 42")
        == true)
    #expect(
      outcome.errorLines.dropFirst().first
        == "bert: note: learning text-classification: 3 rows; labels bad (1), fine (1), good (1)", "\(outcome.error)")
    let answer = try ToolProcess.run([
      "classify", folder.file("out"), "it is good", "--device", "cpu", "--top-k", "all",
    ])
    #expect(
      answer.status == 0 && ["good", "bad", "fine"].allSatisfy(answer.text.contains), "\(answer.text)\(answer.error)")
  }

  @Test func aBareEncoderNeedsATask() throws {
    let folder = try TemporaryFolder()
    let outcome = try ToolProcess.run([
      "train", Goldens.path("forward/ragged"), "--train-file", "/nowhere", "--output-dir", folder.file("out"),
    ])
    #expect(outcome.status == 1 && outcome.errorLines.count == 1, "\(outcome.error)")
    #expect(outcome.error.contains("with --task: pretraining, masked-lm"), "\(outcome.error)")
  }

  @Test func fromScratchNeedsNoWeights() throws {
    let folder = try TemporaryFolder()
    let model = Goldens.path("pretraining")
    let outcome = try ToolProcess.run([
      "train", model, "--task", "pretraining", "--from-scratch", "--train-file", model + "/train.jsonl", "--output-dir",
      folder.file("out"), "--max-steps", "2", "--train-batch-size", "2", "--max-length", "20", "--device", "cpu",
    ])
    #expect(outcome.status == 0, "\(outcome.error)")
    #expect(try JSON.lines(folder.bytes("out/metrics.jsonl")).count == 2)
  }

  /// A pre-training that was interrupted goes on by the same command with --resume-from: the checkpoint's weights count.
  @Test func aPreTrainingGoesOn() throws {
    let folder = try TemporaryFolder()
    let model = Goldens.path("pretraining")
    func train(_ output: String, steps: Int, _ more: String...) throws -> ToolProcess.Outcome {
      try ToolProcess.run(
        [
          "train", model, "--task", "pretraining", "--from-scratch", "--train-file", model + "/train.jsonl",
          "--output-dir", folder.file(output), "--max-steps", "\(steps)", "--train-batch-size", "2", "--max-length",
          "20", "--lr-scheduler-type", "constant", "--device", "cpu",
        ] + more)
    }
    #expect(try train("whole", steps: 3).status == 0)
    #expect(try train("cut", steps: 2, "--save-steps", "2").status == 0)
    let rest = try train("cut", steps: 3, "--resume-from", folder.file("cut"))
    #expect(rest.status == 0 && rest.errorLines.first?.contains("note: --from-scratch: weights are those of") == true)
    #expect(try folder.bytes("cut/metrics.jsonl") == folder.bytes("whole/metrics.jsonl"))
    #expect(try folder.bytes("cut/model.safetensors") == folder.bytes("whole/model.safetensors"))
  }

  /// Hugging Face's names of the batch sizes.
  @Test func takesHuggingFacesNames() throws {
    let folder = try TemporaryFolder()
    let more = [
      "--max-steps", "2", "--per-device-train-batch-size", "2", "--per-device-eval-batch-size", "4", "--eval-file",
      Self.goldens + "regression/train.jsonl",
    ]
    let outcome = try ToolProcess.run(
      Self.arguments("regression", folder.file("out"), more).filter { !["--train-batch-size", "3"].contains($0) })
    #expect(outcome.status == 0, "\(outcome.error)")
    let same = try ToolProcess.run(
      Self.arguments("regression", folder.file("same"), ["--max-steps", "2"]).map { $0 == "3" ? "2" : $0 })
    #expect(same.status == 0, "\(same.error)")
    #expect(try folder.bytes("out/metrics.jsonl") == folder.bytes("same/metrics.jsonl"))
  }

  /// What is wrong is said before the first step, in one line that names file, row and field.
  @Test(arguments: [
    ("{\"text\":\"a\",\"label\":0}\n{\"text\":\"b\"}\n", "line 2"), ("", "has no example"),
    ("{\"text\":\"a\",\"label\":0}\n{\"text\":\"b\",\"label\":7}\n", "line 2: \"label\" is 7; it must be in 0 ..< 3"),
    ("{\"text\":\"a\",\"label\":1}\n{\"text\":\"b\",\"label\":1}\n", "all 2 rows have the label 1"),
    ("{\"text\":\"a\",\"label\":NaN}\n", "line 1"), ("not json\n", "line 1"),
  ])
  func refusesFiles(content: String, complaint: String) throws {
    let folder = try TemporaryFolder()
    try folder.write(content, to: "train.jsonl")
    var arguments = Self.arguments("text-classification", folder.file("out"), ["--max-steps", "1"])
    arguments[3] = folder.file("train.jsonl")
    let outcome = try ToolProcess.run(arguments)
    #expect(outcome.status == 1 && outcome.errorLines.count == 1, "\(outcome.error)")
    #expect(outcome.error.contains(folder.file("train.jsonl")) && outcome.error.contains(complaint), "\(outcome.error)")
    #expect(!BoundedFile.exists(path: folder.file("out")))
  }

  @Test(arguments: [
    ["--learning-rate", "-1"], ["--learning-rate", "nan"], ["--learning-rate", "5"], ["--warmup-ratio", "2"],
    ["--max-steps", "0"], ["--train-batch-size", "0"], ["--lr-scheduler-type", "stairs"], ["--eval-steps", "5"],
    ["--eval-batch-size", "8"], ["--metric-for-best-model", "loss"], ["--greater-is-better", "true"],
    ["--early-stopping-patience", "2"], ["--early-stopping-threshold", "0.1"],
    ["--gradient-checkpointing", "--recompute", "none"],
  ])
  func refusesArguments(more: [String]) throws {
    let outcome = try ToolProcess.run(Self.arguments("regression", "/tmp/never", more))
    #expect(outcome.status == 64, "\(outcome.error)")
    #expect(outcome.error.contains(more[0]) || outcome.error.contains(more[more.count - 2]), "\(outcome.error)")
  }

  /// Interrupted by a kill and resumed, the lines and weights are those of a run that was not.
  @Test func goesOnAfterAKill() throws {
    let folder = try TemporaryFolder()
    let more = ["--max-steps", "60", "--save-steps", "5", "--seed", "3"]
    let whole = try ToolProcess.run(Self.arguments("regression", folder.file("whole"), more))
    #expect(whole.status == 0, "\(whole.error)")
    let killed = try ToolProcess(Self.arguments("regression", folder.file("cut"), more))
    try killed.kill { (try? JSON.lines(folder.bytes("cut/metrics.jsonl")).count >= 12) ?? false }
    let rest = try ToolProcess.run(
      Self.arguments("regression", folder.file("cut"), more + ["--resume-from", folder.file("cut")]))
    #expect(rest.status == 0, "\(rest.error)")
    #expect(try folder.bytes("whole/metrics.jsonl") == folder.bytes("cut/metrics.jsonl"))
    #expect(try folder.bytes("whole/model.safetensors") == folder.bytes("cut/model.safetensors"))
  }

  /// Whoever resumes names the model that it began with, and no other.
  @Test func resumesNoOtherModel() throws {
    let folder = try TemporaryFolder()
    var arguments = Self.arguments("regression", folder.file("out"), ["--max-steps", "2", "--save-steps", "1"])
    #expect(try ToolProcess.run(arguments).status == 0)
    arguments[arguments.count - 3] = "3"
    arguments += ["--resume-from", folder.file("out")]
    arguments[1] = "/nowhere"
    let missing = try ToolProcess.run(arguments)
    #expect(
      missing.status == 1 && missing.error.hasPrefix("bert: /nowhere/config.json: no such file"), "\(missing.error)")
    arguments[1] = Goldens.path("forward/ragged")
    let other = try ToolProcess.run(arguments)
    #expect(other.status == 1 && other.errorLines.count == 1, "\(other.error)")
    #expect(
      other.error.contains("\(arguments[1]) is not what \(folder.file("out/checkpoint-2")) was trained from"),
      "\(other.error)")
    arguments[1] = Self.goldens + "regression"
    #expect(try ToolProcess.run(arguments).status == 0)
  }

  /// Control-C ends a run between two steps, and what is left is said.
  @Test(arguments: [["--save-steps", "5"], []]) func saysWhereItWasInterrupted(saving: [String]) throws {
    let folder = try TemporaryFolder()
    let process = try ToolProcess(
      Self.arguments("regression", folder.file("out"), ["--max-steps", "1000000"] + saving))
    let outcome = try process.interrupt { (try? JSON.lines(folder.bytes("out/metrics.jsonl")).count >= 12) ?? false }
    #expect(outcome.status == 130 && outcome.output.isEmpty, "\(outcome.error)")
    let step = try JSON.lines(folder.bytes("out/metrics.jsonl")).count
    let last = try #require(outcome.errorLines.last)
    #expect(last.hasPrefix("bert: interrupted after step \(step) of 1 000 000; "), "\(last)")
    let steps = entries(folder.file("out")).compactMap { $0.split(separator: "checkpoint-").first.flatMap { Int($0) } }
    #expect(saving.isEmpty == steps.isEmpty)
    let kept = folder.file("out/checkpoint-\(steps.max() ?? 0)")
    #expect(
      last.hasSuffix(
        saving.isEmpty
          ? "there is no checkpoint to go on from (--save-steps makes some)"
          : "the newest checkpoint is \(kept) (--resume-from \(kept) goes on from there)"), "\(last)")
  }

  @Test func theEndNamesTheBestModel() throws {
    let folder = try TemporaryFolder()
    let more = ["--max-steps", "4", "--eval-steps", "2", "--eval-file", Self.goldens + "regression/train.jsonl"]
    let outcome = try ToolProcess.run(Self.arguments("regression", folder.file("out"), more))
    #expect(outcome.status == 0, "\(outcome.error)")
    let evaluations = try JSON.lines(folder.bytes("out/evaluations.jsonl"))
    let best = try #require(evaluations.min { $0["eval_loss"]?.doubleValue ?? 0 < $1["eval_loss"]?.doubleValue ?? 0 })
    let step = try #require(best["step"]?.intValue)
    #expect(
      outcome.errorLines.last?.hasPrefix(
        "bert: note: \(folder.file("out/best")) has the best evaluation, of step \(step): eval_loss ") == true,
      "\(outcome.error)")
  }

  /// Another training's checkpoints are not thrown away unasked.
  @Test func keepsAnotherTrainingsCheckpoints() throws {
    let folder = try TemporaryFolder()
    let arguments = Self.arguments("regression", folder.file("out"), ["--max-steps", "2", "--save-steps", "1"])
    #expect(try ToolProcess.run(arguments).status == 0)
    let again = try ToolProcess.run(arguments)
    #expect(again.status == 1 && again.error.contains("--resume-from \(folder.file("out"))"), "\(again.error)")
    #expect(try ToolProcess.run(arguments + ["--overwrite-output-dir"]).status == 0)
  }

  /// The model to begin with stands, unless it is said that it need not; a finished training may be run again.
  @Test func keepsTheModelThatItBeginsWith() throws {
    let folder = try TemporaryFolder()
    try folder.copy(golden: "training/regression")
    let weights = try folder.bytes("model.safetensors")
    var arguments = Self.arguments("regression", folder.path + "/.", ["--max-steps", "1"])
    arguments[1] = folder.path
    let refused = try ToolProcess.run(arguments)
    #expect(refused.status == 1 && refused.error.contains("is the model to begin with"), "\(refused.error)")
    #expect(try folder.bytes("model.safetensors") == weights && !BoundedFile.exists(path: folder.file("metrics.jsonl")))
    let other = Self.arguments("regression", folder.path, ["--max-steps", "1"])
    let kept = try ToolProcess.run(other)
    #expect(kept.status == 1 && kept.error.contains("is no training's result (config.json,"), "\(kept.error)")
    #expect(try ToolProcess.run(arguments + ["--overwrite-output-dir"]).status == 0)
    #expect(try folder.bytes("model.safetensors") != weights)
    #expect(try ToolProcess.run(other).status == 0, "a training's result is written over by the next one")
  }
}

extension TemporaryFolder {
  fileprivate func bytes(_ name: String) throws -> [UInt8] { try BoundedFile.read(path: file(name), limit: 1 << 26) }
}
