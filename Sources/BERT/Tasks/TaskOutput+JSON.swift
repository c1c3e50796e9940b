// SPDX-License-Identifier: Apache-2.0
import StrictJSON

// Answers as Hugging Face's pipelines return them, keys in their order.

extension FillMask {
  /// A list of predictions; a list of such lists where the text has several masks.
  public static func json(_ masks: [[Prediction]]) -> JSON {
    let lists = masks.map { JSON.array($0.map(\.json)) }
    return lists.count == 1 ? lists[0] : .array(lists)
  }
}

extension FillMask.Prediction {
  /// `{"score", "token", "token_str", "sequence"}`.
  public var json: JSON {
    .object([
      "score": .number(JSONNumber(score)), "token": .number(JSONNumber(token)), "token_str": .string(tokenString),
      "sequence": .string(sequence),
    ])
  }
}

extension LabelScore {
  /// `{"label", "score"}`.
  public var json: JSON { .object(["label": .string(label), "score": .number(JSONNumber(score))]) }
}

extension TokenClassifier.Entity {
  /// `{"entity", "score", "index", "word", "start", "end"}`, or `{"entity_group", "score", "word", "start", "end"}`.
  public var json: JSON {
    var object: JSONObject = [
      index == nil ? "entity_group" : "entity": .string(entity), "score": .number(JSONNumber(score)),
    ]
    if let index { object["index"] = .number(JSONNumber(index)) }
    object["word"] = .string(word)
    object["start"] = .number(JSONNumber(start))
    object["end"] = .number(JSONNumber(end))
    return .object(object)
  }
}

extension QuestionAnswerer {
  /// One answer as an object, none or several as a list.
  public static func json(_ answers: [Answer]) -> JSON {
    answers.count == 1 ? answers[0].json : .array(answers.map(\.json))
  }
}

extension QuestionAnswerer.Answer {
  /// `{"score", "start", "end", "answer"}`.
  public var json: JSON {
    .object([
      "score": .number(JSONNumber(score)), "start": .number(JSONNumber(start)), "end": .number(JSONNumber(end)),
      "answer": .string(answer),
    ])
  }
}

extension ZeroShotClassifier.Answer {
  /// `{"sequence", "labels", "scores"}`.
  public var json: JSON {
    .object([
      "sequence": .string(sequence), "labels": .array(labels.map { .string($0) }),
      "scores": .array(scores.map { .number(JSONNumber($0)) }),
    ])
  }
}

extension MultipleChoice.Choice {
  /// `{"choice", "score", "scores"}`.
  public var json: JSON {
    .object([
      "choice": .number(JSONNumber(choice)), "score": .number(JSONNumber(score)),
      "scores": .array(scores.map { .number(JSONNumber($0)) }),
    ])
  }
}

extension Reranker.Ranked {
  /// `{"corpus_id", "score", "text"}`.
  public var json: JSON {
    .object([
      "corpus_id": .number(JSONNumber(corpusId)), "score": .number(JSONNumber(score)), "text": .string(text),
    ])
  }
}
