// SPDX-License-Identifier: Apache-2.0
import Checkpoints
import Tokenizers

/// All that a training begins with, read and checked: the model, its labels, and the examples. Nothing is on a device yet.
public struct TrainingData: Sendable {
  public let model: TrainableModel
  public let training: TrainingSet
  public let evaluation: TrainingSet?
  /// What is learned, for a person.
  public let summary: TrainingSummary

  /// - Parameters:
  ///   - directory: the checkpoint to begin with, or to go on from; its tokenizer reads the texts.
  ///   - head: nil for the one that config.json names.
  ///   - isFromScratch: whether all weights are drawn, from config.json alone.
  ///   - numLabels: of a head that is new.
  ///   - changes: to the configuration, beyond the labels: dropout, for example.
  /// - Throws: `TrainingDataError`, `BertError`, `CheckpointError`, `TokenizerError` for the files.
  public init(
    directory: String, head: BertHead?, isFromScratch: Bool = false, trainFile: String, evalFile: String? = nil,
    numLabels: Int? = nil, _ arguments: TrainingArguments,
    configure changes: (inout BertConfig) -> Void = { _ in }
  ) throws {
    let config = try BertConfig.fromPretrained(directory)
    let head = try head ?? BertNetwork.head(of: config, directory)
    let file = try TrainingFile(trainFile, task: head)
    let evaluationFile = try evalFile.map { try TrainingFile($0, task: head) }
    let isNewHead = try isFromScratch || !TrainableModel.hasHead(directory, head)
    if let numLabels, !isNewHead, numLabels != config.numLabels {
      throw BertError.badArgument(
        "--num-labels", "is \(numLabels), but \(directory) has a head for \(config.numLabels) labels already")
    }
    let labels = try LabelScheme(file, config: config, isNewHead: isNewHead, numLabels: numLabels)
    func configure(_ config: inout BertConfig) {
      if head == .textClassification || head == .tokenClassification { labels.apply(to: &config) }
      // A span has a start and an end, whatever a bare encoder's configuration says of labels.
      if head == .questionAnswering, isNewHead { config.id2label = [0: "LABEL_0", 1: "LABEL_1"] }
      // A language model's output belongs to the next token; Hugging Face's BertLMHeadModel is a decoder.
      if head == .causalLM { config.isDecoder = true }
      changes(&config)
    }
    if isFromScratch {
      var config = config
      configure(&config)
      model = try .untrained(config, head: head, seed: arguments.seed, tokenizerDirectory: directory)
    } else {
      model = try .fromPretrained(directory, head: head, seed: arguments.seed, configure: configure)
    }
    let modelConfig = model.config
    let tokenizer = try BertTokenizer.fromPretrained(directory)
    training = try TrainingSet(file, labels, config: modelConfig, tokenizer: tokenizer, arguments: arguments)
    summary = TrainingSummary(file, labels)
    evaluation = try evaluationFile.map {
      try TrainingSet($0, labels, config: modelConfig, tokenizer: tokenizer, arguments: arguments, for: .evaluation)
    }
  }
}
