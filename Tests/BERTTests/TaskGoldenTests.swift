// SPDX-License-Identifier: Apache-2.0
import BERT
import StrictJSON
import Testing
import Tokenizers

/// Each task against the pipeline of Hugging Face (transformers 4.49; sentence-transformers 3.4.1 for reranking).
@Suite struct TaskGoldenTests {
  /// Both on the same recorded logits: see `scripts/make-task-logits`. A task that made other tokens of a text would find
  /// no logits. The scores written down are of single precision.
  @Test(arguments: [
    ("fill-mask", "fill-mask"), ("classify", "text-classification"), ("classify-one", "text-classification"),
    ("classify-regression", "text-classification"), ("classify-multi", "text-classification"),
    ("ner", "token-classification"), ("ner-cased", "token-classification"), ("qa", "question-answering"),
    ("zero-shot", "zero-shot-classification"), ("zero-shot-first", "zero-shot-classification"),
    ("zero-shot-none", "zero-shot-classification"), ("next-sentence", "next-sentence"),
    ("multiple-choice", "multiple-choice"), ("rerank", "rerank"), ("rerank-identity", "rerank"),
  ])
  func onTheSameLogits(folder: String, task name: String) async throws {
    let model = try RecordedModel(folder)
    let task = TaskOfCases(name: name, model: model, tokenizer: model.tokenizer)
    #expect(model.cases.count > 3)
    for line in model.cases { try await TaskCase(line).check(task, tolerance: 2e-6) }
  }

  /// Each with its own model, from text to answer: `scripts/goldens/tasks.py`.
  @Test(arguments: try listing(), TestEngine.allCases)
  func onTheSameText(_ entry: GoldenTask, on test: TestEngine) async throws {
    let folder = Goldens.path("tasks/" + entry.model)
    let model = try await BertNetwork.fromPretrained(
      folder, head: TaskOfCases.head(entry.task), on: test.engine)
    let task = TaskOfCases(name: entry.task, model: model, tokenizer: try BertTokenizer.fromPretrained(folder))
    let cases = try TaskCase.read(Goldens.path("tasks/" + entry.cases))
    #expect(cases.count > 3)
    // Scores are probabilities: two digits less than the logits have, on an engine in single precision.
    for line in cases { try await TaskCase(line).check(task, tolerance: test == .oracle ? 2e-6 : 2e-5) }
  }

  struct GoldenTask: Sendable, CustomTestStringConvertible {
    let cases: String
    let model: String
    let task: String

    var testDescription: String { cases }
  }

  static func listing() throws -> [GoldenTask] {
    try (Goldens.json(Goldens.path("tasks/tasks.json")).arrayValue ?? []).map { entry in
      GoldenTask(
        cases: try #require(entry["cases"]?.stringValue), model: try #require(entry["model"]?.stringValue),
        task: try #require(entry["task"]?.stringValue))
    }
  }

  @Test func aCrossEncoderNamesItsActivation() throws {
    for (name, wanted) in [("rerank", Reranker.Activation.sigmoid), ("rerank-identity", .identity)] {
      #expect(try Reranker.configuredActivation(Goldens.path("logits/" + name)) == wanted)
    }
    let folder = try ModelFolder(golden: "logits/rerank")
    let newer = "sentence_transformers"
    try folder.set("config.json", [newer: #"{"activation_fn": "torch.nn.modules.linear.Identity"}"#])
    #expect(try Reranker.configuredActivation(folder.path) == .identity)
    try folder.set("config.json", [newer: #"{"activation_fn": "torch.nn.modules.activation.Sigmoid"}"#])
    #expect(try Reranker.configuredActivation(folder.path) == .sigmoid)
    try folder.set("config.json", [newer: #"{"activation_fn": "os.system"}"#])
    #expect(throws: BertError.self) { try Reranker.configuredActivation(folder.path) }
  }
}
