// SPDX-License-Identifier: Apache-2.0
import BERT
import Testing

/// What labels mean: names and numbers of a new head, those of the model, and the loss they are for.
@Suite struct TrainingLabelTests {
  private func rows(_ labels: String...) -> [String] { labels.map { #"{"text":"a","label":\#($0)}"# } }

  private func tags(_ tags: String...) -> [String] { tags.map { #"{"tokens":["a","b"],"ner_tags":\#($0)}"# } }

  private func names(_ scheme: LabelScheme) -> [String] { (0..<scheme.count).map { scheme.id2label[$0] ?? "" } }

  @Test func namesOfANewHeadAreSortedByCodePoints() throws {
    let folder = try TrainingFolder()
    let scheme = try folder.labels(
      .textClassification, rows(#""b""#, #""Z""#, #""a""#, #""\ud83d\ude42""#, #""\uff21""#, #""b""#))
    #expect(names(scheme) == ["Z", "a", "b", "\u{FF21}", "\u{1F642}"])
    #expect(scheme.problemType == .singleLabelClassification)
    var config = folder.config
    scheme.apply(to: &config)
    #expect(config.id2label == scheme.id2label && config.problemType == .singleLabelClassification)
    // One letter, and a letter with an accent: two names, although Swift's strings are equal.
    let accents = try folder.labels(.textClassification, rows(#""\u00e9""#, #""e\u0301""#))
    #expect(accents.count == 2)
    let words = try folder.labels(.tokenClassification, tags(#"["O","B-X"]"#, #"["I-X","O"]"#))
    #expect(names(words) == ["B-X", "I-X", "O"])
    #expect(words.problemType == nil)
  }

  /// What is said of a file before the first step: its task, its rows, and how often each label is there.
  @Test func filesAreSummedUp() throws {
    let folder = try TrainingFolder()
    func summary(_ task: BertHead, _ lines: [String], numLabels: Int? = nil) throws -> String {
      let file = try folder.file(task, lines)
      return try
        "\(TrainingSummary(file, LabelScheme(file, config: folder.config, isNewHead: true, numLabels: numLabels)))"
    }
    #expect(
      try summary(.textClassification, rows(#""good""#, #""bad""#, #""good""#))
        == "text-classification: 3 rows; labels bad (1), good (2)")
    #expect(
      try summary(.textClassification, rows("0", "2", "0"), numLabels: 4)
        == "text-classification: 3 rows; labels LABEL_0 (2), LABEL_2 (1); no row has LABEL_1, LABEL_3")
    #expect(
      try summary(.textClassification, rows("0.5", "-2"))
        == "text-classification: 2 rows; a regression of 1 number from "
        + "-2.0 to 0.5")
    #expect(
      try summary(.textClassification, rows(#"["a","b"]"#, #"["b"]"#))
        == "text-classification: 2 rows; labels a (1), b (2); several may apply")
    #expect(
      try summary(.textClassification, rows("[1.0,0.0]", "[1.0,0.0]"))
        == "text-classification: 2 rows; labels LABEL_0 (2); several may apply; no row has LABEL_1")
    #expect(
      try summary(.tokenClassification, tags(#"["O","B-X"]"#, #"["O","O"]"#))
        == "token-classification: 2 rows; tags of words B-X (1), O (3)")
    #expect(try summary(.maskedLM, [#"{"text":"a"}"#]) == "masked-lm: 1 row")
    let pair = #"{"text":"a","text_pair":"b","next_sentence_label":"#
    #expect(
      try summary(.pretraining, [pair + "1}"]) == "pretraining: 1 row; labels does not follow (1); no row has follows")
    let choice = #"{"text":"a","choices":["b","c"],"label":1}"#
    #expect(
      try summary(.multipleChoice, [choice, choice])
        == "multiple-choice: 2 rows; labels choice 1 (2); no row has choice 0")
    let question = #"{"question":"q","context":"a b","answers":{"text":["b"],"answer_start":[2]}}"#
    #expect(try summary(.questionAnswering, [question]) == "question-answering: 1 row; labels an answer (1)")
    let many = try summary(.textClassification, (0..<30).flatMap { rows(#""label\#($0 + 10)""#) })
    #expect(many.hasSuffix("label28 (1), label29 (1) and 10 more"), "\(many)")
  }

  @Test func numbersOfANewHeadSayHowManyThereAre() throws {
    let folder = try TrainingFolder()
    let scheme = try folder.labels(.textClassification, rows("0", "3"))
    #expect(names(scheme) == ["LABEL_0", "LABEL_1", "LABEL_2", "LABEL_3"])
    #expect(try folder.labels(.textClassification, rows("0", "1"), numLabels: 6).count == 6)
    // As many as the configuration names: its names stay.
    #expect(names(try folder.labels(.textClassification, rows("0", "2"))) == ["negative", "neutral", "positive"])
    #expect(try folder.labels(.tokenClassification, tags("[0,7]")).count == 8)
  }

  @Test func numbersThatAreNotWholeAreARegression() throws {
    let folder = try TrainingFolder()
    for labels in [rows("0.5", "1"), rows("1", "2.0")] {
      let scheme = try folder.labels(.textClassification, labels)
      #expect(scheme.problemType == .regression && scheme.count == 1)
    }
    let whole = try folder.labels(.textClassification, rows("1", "2"), numLabels: 1)
    #expect(whole.problemType == .regression && whole.count == 1)
    var one = folder
    one.config.id2label = [0: "LABEL_0"]
    #expect(try one.labels(.textClassification, rows("1", "2"), isNewHead: false).problemType == .regression)
    let set = try one.set(.textClassification, rows("1", "2.5", "-3"), isNewHead: false)
    #expect(try set.batch([0, 1, 2], epoch: 0).labels == .numbers([1, 2.5, -3]))
    one.config.problemType = .regression
    let pairs = try one.set(.textClassification, rows("[1,2]", "[0.5,-1]"))
    #expect(try pairs.batch([1, 0], epoch: 0).labels == .numbers([0.5, -1, 1, 2]))
  }

  @Test func listsAreSeveralLabels() throws {
    let folder = try TrainingFolder()
    let named = try folder.set(.textClassification, rows(#"["b","a"]"#, "[]", #"["c"]"#))
    #expect(named.labels.problemType == .multiLabelClassification)
    #expect(try named.batch([0, 1, 2], epoch: 0).labels == .numbers([1, 1, 0, 0, 0, 0, 0, 0, 1]))
    let numbered = try folder.set(.textClassification, rows("[3]", "[0,1]"))
    #expect(try numbered.batch([0, 1], epoch: 0).labels == .numbers([0, 0, 0, 1, 1, 1, 0, 0]))
    let bits = try folder.set(.textClassification, rows("[1.0,0.0,1]", "[0.0,0.0,0.0]"))
    #expect(bits.labels.problemType == .multiLabelClassification)
    #expect(try bits.batch([0, 1], epoch: 0).labels == .numbers([1, 0, 1, 0, 0, 0]))
  }

  @Test func aModelKeepsItsLabels() throws {
    let folder = try TrainingFolder()
    let set = try folder.set(.textClassification, rows(#""positive""#, #""negative""#), isNewHead: false)
    #expect(names(set.labels) == ["negative", "neutral", "positive"])
    #expect(try set.batch([0, 1], epoch: 0).labels == .classes([2, 0]))
    let numbers = try folder.set(.textClassification, rows("1", "2"), isNewHead: false)
    #expect(try numbers.batch([0, 1], epoch: 0).labels == .classes([1, 2]))
  }

  @Test func oneClassOnlyIsNothingToLearn() throws {
    let folder = try TrainingFolder()
    let end = "so there is nothing to tell apart; add rows with others"
    let cases: [(BertHead, [String], String)] = [
      (.textClassification, rows(#""x""#, #""x""#), "all 2 rows have the label \"x\", "),
      (.textClassification, rows("1", "1", "1"), "all 3 rows have the label 1, "),
      (.tokenClassification, tags(#"["O","O"]"#), "all 1 rows have the ner_tags \"O\", "),
      (
        .nextSentence, [String](repeating: #"{"text":"a","text_pair":"b","next_sentence_label":1}"#, count: 2),
        "all 2 rows have the next_sentence_label 1, "
      ),
    ]
    for (task, lines, wanted) in cases {
      #expect(try folder.refusal { _ = try folder.labels(task, lines) } == "train.jsonl: " + wanted + end)
    }
    _ = try folder.labels(.pretraining, [#"{"text":"a","text_pair":"b","next_sentence_label":1}"#])
    _ = try folder.labels(.textClassification, rows("1.5", "1.5"))
  }

  @Test func labelsThatDoNotFitAreNamed() throws {
    var folder = try TrainingFolder()
    func refusal(_ lines: [String], task: BertHead = .textClassification, isNewHead: Bool = false) throws -> String {
      try folder.refusal { _ = try folder.set(task, lines, isNewHead: isNewHead) }
    }
    let known = "which is none of the labels: negative, neutral, positive"
    #expect(try refusal(rows("0", "3")) == #"train.jsonl: line 2: "label" is 3; it must be in 0 ..< 3"#)
    #expect(try refusal(rows("0", "-1")) == #"train.jsonl: line 2: "label" is -1; it must be in 0 ..< 3"#)
    #expect(
      try refusal(rows(#""neutral""#, #""good""#)) == #"train.jsonl: line 2: "label" is "good", "# + known)
    #expect(
      try refusal(rows("0", #""neutral""#))
        == #"train.jsonl: line 2: "label" has a name, where the rows before have a whole number"#)
    #expect(
      try refusal(tags(#"["O",1]"#), task: .tokenClassification, isNewHead: true)
        == #"train.jsonl: line 1: "ner_tags" has a whole number, where the rows before have a name"#)
    #expect(
      try refusal(tags(#"["neutral","O"]"#), task: .tokenClassification)
        == #"train.jsonl: line 1: "ner_tags[1]" is "O", "# + known)
    #expect(
      try refusal(rows("[]", "[]"), isNewHead: true)
        == #"train.jsonl: line 1: "label" is an empty list, and so is every other"#)
    #expect(
      try refusal(rows("[1,1]"), isNewHead: true)
        == #"train.jsonl: line 1: "label" has 1 twice; to give 0 or 1 for each label, write 0.0 and 1.0"#)
    #expect(
      try refusal(rows("[0.0,1.0]", "[0.0,0.5]"), isNewHead: true)
        == #"train.jsonl: line 2: "label" has 0.5, wanted 0.0 or 1.0 for each label"#)
    #expect(
      try refusal(rows("[0.0,1.0]", "[0.0]"), isNewHead: true)
        == #"train.jsonl: line 2: "label" has 1 number, the model 2"#)
    #expect(
      try refusal(rows("0", "1099511627776"), isNewHead: true)
        == #"train.jsonl: line 1: "label" would need 1099511627777 labels in all; a model has 1...1048576"#)
    folder.config.problemType = .singleLabelClassification
    #expect(
      try refusal(rows("0.5", "1"))
        == #"train.jsonl: line 1: "label" is 0.5, but the model has 3 classes: wanted a name, or a number in 0 ..< 3"#)
    #expect(
      try refusal(rows("[0]", "[1]"))
        == #"train.jsonl: line 1: "label" is a list, but the model has one class for a text (single_label_classification)"#
    )
    folder.config.problemType = .multiLabelClassification
    #expect(
      try refusal(rows("0", "1"))
        == #"train.jsonl: line 1: "label" is no list, but the model has several labels for a text (multi_label_classification)"#
    )
    folder.config.problemType = .regression
    #expect(
      try refusal(rows(#""a""#, #""b""#))
        == #"train.jsonl: line 1: "label" is "a", wanted a number: it is a regression"#)
    #expect(try refusal(rows("0.5", "1")) == #"train.jsonl: line 1: "label" has 1 number, the model 3"#)
  }

  @Test func anotherNumberOfLabelsThanAskedForIsRefused() throws {
    let folder = try TrainingFolder()
    #expect(
      try folder.refusal { _ = try folder.labels(.textClassification, rows(#""a""#, #""b""#), numLabels: 3) }
        == "train.jsonl: has 2 different labels, where 3 are wanted (--num-labels)")
  }
}
