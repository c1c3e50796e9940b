// SPDX-License-Identifier: Apache-2.0
import BERT
import Tokenizers

/// Brings a model with a head to a device.
enum TaskLoader {
  struct Loaded {
    let model: any LogitsModel
    let tokenizer: BertTokenizer
  }

  /// - Throws: what reading the checkpoint and its tokenizer throws; the device's error.
  static func load(_ directory: String, head: BertHead, on engine: Engine) async throws -> Loaded {
    let folder = try SentenceHead.transformerPath(in: directory)
    let model = try await BertNetwork.fromPretrained(folder, head: head, on: engine)
    let tokenizer = try BertTokenizer.fromPretrained(folder)
    guard tokenizer.vocabularySize <= model.config.vocabSize else {
      throw BertError.vocabularyMismatch(tokenizer: tokenizer.vocabularySize, embeddings: model.config.vocabSize)
    }
    return Loaded(model: model, tokenizer: tokenizer)
  }
}
