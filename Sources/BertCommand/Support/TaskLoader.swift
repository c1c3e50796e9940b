// SPDX-License-Identifier: Apache-2.0
import BERT
import Tokenizers

/// Brings a model with a head to a device.
enum TaskLoader {
  struct Loaded {
    let model: any LogitsModel
    let tokenizer: BertTokenizer
  }

  /// - Throws: `CommandError.head`: no head is computed yet.
  static func load(_ directory: String, head: TaskHead, on engine: Engine) async throws -> Loaded {
    throw CommandError.head(head)
  }
}
