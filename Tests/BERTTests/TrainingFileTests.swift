// SPDX-License-Identifier: Apache-2.0
import BERT
import Glibc
import StrictJSON
import TestSupport
import Testing

/// A file that a task does not take, and what the error says.
struct BadRows: Sendable, CustomTestStringConvertible {
  let task: BertHead
  let lines: [String]
  let wanted: String

  init(_ task: BertHead, _ lines: String..., wanted: String) {
    self.task = task
    self.lines = lines
    self.wanted = "train.jsonl: " + wanted
  }

  var testDescription: String { "\(task): \(wanted)" }

  private static let text = #"{"text":"a","label":0}"#
  private static let context = #""context":"a b c","answers":"#

  static let all: [BadRows] = lines + labels + words + questions + choices + language

  static let lines: [BadRows] = [
    .init(.textClassification, text, "{", wanted: "line 2: ends at byte 1, where ',' or '}' should follow"),
    .init(
      .textClassification, "", "[1]",
      wanted: "line 2: is an array, wanted a JSON object; each line must be a JSON object like "
        + #"{"text": "...", "label": "..."}"#),
    .init(
      .textClassification, text, text, "nul",
      wanted: "line 3: 'n' at byte 0, where null should stand; each line must be a JSON object like "
        + #"{"text": "...", "label": "..."}"#),
    .init(
      .maskedLM, "  A dark and stormy night.",
      wanted: "line 1: 'A' at byte 2, where a value should stand; each line must be a JSON object like "
        + #"{"text": "..."}"#),
    .init(
      .pretraining, "\"a\"",
      wanted: "line 1: is a string, wanted a JSON object; each line must be a JSON object like "
        + #"{"text": "...", "text_pair": "...", "next_sentence_label": 0}"#),
    .init(
      .textClassification, #"{"text":"a","label":0,"text":"b"}"#,
      wanted: #"line 1: key "text" a second time at byte 22"#),
    .init(
      .textClassification, "\u{FEFF}" + text,
      wanted: "line 1: starts with a byte order mark; save the file as UTF-8 without one"),
    .init(.textClassification, text + text, wanted: "line 1: something follows the value at byte 22"),
    .init(
      .textClassification, #"{"text":"\ud800","label":0}"#,
      wanted: "line 1: half of a surrogate pair in a string at byte 9"),
    .init(.textClassification, #"{"text":"a","label":NaN}"#, wanted: "line 1: NaN at byte 20 is no JSON number"),
    .init(
      .textClassification, " ", "\t", wanted: "has no example; it must have a JSON object on each line"),
    .init(.textClassification, wanted: "has no example; it must have a JSON object on each line"),
  ]

  static let labels: [BadRows] = [
    .init(.textClassification, text, #"{"label":0}"#, wanted: #"line 2: "text" is missing, wanted a string"#),
    .init(.textClassification, #"{"text":7,"label":0}"#, wanted: #"line 1: "text" is a number, wanted a string"#),
    .init(.textClassification, #"{"text":null,"label":0}"#, wanted: #"line 1: "text" is missing, wanted a string"#),
    .init(
      .textClassification, #"{"text":"a","text_pair":[],"label":0}"#,
      wanted: #"line 1: "text_pair" is an array, wanted a string"#),
    .init(
      .textClassification, #"{"text":"a"}"#,
      wanted: #"line 1: "label" is missing, wanted a string, a number or a list of either"#),
    .init(
      .textClassification, #"{"text":"a","label":true}"#,
      wanted: #"line 1: "label" is a boolean, wanted a string, a number or a list of either"#),
    .init(
      .textClassification, #"{"text":"a","label":1e999}"#,
      wanted: #"line 1: "label" is 1e999, more than a float32 holds"#),
    .init(
      .textClassification, #"{"text":"a","label":[0.5,null]}"#,
      wanted: #"line 1: "label[1]" is null, wanted a number like those beside it"#),
  ]

  static let words: [BadRows] = [
    .init(
      .tokenClassification, #"{"tokens":"a","ner_tags":["O"]}"#,
      wanted: #"line 1: "tokens" is a string, wanted a list of strings"#),
    .init(
      .tokenClassification, #"{"tokens":["a",1],"ner_tags":["O","O"]}"#,
      wanted: #"line 1: "tokens[1]" is a number, wanted a string"#),
    .init(.tokenClassification, #"{"tokens":[],"ner_tags":[]}"#, wanted: #"line 1: "tokens" is empty"#),
    .init(.tokenClassification, #"{"tokens":["a"]}"#, wanted: #"line 1: "ner_tags" is missing, wanted a list of tags"#),
    .init(
      .tokenClassification, #"{"tokens":["a","b"],"ner_tags":["O"]}"#,
      wanted: #"line 1: "ner_tags" has 1 entries, "tokens" has 2"#),
    .init(
      .tokenClassification, #"{"tokens":["a","b"],"ner_tags":["O",0.5]}"#,
      wanted: #"line 1: "ner_tags[1]" is a number, wanted a string or a whole number"#),
  ]

  static let questions: [BadRows] = [
    .init(
      .questionAnswering, #"{"question":"q","context":"a b c"}"#,
      wanted: #"line 1: "answers" is missing, wanted an object"#),
    .init(
      .questionAnswering, #"{"question":"","# + context + #"{"text":[],"answer_start":[]}}"#,
      wanted: #"line 1: "question" is empty"#),
    .init(
      .questionAnswering, #"{"question":"q","context":"","answers":{"text":[],"answer_start":[]}}"#,
      wanted: #"line 1: "context" is empty"#),
    .init(
      .questionAnswering, #"{"question":"q","# + context + #"{"text":"a","answer_start":[0]}}"#,
      wanted: #"line 1: "answers.text" is a string, wanted a list of strings"#),
    .init(
      .questionAnswering, #"{"question":"q","# + context + #"{"text":["a"],"answer_start":[]}}"#,
      wanted: #"line 1: "answers.answer_start" has 0 entries, "answers.text" has 1"#),
    .init(
      .questionAnswering, #"{"question":"q","# + context + #"{"text":["a"],"answer_start":["0"]}}"#,
      wanted: #"line 1: "answers.answer_start[0]" is a string, wanted a whole number"#),
    .init(
      .questionAnswering, #"{"question":"q","# + context + #"{"text":["b"],"answer_start":[1]}}"#,
      wanted:
        #"line 1: "answers.answer_start[0]" is 1, but the context does not have "b" there (counted in Unicode scalars)"#
    ),
    .init(
      .questionAnswering, #"{"question":"q","# + context + #"{"text":["a","c d"],"answer_start":[0,4]}}"#,
      wanted:
        #"line 1: "answers.answer_start[1]" is 4, but the context does not have "c d" there (counted in Unicode scalars)"#
    ),
    .init(
      .questionAnswering, #"{"question":"q","# + context + #"{"text":["a"],"answer_start":[-1]}}"#,
      wanted:
        #"line 1: "answers.answer_start[0]" is -1, but the context does not have "a" there (counted in Unicode scalars)"#
    ),
    .init(
      .questionAnswering, #"{"question":"q","# + context + #"{"text":[""],"answer_start":[0]}}"#,
      wanted: #"line 1: "answers.text[0]" is empty; no answer is an empty list"#),
  ]

  static let choices: [BadRows] = [
    .init(
      .multipleChoice, #"{"text":"a","choices":["b"],"label":0}"#,
      wanted: #"line 1: "choices" has 1 entry, where two are the least"#),
    .init(
      .multipleChoice, #"{"text":"a","choices":[],"label":0}"#,
      wanted: #"line 1: "choices" has no entries, where two are the least"#),
    .init(
      .multipleChoice, #"{"text":"a","choices":["b","c"],"label":2}"#,
      wanted: #"line 1: "label" is 2; it must be in 0 ..< 2, the place of a choice"#),
    .init(
      .multipleChoice, #"{"text":"a","choices":["b","c"],"label":"b"}"#,
      wanted: #"line 1: "label" is a string, wanted a whole number"#),
    .init(
      .multipleChoice, #"{"text":"a","choices":["b","c"],"label":1}"#,
      #"{"text":"a","choices":["b","c","d"],"label":1}"#,
      wanted: #"line 2: "choices" has 3 entries, where the rows before have 2"#),
  ]

  static let language: [BadRows] = [
    .init(.maskedLM, #"{"txt":"a"}"#, wanted: #"line 1: "text" is missing, wanted a string"#),
    .init(.causalLM, #"{"text":["a"]}"#, wanted: #"line 1: "text" is an array, wanted a string"#),
    .init(
      .pretraining, #"{"text":"a","next_sentence_label":0}"#,
      wanted: #"line 1: "text_pair" is missing, wanted a string"#),
    .init(
      .pretraining, #"{"text":"a","text_pair":"b","next_sentence_label":2}"#,
      wanted: #"line 1: "next_sentence_label" is 2; it must be 0 (the second text follows) or 1 (it does not)"#),
    .init(
      .nextSentence, #"{"text":"a","text_pair":"b","next_sentence_label":0.0}"#,
      wanted: #"line 1: "next_sentence_label" is a number, wanted a whole number"#),
  ]
}

@Suite struct TrainingFileTests {
  @Test(arguments: BadRows.all) func rowsThatATaskDoesNotTakeAreNamed(bad: BadRows) throws {
    let folder = try TrainingFolder()
    #expect(try folder.refusal { _ = try folder.file(bad.task, bad.lines) } == bad.wanted)
  }

  @Test func aFileThatIsNoneIsRefused() throws {
    let folder = try TrainingFolder()
    let refusal = try folder.refusal { _ = try TrainingFile(folder.path, task: .maskedLM) }
    #expect(refusal.hasPrefix("train.jsonl: no such file"))
    #expect(throws: TrainingDataError.file(.notRegular(path: folder.folder.path, kind: "a directory"))) {
      try TrainingFile(folder.folder.path, task: .maskedLM)
    }
    try #require(mkfifo(folder.path, 0o600) == 0)
    #expect(throws: TrainingDataError.file(.notRegular(path: folder.path, kind: "a FIFO"))) {
      try TrainingFile(folder.path, task: .maskedLM)
    }
    #expect(throws: TrainingDataError.head(.none)) { try TrainingFile(folder.path, task: .none) }
    #expect(
      "\(TrainingDataError.head(.none))"
        == "BertModel has no head to be trained; say what to learn with --task: pretraining, masked-lm, causal-lm, "
        + "next-sentence, text-classification, multiple-choice, token-classification, question-answering")
  }

  @Test func linesMayEndAsOnWindowsAndBlankOnesCount() throws {
    let folder = try TrainingFolder()
    try folder.folder.write(
      "train.jsonl", "{\"text\":\"a\"}\r\n\r\n  \n{\"text\":\"b\",\"more\":{}}\r\n\n{\"text\":\"c\"}")
    let file = try TrainingFile(folder.path, task: .causalLM)
    #expect(file.rows.map(\.line) == [1, 4, 6])
    #expect(file.rows.map(\.example) == [.plain("a"), .plain("b"), .plain("c")])
  }

  @Test func theFirstBadRowOfManyIsNamed() throws {
    let folder = try TrainingFolder()
    var lines = (0..<200_000).map { "{\"text\":\"a\($0)\"}" }
    #expect(try folder.file(.maskedLM, lines).rows.count == 200_000)
    lines[170_001] = "{}"
    lines[190_000] = "[]"
    let refusal = try folder.refusal { _ = try folder.file(.maskedLM, lines) }
    #expect(refusal == #"train.jsonl: line 170002: "text" is missing, wanted a string"#)
  }

  @Test func aLineTooLongIsRefusedAfterThoseBeforeIt() throws {
    let folder = try TrainingFolder()
    let long = "{\"text\":\"" + String(repeating: "a", count: 65 << 20) + "\"}"
    #expect(
      try folder.refusal { _ = try folder.file(.maskedLM, ["{\"text\":\"a\"}", long]) }
        == "train.jsonl: line 2: longer than 67108864 bytes")
    #expect(
      try folder.refusal { _ = try folder.file(.maskedLM, ["{\"text\":1}", long]) }
        == #"train.jsonl: line 1: "text" is a number, wanted a string"#)
  }

  /// Whatever a file holds, it is read or refused.
  @Test func mutatedFilesAreReadOrRefused() throws {
    let folder = try TrainingFolder()
    let rows: [(BertHead, String)] = [
      (.textClassification, #"{"text":"a","text_pair":"b","label":[0.0,1]}"#),
      (.tokenClassification, #"{"tokens":["a","b"],"ner_tags":["O","B"]}"#),
      (.questionAnswering, #"{"question":"q","context":"a b","answers":{"text":["b"],"answer_start":[2]}}"#),
      (.multipleChoice, #"{"text":"a","choices":["b","c"],"label":1}"#),
      (.pretraining, #"{"text":"a","text_pair":"b","next_sentence_label":1}"#),
    ]
    var generator = SeededGenerator(seed: 11)
    var read = 0
    for round in 0..<2000 {
      let (task, row) = rows[round % rows.count]
      let original = Array((row + "\n" + row + "\n").utf8)
      try folder.folder.write("train.jsonl", mutate(original, dictionary: ["1e999", "-1", "null"], using: &generator))
      do {
        let file = try TrainingFile(folder.path, task: task)
        let labels = try LabelScheme(file, config: folder.config, isNewHead: true)
        read += try folder.set(file, labels).count
      } catch is TrainingDataError {}
    }
    // Most changes break the JSON; those that do not go all the way to tokens.
    #expect(read > 20)
  }
}
