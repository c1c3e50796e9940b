// SPDX-License-Identifier: Apache-2.0

import Checkpoints
import TestSupport
import Testing

/// 200,000 broken PyTorch files, as `MutationTests` does for safetensors.
@Suite struct PyTorchMutationTests {
  private static let words = [
    "PK\u{1}\u{2}", "PK\u{3}\u{4}", "PK\u{5}\u{6}", "cos\nsystem\n", "ctorch\nLongStorage\n", "X\u{1}\u{0}\u{0}\u{0}w",
    "ctorch._utils\n_rebuild_parameter\n", "ccollections\nOrderedDict\n", "(", "t", "R", "Q", "}", "]", "a", "e", "s",
    "u",
    "b", ")", ".", "N", "q\u{0}", "h\u{0}", "h\u{1}", "h\u{5}", "K\u{0}", "K\u{2}", "J\u{0}\u{0}\u{0}\u{0}", "archive/",
    "data/1", "\u{0}", "\u{1}", "\u{7F}",
  ]

  /// Opens a file and reads all of it, in whole tensors and in pieces.
  private static func use(_ path: String, _ count: Int) throws -> Bool {
    do throws(CheckpointError) {
      let file = try PyTorchFile(path: path)
      for name in file.tensorNames {
        let info = try file.existingTensor(named: name)
        // What is accepted is never larger than the file, whatever it repeats.
        #expect(info.byteCount <= count)
      }
      try readEverything(file)
      return true
    } catch {
      #expect(error.description.hasPrefix(path))
      return false
    }
  }

  private static func run(_ count: Int, seed: UInt64, _ originals: [[UInt8]], wrap: ([UInt8]) -> [UInt8] = { $0 })
    throws
  {
    try withTemporaryDirectory { directory in
      let (accepted, slowest) = try MutationTests.run(count, seed: seed, originals, dictionary: words) { bytes in
        let whole = wrap(bytes)
        return try use(directory.write("pytorch_model.bin", whole), whole.count)
      }
      #expect(accepted > count / 200 && accepted < count * 19 / 20)
      #expect(slowest < .seconds(1))
    }
  }

  /// Both formats as torch writes them; most mutations of an archive are found by its checksums.
  @Test(arguments: 1...4) func files(seed: UInt64) throws {
    let names = [
      "zip-cuda", "zip-zip64-directory", "legacy-cuda", "legacy-python-2", "legacy-views", "legacy-protocol-4",
    ]
    try Self.run(25_000, seed: seed, try names.map { try Bins.bytes("good/\($0).bin") })
  }

  /// Pickles in an archive whose checksums are right.
  @Test(arguments: 5...6) func pickles(seed: UInt64) throws {
    try Self.run(50_000, seed: seed, [PickleAssembler.shared(["a", "b"]), PickleAssembler.shared([])]) {
      PickleAssembler.archive($0, records: [("0", 24), ("1", 8)])
    }
  }
}
