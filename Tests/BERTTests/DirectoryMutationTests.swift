// SPDX-License-Identifier: Apache-2.0
import BERT
import Checkpoints
import StrictJSON
import TestSupport
import Testing
import Tokenizers

/// Thousands of slightly broken model directories: each loads or is refused with a typed error, and none traps. The seed
/// is the number in a failure's message.
@Suite struct DirectoryMutationTests {
  private static let words = [
    "null", "true", "-1", "0", "1e999", "NaN", "9223372036854775807", "18446744073709551616", "\"\"", "[]", "{}",
    "\"..\"", "\"/\"", "\\u0000", "\\ud800", "\"hidden_size\": 3,", "\"gelu\"", "\"pooling_mode\": \"mean\",",
    "\"id2label\": {\"0\": \"a\"},", "\"pruned_heads\": {\"0\": [1]},", "2_Dense", "1_Pooling",
  ]

  /// Whether an error is one that a caller of this library is told about.
  private static func isTyped(_ error: any Error) -> Bool {
    error is BertError || error is TokenizerError || error is CheckpointError
  }

  @Test(arguments: [
    "config.json", "modules.json", "1_Pooling/config.json", "2_Dense/config.json", "tokenizer_config.json",
  ]) func configurations(name: String) throws {
    let folder = try ModelFolder(golden: "sentence/dense-normalize")
    let original = try folder.bytes(name)
    var accepted = 0
    for seed in 0..<1500 {
      var generator = SeededGenerator(seed: UInt64(seed))
      try folder.write(name, mutate(original, dictionary: Self.words, using: &generator))
      do throws(BertError) {
        _ = try BertConfig.fromPretrained(folder.path)
        _ = try SentenceHead(directory: folder.path)
        accepted += 1
      } catch {
        #expect("\(error)".contains(folder.path), "seed \(seed)")
      }
    }
    // Were everything refused, or nothing, the mutations would show nothing.
    #expect((15..<1485).contains(accepted), "\(accepted)")
  }

  @Test(arguments: ["config.json", "modules.json", "model.safetensors", "vocab.txt", "2_Dense/model.safetensors"])
  func wholeDirectories(name: String) async throws {
    let folder = try ModelFolder(golden: "sentence/dense-normalize")
    let original = try folder.bytes(name)
    var accepted = 0
    for seed in 0..<400 {
      var generator = SeededGenerator(seed: UInt64(seed))
      try folder.write(name, mutate(original, dictionary: Self.words, using: &generator))
      let error = await thrown {
        let encoder = try await SentenceEncoder.fromPretrained(folder.path, on: .cpu)
        let vectors = try await encoder.encode(["a few words", ""])
        #expect(vectors.allSatisfy { $0.count == encoder.dimension }, "seed \(seed)")
        accepted += 1
      }
      if let error { #expect(Self.isTyped(error), "seed \(seed): \(error)") }
    }
    #expect((1..<400).contains(accepted), "\(accepted)")
  }
}
