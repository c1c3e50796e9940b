// SPDX-License-Identifier: Apache-2.0
import StrictJSON

/// Rows of a training file as examples of its task.
struct ExampleParser: Sendable {
  let task: BertHead

  /// - Throws: `LineError.field`, `.value`.
  func row(_ fields: LineFields) throws(LineError) -> TrainingFile.Row {
    TrainingFile.Row(line: fields.number, example: try example(fields))
  }

  private func example(_ fields: LineFields) throws(LineError) -> TrainingExample {
    switch task {
    case .none: preconditionFailure("TrainingFile refuses a task without a head")
    case .textClassification:
      let (text, pair) = (try fields.text("text"), try fields.optionalText("text_pair"))
      return .text(TextPair(text, pair), label: try label(fields))
    case .tokenClassification: return try words(fields)
    case .questionAnswering: return try question(fields)
    case .multipleChoice: return try choices(fields)
    case .maskedLM, .causalLM: return .plain(try fields.text("text"))
    case .pretraining, .nextSentence:
      let (text, pair) = (try fields.text("text"), try fields.text("text_pair"))
      let label = try integer(fields, "next_sentence_label")
      guard label == 0 || label == 1 else {
        throw fields.bad(
          "next_sentence_label", "is \(label); it must be 0 (the second text follows) or 1 (it does not)")
      }
      return .sentences(TextPair(text, pair), nextSentenceLabel: Int32(label))
    }
  }

  private func words(_ fields: LineFields) throws(LineError) -> TrainingExample {
    let words = try fields.texts("tokens")
    let values = try fields.list("ner_tags", "a list of tags")
    guard !words.isEmpty else { throw fields.bad("tokens", "is empty") }
    guard words.count == values.count else {
      throw fields.bad("ner_tags", "has \(values.count) entries, \"tokens\" has \(words.count)")
    }
    var tags: [ExampleLabel.Name] = []
    for (index, value) in values.enumerated() {
      guard let tag = name(value) else {
        throw fields.error("ner_tags[\(index)]", found: value.kind, "a string or a whole number")
      }
      tags.append(tag)
    }
    return .words(words, tags: tags)
  }

  private func question(_ fields: LineFields) throws(LineError) -> TrainingExample {
    let question = try fields.text("question")
    let context = try fields.text("context")
    for (field, text) in [("question", question), ("context", context)] where text.isEmpty {
      throw fields.bad(field, "is empty")
    }
    let answers = try fields.fields("answers")
    let texts = try answers.texts("text")
    let starts = try answers.list("answer_start", "a list of whole numbers")
    guard texts.count == starts.count else {
      throw answers.bad("answer_start", "has \(starts.count) entries, \"answers.text\" has \(texts.count)")
    }
    let scalars = Array(context.unicodeScalars)
    var found: [ExampleAnswer] = []
    for (index, value) in starts.enumerated() {
      let field = "answer_start[\(index)]"
      guard let start = value.intValue else {
        throw answers.error(field, found: value.kind, "a whole number")
      }
      let wanted = Array(texts[index].unicodeScalars)
      guard !wanted.isEmpty else { throw answers.bad("text[\(index)]", "is empty; no answer is an empty list") }
      guard start >= 0, start <= scalars.count - wanted.count,
        scalars[start..<start + wanted.count].elementsEqual(wanted)
      else {
        throw answers.bad(
          field,
          "is \(start), but the context does not have \(JSON.string(texts[index].shortened()).serialized()) there "
            + "(counted in Unicode scalars)")
      }
      found.append(ExampleAnswer(text: texts[index], start: start))
    }
    return .question(QuestionAnswerer.Input(question: question, context: context), answers: found)
  }

  private func choices(_ fields: LineFields) throws(LineError) -> TrainingExample {
    let text = try fields.text("text")
    let choices = try fields.texts("choices")
    guard choices.count > 1 else {
      throw fields.bad("choices", "has \(choices.count == 1 ? "1 entry" : "no entries"), where two are the least")
    }
    let label = try integer(fields, "label")
    guard choices.indices.contains(label) else {
      throw fields.bad("label", "is \(label); it must be in 0 ..< \(choices.count), the place of a choice")
    }
    return .choices(MultipleChoice.Input(text: text, choices: choices), label: label)
  }
}

extension ExampleParser {
  private static let labelKinds = "a string, a number or a list of either"

  private func label(_ fields: LineFields) throws(LineError) -> ExampleLabel {
    let value = try fields.value("label", ExampleParser.labelKinds)
    if let name = name(value) { return .name(name) }
    if value.numberValue != nil { return .number(try number(value, fields, "label")) }
    guard let values = value.arrayValue else {
      throw fields.error("label", found: value.kind, ExampleParser.labelKinds)
    }
    let names = values.compactMap(name)
    if names.count == values.count { return .names(names) }
    var numbers: [Double] = []
    for (index, value) in values.enumerated() { numbers.append(try number(value, fields, "label[\(index)]")) }
    return .numbers(numbers)
  }

  private func name(_ value: JSON) -> ExampleLabel.Name? {
    if let text = value.stringValue { return .string(text) }
    return value.intValue.map { .integer($0) }
  }

  private func number(_ value: JSON, _ fields: LineFields, _ field: String) throws(LineError) -> Double {
    guard let number = value.numberValue else {
      throw fields.error(field, found: value.kind, "a number like those beside it")
    }
    guard Float(number.double).isFinite else {
      throw fields.bad(field, "is \(number.literal.shortened()), more than a float32 holds")
    }
    return number.double
  }

  private func integer(_ fields: LineFields, _ field: String) throws(LineError) -> Int {
    let value = try fields.value(field, "a whole number")
    guard let integer = value.intValue else {
      throw fields.error(field, found: value.kind, "a whole number")
    }
    return integer
  }
}
