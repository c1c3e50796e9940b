// SPDX-License-Identifier: Apache-2.0

import Checkpoints

/// PyTorch files made in a test: scripts/make-bad-bins.py in a few lines.
enum PickleAssembler {
  static func text(_ text: String) -> [UInt8] {
    [0x58] + withUnsafeBytes(of: UInt32(text.utf8.count).littleEndian) { Array($0) } + Array(text.utf8)
  }

  /// A tensor of six floats, from storage "0".
  static let tensor =
    line("torch._utils", "_rebuild_tensor_v2") + ascii("((") + text("storage") + line("torch", "FloatStorage")
    + text("0") + text("cpu") + [0x4B, 6] + ascii("tQ") + [
      0x4B, 0, 0x4B, 2, 0x4B, 3, 0x86, 0x4B, 3, 0x4B, 1, 0x86, 0x89,
    ]
    + line("collections", "OrderedDict") + ascii(")RtR")

  /// A dictionary with `tensor` under "w" and under `names` too.
  static func shared(_ names: some Sequence<String>) -> [UInt8] {
    var bytes = [0x80, 2] + ascii("}(") + text("w") + tensor + [0x71, 0]
    for name in names { bytes += text(name) + [0x68, 0] }
    return bytes + ascii("u.")
  }

  /// A zip archive with a pickle and records of zeros, all checksums right.
  static func archive(_ pickle: [UInt8], records: [(String, Int)] = [("0", 24)]) -> [UInt8] {
    var entries = [("data.pkl", pickle)]
    for (key, count) in records { entries.append(("data/\(key)", [UInt8](repeating: 0, count: count))) }
    var (bytes, directory): ([UInt8], [UInt8]) = ([], [])
    for (name, data) in entries {
      let path = Array("archive/\(name)".utf8)
      var checksum = CRC32()
      data.withUnsafeBytes { checksum.update($0) }
      let header =
        number(0x800, 2) + number(0, 2) + number(0, 4) + number(checksum.value, 4) + number(UInt32(data.count), 4)
        + number(UInt32(data.count), 4) + number(UInt32(path.count), 2) + number(0, 2)
      directory +=
        number(0x0201_4B50, 4) + number(0, 4) + header + number(0, 10) + number(UInt32(bytes.count), 4) + path
      bytes += number(0x0403_4B50, 4) + number(0, 2) + header + path + data
    }
    let count = number(UInt32(entries.count), 2)
    return bytes + directory + number(0x0605_4B50, 4) + number(0, 4) + count + count
      + number(UInt32(directory.count), 4) + number(UInt32(bytes.count), 4) + number(0, 2)
  }

  private static func line(_ module: String, _ name: String) -> [UInt8] { ascii("c\(module)\n\(name)\n") }
  private static func ascii(_ text: String) -> [UInt8] { Array(text.utf8) }
  private static func number(_ value: UInt32, _ width: Int) -> [UInt8] {
    (0..<width).map { $0 < 4 ? UInt8(truncatingIfNeeded: value >> UInt32(8 * $0)) : 0 }
  }
}
