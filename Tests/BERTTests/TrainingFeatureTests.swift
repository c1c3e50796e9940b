// SPDX-License-Identifier: Apache-2.0
import BERT
import StrictJSON
import Testing
import Tokenizers

/// Batches against those of Hugging Face's example scripts and collators.
@Suite struct TrainingFeatureTests {
  static let tasks: [BertHead] = [
    .textClassification, .tokenClassification, .questionAnswering, .multipleChoice, .causalLM, .nextSentence,
  ]

  private func golden(_ task: BertHead) throws -> (set: TrainingSet, batches: [JSON]) {
    let file = try TrainingFile(Goldens.path("features/\(task.rawValue).jsonl"), task: task)
    let batches = try TaskCase.read(Goldens.path("features/\(task.rawValue)-batches.jsonl"))
    var folder = try TrainingFolder()
    folder.arguments.maxLength = batches.first?["max_length"]?.intValue
    let labels = try LabelScheme(file, config: folder.config, isNewHead: true)
    return (try folder.set(file, labels), batches)
  }

  /// The integers of a tensor, row by row.
  private func integers(_ json: JSON?) -> [Int32]? {
    guard let values = json?.arrayValue else { return nil }
    return values.flatMap { value in value.intValue.map { [Int32($0)] } ?? integers(value) ?? [] }
  }

  private func check(_ input: BertInput, _ batch: JSON) throws {
    #expect(input.inputIds == integers(batch["input_ids"]))
    #expect(input.tokenTypeIds == integers(batch["token_type_ids"]))
    let mask = integers(batch["attention_mask"])
    #expect(input.attentionMask ?? input.inputIds.map { _ in 1 } == mask)
    #expect(input.batchSize == batch["input_ids"]?.arrayValue?.count)
  }

  @Test(arguments: tasks) func batchesAreThoseOfTheExampleScripts(task: BertHead) throws {
    let (set, batches) = try golden(task)
    try #require(batches.count == 3)
    for batch in batches {
      #expect(set.count == batch["count"]?.intValue)
      let input = try set.batch((integers(batch["indices"]) ?? []).map { Int($0) }, epoch: 0)
      try check(input, batch)
      let labels = integers(batch["labels"]).map { BertInput.Labels.classes($0) }
      try #require(labels != nil || task == .questionAnswering)
      #expect(input.labels == labels)
      #expect(input.startPositions == integers(batch["start_positions"]))
      #expect(input.endPositions == integers(batch["end_positions"]))
      #expect(input.choices == (task == .multipleChoice ? 3 : nil))
    }
  }

  /// Where nothing is masked, the text is that of the golden, and the labels of the rest are its ids.
  @Test(arguments: [BertHead.maskedLM, .pretraining]) func masksHideTheGoldenText(task: BertHead) throws {
    let (set, batches) = try golden(task)
    for batch in batches {
      let input = try set.batch((integers(batch["indices"]) ?? []).map { Int($0) }, epoch: 3)
      let ids = try #require(integers(batch["input_ids"]))
      guard case .classes(let labels)? = input.labels else {
        Issue.record("no labels")
        return
      }
      try #require(labels.count == ids.count && input.inputIds.count == ids.count)
      for index in ids.indices {
        #expect(labels[index] == -100 ? input.inputIds[index] == ids[index] : labels[index] == ids[index])
      }
      #expect(labels.contains { $0 != -100 })
      #expect(input.tokenTypeIds == integers(batch["token_type_ids"]))
      #expect(input.nextSentenceLabel == (task == .pretraining ? integers(batch["labels"]) : nil))
    }
  }

  @Test func rowsThatLoseTokensAreCounted() throws {
    var folder = try TrainingFolder()
    let lines = [#"{"text":"the house"}"#, #"{"text":"the big house and the river"}"#]
    #expect(try folder.set(.causalLM, lines).truncatedCount == 0)
    folder.arguments.maxLength = 6
    let set = try folder.set(.causalLM, lines)
    #expect(set.truncatedCount == 1)
    #expect(try set.batch([0, 1], epoch: 0).sequenceLength == 6)
  }

  @Test func aBatchOfOneLengthHasNoMask() throws {
    let set = try TrainingFolder().set(.causalLM, [#"{"text":"the house"}"#, #"{"text":"a river"}"#])
    #expect(try set.batch([0, 1], epoch: 0).attentionMask == nil)
  }

  @Test func whatTheModelCannotTakeIsNamedBeforeTheFirstStep() throws {
    var folder = try TrainingFolder()
    func refusal(_ task: BertHead, _ line: String) throws -> String {
      try folder.refusal { _ = try folder.set(task, [line]) }
    }
    for text in ["", " \\t", "[MASK] [SEP]"] {
      #expect(
        try refusal(.maskedLM, "{\"text\":\"\(text)\"}") == #"train.jsonl: line 1: "text" has no token to learn from"#)
    }
    #expect(try refusal(.causalLM, #"{"text":""}"#) == #"train.jsonl: line 1: "text" has no token to learn from"#)
    let pair = #"{"text":"","text_pair":"","next_sentence_label":0}"#
    #expect(try refusal(.pretraining, pair) == #"train.jsonl: line 1: "text" has no token to learn from"#)
    #expect(
      try refusal(.tokenClassification, #"{"tokens":["","\u0000"],"ner_tags":["A","B"]}"#)
        == #"train.jsonl: line 1: "tokens" has no token to learn from"#)
    folder.arguments.maxLength = 8
    let question = #"{"question":"the big house and the river","context":"a","answers":{"text":[],"answer_start":[]}}"#
    #expect(
      try refusal(.questionAnswering, question)
        == #"train.jsonl: line 1: "question" has 6 tokens, which leave no room for context in windows of 8 (--max-length)"#
    )
    for (length, limit) in [(3, 64), (65, 64)] {
      folder.arguments.maxLength = length
      #expect(
        try refusal(.maskedLM, #"{"text":"a"}"#)
          == "--max-length is \(length); it must be in 4...\(limit), as many as tokenizer and model take")
    }
    folder.arguments.maxLength = nil
    folder.config.typeVocabSize = 1
    #expect(
      try refusal(.pretraining, #"{"text":"a","text_pair":"b","next_sentence_label":0}"#)
        == #"train.jsonl: line 1: "text_pair" needs the token type 1, but the model has 1 (type_vocab_size)"#)
    folder.config.vocabSize = 10
    let rows = folder.tokenizer.vocabularySize - 1
    #expect(
      try refusal(.maskedLM, #"{"text":"a"}"#)
        == "the tokenizer makes ids up to \(rows), but the word embeddings have 10 rows")
  }

  @Test func anExampleThatIsNotThereIsRefused() throws {
    let set = try TrainingFolder().set(.causalLM, [#"{"text":"the house"}"#])
    for index in [1, -1] {
      #expect(throws: TrainingDataError.place("there is no example \(index) among 1")) {
        try set.batch([0, index], epoch: 0)
      }
    }
  }

  /// A long question leaves little room: windows move on all the same.
  @Test func windowsOfAnyLengthCoverTheContext() throws {
    var folder = try TrainingFolder()
    let words = (0..<30).map { "abcdefgh"[String.Index(utf16Offset: $0 % 8, in: "abcdefgh")] }
    let context = words.map { String($0) }.joined(separator: " ")
    let line =
      #"{"question":"the big house","context":"\#(context)","answers":{"text":["b"],"answer_start":[2]}}"#
    for length in 7...40 {
      folder.arguments.maxLength = length
      let set = try folder.set(.questionAnswering, [line])
      let input = try set.batch(Array(0..<set.count), epoch: 0)
      #expect(input.sequenceLength <= length)
      let starts = try #require(input.startPositions)
      #expect(input.endPositions == starts)
      #expect(starts.contains { $0 > 0 })
    }
  }
}
