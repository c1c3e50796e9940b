// SPDX-License-Identifier: Apache-2.0
import Tokenizers

/// Why a task refuses an input or an option. The sentence is in `description`.
public enum TaskError: Error, Equatable, Sendable {
  // Inputs.
  /// A text that is empty where Hugging Face's pipeline refuses it, too.
  case empty(field: String)
  /// A text for `FillMask` in which nothing is masked.
  case noMask(token: String)
  /// More tokens, special ones included, than the model has positions.
  case tooLong(tokens: Int, limit: Int)
  case tokenizer(TokenizerError)
  /// The refusal of one input of several.
  indirect case input(index: Int, TaskError)

  // Options.
  case option(String, String)
  /// None of the targets of `FillMask` has a token.
  case noTargets
  case hypothesisTemplate(String)

  // Models.
  /// A tokenizer that cannot mask.
  case noMaskToken
  /// A model with another head than the task's.
  case head(BertHead, wanted: BertHead)
  /// A head of another width than the task's.
  case labelCount(found: Int, wanted: Int)
  case logits(rows: Int, columns: Int, wantedRows: Int, wantedColumns: Int)
}

extension TaskError: CustomStringConvertible {
  public var description: String {
    switch self {
    case .empty(let field): "\"\(field)\" is empty"
    case .noMask(let token): "the text has no \(token); put one where a token is to be found"
    case .tooLong(let tokens, let limit):
      "the text has \(tokens) tokens, the model takes \(limit); shorten it or ask for truncation"
    case .tokenizer(let error): "\(error)"
    case .input(let index, let error): "input \(index): \(error)"
    case .option(let name, let what): "\(name) \(what)"
    case .noTargets: "none of the targets has a token; name others"
    case .hypothesisTemplate(let template):
      "the hypothesis template \"\(template)\" must have exactly one {}, where the label goes"
    case .noMaskToken: "the tokenizer has no mask token, so it cannot serve to fill masks"
    case .head(let head, let wanted):
      "the model is a \(head.architecture), where this task needs a \(wanted.architecture)"
    case .labelCount(let found, let wanted):
      "the model has \(found) label\(found == 1 ? "" : "s"), where this task needs \(wanted)"
    case .logits(let rows, let columns, let wantedRows, let wantedColumns):
      "the model gave logits [\(rows), \(columns)], where this task needs [\(wantedRows), \(wantedColumns)]; "
        + "is it a model for another task?"
    }
  }
}
