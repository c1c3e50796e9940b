// SPDX-License-Identifier: Apache-2.0
import BERT
import StrictJSON
import Testing
import Tokenizers

/// Training files of a test, in a folder that goes with it, and the small tokenizer of `Tests/Goldens/tasks`.
struct TrainingFolder {
  static let model = Goldens.path("tasks/models/text-classification")
  let folder: ModelFolder
  let tokenizer: BertTokenizer
  var config: BertConfig
  var arguments = TrainingArguments()

  init() throws {
    folder = try ModelFolder()
    tokenizer = try BertTokenizer.fromPretrained(TrainingFolder.model)
    config = try BertConfig.fromPretrained(TrainingFolder.model)
  }

  var path: String { folder.path + "/train.jsonl" }

  /// Writes lines and reads them as a task has them.
  func file(_ task: BertHead, _ lines: [String]) throws -> TrainingFile {
    try folder.write("train.jsonl", lines.map { $0 + "\n" }.joined())
    return try TrainingFile(path, task: task)
  }

  /// Labels of a new head, or of the configuration.
  func labels(
    _ task: BertHead, _ lines: [String], isNewHead: Bool = true, numLabels: Int? = nil
  ) throws -> LabelScheme {
    try LabelScheme(file(task, lines), config: config, isNewHead: isNewHead, numLabels: numLabels)
  }

  func set(
    _ task: BertHead, _ lines: [String], isNewHead: Bool = true, for purpose: TrainingSet.Purpose = .training
  ) throws -> TrainingSet {
    let file = try file(task, lines)
    let labels = try LabelScheme(file, config: config, isNewHead: isNewHead)
    return try set(file, labels, for: purpose)
  }

  func set(
    _ file: TrainingFile, _ labels: LabelScheme, for purpose: TrainingSet.Purpose = .training
  ) throws -> TrainingSet {
    try TrainingSet(file, labels, config: config, tokenizer: tokenizer, arguments: arguments, for: purpose)
  }

  /// What an error says, without the folder's name.
  func refusal(_ body: () throws -> Void) throws -> String {
    let error = try #require(throws: TrainingDataError.self) { try body() }
    return "\(error)".replacing(folder.path + "/", with: "")
  }
}
