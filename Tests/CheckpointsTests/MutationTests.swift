// SPDX-License-Identifier: Apache-2.0

import Checkpoints
import StrictJSON
import TestSupport
import Testing

/// 200,000 broken files. Each is refused with a typed error or read in full; none traps (which would end the run), takes
/// a second, or is read differently from what it says. The seeds are fixed, so a failure can be repeated.
@Suite struct MutationTests {
  private static let words = [
    "\"dtype\"", "\"shape\"", "\"data_offsets\"", "\"__metadata__\"", "\"F64\"", "\"BF16\"", "\"BOOL\"", "[", "]", "{",
    "}",
    ",", ":", "0", "-1", "1e3", "0.5", "4294967296", "9223372036854775807", "18446744073709551615", "null", "\"\"",
    "\\u0000", "\\ud800", "[[[[", "\u{FEFF}", "\"weight_map\"", "\"../a\"", "\"/etc/passwd\"", "NaN",
  ]

  private static let small =
    safetensors(
      "{\"__metadata__\":{\"format\":\"pt\"},\"a\":{\"dtype\":\"F32\",\"shape\":[2,1],\"data_offsets\":[0,8]},"
        + "\"b\":{\"dtype\":\"BF16\",\"shape\":[3],\"data_offsets\":[8,14]},"
        + "\"c\":{\"dtype\":\"U8\",\"shape\":[],\"data_offsets\":[14,15]}}", dataBytes: 15)

  /// Mutates one of `originals` again and again and times each use of the result.
  static func run(
    _ count: Int, seed: UInt64, _ originals: [[UInt8]], dictionary: [String] = words, body: ([UInt8]) throws -> Bool
  ) throws -> (accepted: Int, slowest: Duration) {
    var generator = SeededGenerator(seed: seed)
    var accepted = 0
    var slowest = Duration.zero
    for _ in 0..<count {
      let original = originals.randomElement(using: &generator) ?? []
      let bytes = mutate(original, dictionary: dictionary, using: &generator)
      let start = ContinuousClock.now
      if try body(bytes) { accepted += 1 }
      slowest = max(slowest, start.duration(to: .now))
    }
    return (accepted, slowest)
  }

  @Test(arguments: 1...4) func safetensorsFiles(seed: UInt64) throws {
    try withTemporaryDirectory { directory in
      let (accepted, slowest) = try Self.run(20_000, seed: seed, [Self.small, GoldenFiles.everyType]) { bytes in
        let path = directory.write("model.safetensors", bytes)
        do throws(CheckpointError) {
          let file = try SafetensorsFile(path: path)
          #expect(file.totalBytes <= bytes.count)
          try readEverything(file)
          return true
        } catch {
          #expect(error.description.hasPrefix(path))
          return false
        }
      }
      // Mutations that only touch data or metadata leave a good file; a run without any would test nothing but refusals.
      #expect(accepted > 100 && accepted < 19_000)
      #expect(slowest < .seconds(1))
    }
  }

  /// Headers alone, with the length kept right, so that the mutations reach the fields.
  @Test(arguments: 5...6) func safetensorsHeaders(seed: UInt64) throws {
    try withTemporaryDirectory { directory in
      let header = Array(Self.small[8..<Self.small.count - 15])
      let (accepted, slowest) = try Self.run(20_000, seed: seed, [header]) { bytes in
        let path = directory.write("model.safetensors", safetensors(bytes, data: Array(repeating: 1, count: 15)))
        do throws(CheckpointError) {
          let file = try SafetensorsFile(path: path)
          #expect(file.totalBytes == 15)
          try readEverything(file)
          return true
        } catch {
          return false
        }
      }
      #expect(accepted > 100)
      #expect(slowest < .seconds(1))
    }
  }

  @Test func indexes() throws {
    try withTemporaryDirectory { directory in
      directory.write("s1", Self.small)
      directory.write(
        "s2", safetensors("{\"d\":{\"dtype\":\"I64\",\"shape\":[1],\"data_offsets\":[0,8]}}", dataBytes: 8))
      let text =
        "{\"metadata\":{\"total_size\":23},\"weight_map\":{\"a\":\"s1\",\"b\":\"s1\",\"c\":\"s1\",\"d\":\"s2\"}}"
      let (accepted, slowest) = try Self.run(30_000, seed: 7, [Array(text.utf8)]) { bytes in
        directory.write("model.safetensors.index.json", bytes)
        do throws(CheckpointError) {
          let checkpoint = try Checkpoint(directory: directory.path)
          // Whatever the index says, only files beside it are opened.
          #expect(Set(checkpoint.files).isSubset(of: ["\(directory.path)/s1", "\(directory.path)/s2"]))
          return true
        } catch {
          return false
        }
      }
      #expect(accepted > 100)
      #expect(slowest < .seconds(1))
    }
  }

  @Test func configurations() throws {
    let text = """
      {"architectures": ["BertForMaskedLM"], "hidden_act": "gelu", "layer_norm_eps": 1e-12, "hidden_size": 768,
       "id2label": {"0": "LABEL_0", "1": "\\u00e9\\ud83d\\ude00"}, "pruned_heads": {"3": [0, 11]}, "use_cache": true,
       "classifier_dropout": null, "initializer_range": 0.02, "torch_dtype": "float32", "k": [[], {}, -0.0, 1E+5]}
      """
    let loose = JSONLimits(allowsNonFinite: true, loneSurrogates: .replace)
    let (accepted, slowest) = try Self.run(50_000, seed: 8, [Array(text.utf8)]) { bytes in
      do throws(JSONError) {
        let json = try JSON.parse(bytes)
        // What is accepted survives being written and read, and the looser reading says the same.
        #expect(try JSON.parse(json.serialized()) == json)
        #expect(try JSON.parse(json.serialized(pretty: true)) == json)
        #expect(try JSON.parse(bytes, limits: loose) == json)
        return true
      } catch {
        return false
      }
    }
    #expect(accepted > 1000)
    #expect(slowest < .seconds(1))
  }
}
