// SPDX-License-Identifier: Apache-2.0

/// The names that files of a checkpoint directory have.
enum CheckpointFiles {
  /// Files that a save replaces as a whole: an old tokenizer must not stand beside a new vocabulary.
  private static let small: Set<String> = [
    "config.json", "generation_config.json", "tokenizer.json", "tokenizer_config.json", "special_tokens_map.json",
    "vocab.txt", "added_tokens.json", "modules.json", "sentence_bert_config.json",
    "config_sentence_transformers.json", "optimizer.safetensors", "trainer_state.json",
  ]

  /// Whether a file belongs to the checkpoint in a directory, and goes when another one takes its place.
  static func contains(_ name: String) -> Bool { small.contains(name) || isWeights(name) }

  /// `model.safetensors`, `pytorch_model.bin`, their shards and indexes.
  static func isWeights(_ name: String) -> Bool {
    var name = Substring(name)
    if name.hasSuffix(".index.json") { name = name.dropLast(11) }
    for (stem, ending) in [("model", ".safetensors"), ("pytorch_model", ".bin")]
    where name.hasPrefix(stem) && name.hasSuffix(ending) && name.utf8.count >= stem.utf8.count + ending.utf8.count {
      let middle = name.dropFirst(stem.count).dropLast(ending.count)
      return middle.isEmpty || middle.utf8.allSatisfy { "-0123456789of".utf8.contains($0) }
    }
    return false
  }

  /// `model.safetensors`, or `model-00001-of-00002.safetensors`.
  static func shard(_ index: Int, of count: Int) -> String {
    func padded(_ number: Int) -> String {
      let digits = String(number)
      return String(repeating: "0", count: max(0, 5 - digits.count)) + digits
    }
    return count == 1 ? Checkpoint.singleFile : "model-\(padded(index + 1))-of-\(padded(count)).safetensors"
  }
}
