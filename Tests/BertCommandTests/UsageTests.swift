// SPDX-License-Identifier: Apache-2.0
import Testing

@Suite struct UsageTests {
  static let model = Goldens.path("sentence/cls")

  @Test(arguments: [
    [], ["--help"], ["--version"], ["help", "embed"], ["devices", "--help"], ["--generate-completion-script", "bash"],
    ["--generate-completion-script", "zsh"], ["--generate-completion-script", "fish"],
  ])
  func askingForHelpSucceeds(arguments: [String]) throws {
    let outcome = try ToolProcess.run(arguments)
    #expect(outcome.status == 0)
    #expect(!outcome.output.isEmpty)
    #expect(outcome.error.isEmpty)
  }

  @Test(arguments: [
    ["nothing"], ["embed"], ["embed", model], ["embed", model, "-"], ["embed", model, "text", "--jsonl"],
    ["embed", model, "text", "--device", "gpu"], ["embed", model, "text", "--device", "opencl:0"],
    ["embed", model, "text", "--precision", "int8"], ["embed", model, "text", "--matrix-product", "blas"],
    ["embed", model, "text", "--unknown"], ["tokenize", model], ["tokenize", model, "a", "--max-length", "0"],
    ["tokenize", model, "a", "--truncation", "only_first"], ["tokenize", model, "a", "--max-length", "x"],
    ["tokenize", model, "--jsonl", "--max-length", "4", "--truncation", "both"], ["forward", model],
    ["forward", model, "--inputs", "x"], ["bench"], ["bench", model, "--inputs", "x"],
    ["bench", model, "--inputs", "x", "--json", "-", "--repeat", "0"],
    ["bench", model, "--inputs", "x", "--json", "-", "--outputs", "-"], ["info"],
    ["info", model, "--batch-size", "0"],
  ])
  func mistakesInTheCommandLineExitWith64(arguments: [String]) throws {
    let outcome = try ToolProcess.run(arguments)
    #expect(outcome.status == 64)
    #expect(outcome.output.isEmpty)
    #expect(outcome.error.contains("Usage: bert"))
  }

  @Test(arguments: [
    ["fill-mask", model], ["fill-mask", model, "a", "--top-k", "0"], ["classify", model, "a", "--top-k", "no"],
    ["classify", model, "a", "--function-to-apply", "tanh"], ["classify", model, "--jsonl", "--text-pair", "a"],
    ["classify", model, "a", "--truncation", "middle"], ["classify", model, "a", "--max-length", "0"],
    ["ner", model, "a", "--aggregation-strategy", "last"], ["ner", model, "a", "--stride", "4"],
    ["ner", model, "a", "--aggregation-strategy", "max", "--stride", "-1"], ["qa", model, "--question", "a"],
    ["qa", model, "--jsonl", "--context", "a"],
    ["qa", model, "--question", "a", "--context", "b", "--max-answer-len", "0"], ["next-sentence", model, "a"],
    ["next-sentence", model, "a", "b", "c"], ["multiple-choice", model, "a"], ["rerank", model, "a"],
    ["rerank", model, "a", "b", "--activation", "tanh"], ["zero-shot", model, "a"],
    ["zero-shot", model, "a", "--candidate-labels", " , "], ["similarity", model, "a"],
    ["similarity", model, "a", "b", "--top-k", "0"],
  ])
  func mistakesInTheTasksOptionsExitWith64(arguments: [String]) throws {
    try mistakesInTheCommandLineExitWith64(arguments: arguments)
  }

  @Test(arguments: [
    ["convert"], ["convert", model], ["convert", model, "new", "more"],
    ["convert", model, "new", "--prune-heads", "0"],
    ["convert", model, "new", "--prune-heads", "0:"], ["convert", model, "new", "--prune-heads", "0:a"],
    ["convert", model, "new", "--prune-heads", "0:1,"], ["convert", model, "new", "--prune-heads", "0:1:2"],
    ["convert", model, "new", "--vocab-size", "many"], ["convert", model, "new", "--seed", "-1"],
    ["convert", model, "new", "--task", "mask-filling"],
    ["generate", model], ["generate", model, "a", "--jsonl"], ["generate", model, "a", "--max-new-tokens", "0"],
    ["generate", model, "a", "--top-k", "-1"], ["generate", model, "a", "--top-p", "0"],
    ["generate", model, "a", "--top-p", "1.1"], ["generate", model, "a", "--temperature", "0"],
    ["generate", model, "a", "--temperature", "nan"], ["generate", model, "a", "--seed", "x"],
    ["embed", model, "a", "--precision", "float16", "--device", "cpu"],
    ["embed", model, "a", "--precision", "bfloat16", "--matrix-product", "clblast"],
    ["embed", model, "a", "--matrix-product", "wgmma"], ["bench-gemm", "--matrix-product", "wgmma"],
    ["embed", model, "a", "--precision", "float16", "--matrix-product", "tf32"],
    ["verify", "--matrix-product", "wgmma"], ["verify", "--gradients", "--precision", "float16"],
    ["verify", "--gradients", "--groups", "linear"], ["verify", "--groups", "models:forward"],
    ["verify", "--precision", "float16", "--groups", "linear,adam_w"],
    ["bench", model, "--train", "--precision", "float16"],
    ["train", model, "--precision", "float16", "--task", "masked-lm", "--train-file", "a", "--output-dir", "b"],
  ])
  func mistakesInConvertAndGenerateExitWith64(arguments: [String]) throws {
    try mistakesInTheCommandLineExitWith64(arguments: arguments)
  }

  @Test(arguments: [
    (["embed", "/nonexistent", "a"], "/nonexistent/config.json: no such file"),
    (["tokenize", "/nonexistent", "a"], "/nonexistent: neither tokenizer.json nor vocab.txt"),
    (["embed", model, "a", "--device", "opencl:9:0"], "no OpenCL platform 9"),
    (["embed", model, "a", "--device", "opencl:0:9"], "no device 9 on OpenCL platform 0"),
    (
      ["embed", model, "a", "--device", "cpu", "--matrix-product", "tiled"],
      "matrix product tiled needs an OpenCL device"
    ),
    (
      ["forward", model, "--inputs", "/nonexistent", "--outputs", "/tmp/x", "--device", "cpu"],
      "/nonexistent: no such file"
    ),
    (["forward", model, "--inputs", "/tmp", "--outputs", "/tmp/x", "--device", "cpu"], "/tmp: is a directory"),
    (["info", "/nonexistent\nline", "--device", "cpu"], "/nonexistent; line/config.json: no such file"),
  ])
  func errorsAreOneLineAndExitWith1(arguments: [String], message: String) throws {
    let outcome = try ToolProcess.run(arguments)
    #expect(outcome.status == 1)
    #expect(outcome.output.isEmpty)
    #expect(outcome.errorLines.count == 1)
    #expect(outcome.error.hasPrefix("bert: " + message), "\(outcome.error)")
  }

  @Test(arguments: [
    ("devices", ["--json", "fp16"]),
    ("verify", ["--goldens", "--groups", "--time-limit", "--gradients", "(Frobenius"]),
    ("bench-gemm", ["--shapes", "--device", "--precision", "--matrix-product", "error of 0 is right"]),
    ("init", ["--task", "--seed", "No tokenizer is made"]),
    ("info", ["--json", "--batch-size", "--sequence-length", "--device", "--matrix-product"]),
    ("tokenize", ["--jsonl", "--max-length", "--truncation", "longest_first", "only_first", "only_second"]),
    ("embed", ["--jsonl", "--device", "--precision", "--matrix-product", "panels", "tiled", "clblast"]),
    (
      "forward",
      [
        "--inputs", "--outputs", "--task", "feature-extraction", "--output-hidden-states", "--device", "--precision",
      ]
    ),
    ("bench", ["--inputs", "--outputs", "--repeat", "--warmup", "--json", "--device", "--precision"]),
    ("fill-mask", ["--jsonl", "--top-k", "--targets", "--truncation", "--max-length", "--device", "--precision"]),
    ("classify", ["--jsonl", "--top-k", "--text-pair", "--function-to-apply", "sigmoid", "softmax", "--truncation"]),
    ("ner", ["--jsonl", "--aggregation-strategy", "simple", "first", "average", "max", "--ignore-labels", "--stride"]),
    (
      "qa",
      [
        "--jsonl", "--question", "--context", "--top-k", "--doc-stride", "--max-answer-len", "--max-seq-len",
        "--handle-impossible-answer", "--no-align-to-words",
      ]
    ),
    ("next-sentence", ["--jsonl", "--top-k", "IsNext", "--truncation"]),
    ("multiple-choice", ["--jsonl", "choices", "--truncation"]),
    ("rerank", ["--jsonl", "--top-k", "--activation", "corpus_id"]),
    ("zero-shot", ["--jsonl", "--candidate-labels", "--multi-label", "--hypothesis-template", "This example is {}."]),
    ("similarity", ["--jsonl", "--top-k", "documents"]),
    ("convert", ["--task", "--prune-heads", "--vocab-size", "--seed", "layer:heads", "pytorch_model.bin"]),
    (
      "generate",
      [
        "--jsonl", "--max-new-tokens", "--do-sample", "--temperature", "--top-k", "--top-p", "--seed", "--use-cache",
        "--no-use-cache", "generated_text", "--device", "--precision",
      ]
    ),
  ])
  func helpNamesEveryOption(command: String, options: [String]) throws {
    let help = try ToolProcess.run([command, "--help"])
    #expect(help.status == 0)
    for option in options { #expect(help.text.contains(option), "\(option)") }
  }
}
