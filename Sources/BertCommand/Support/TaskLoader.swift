// SPDX-License-Identifier: Apache-2.0
import BERT
import Tokenizers

/// Brings a model with a head to a device.
enum TaskLoader {
  struct Loaded {
    let model: any LogitsModel
    let tokenizer: BertTokenizer
  }

  /// - Throws: `CommandError.task`: no head is computed yet.
  static func load(_ directory: String, head: BertHead, on engine: Engine) async throws -> Loaded {
    throw CommandError.task(head.rawValue)
  }
}
