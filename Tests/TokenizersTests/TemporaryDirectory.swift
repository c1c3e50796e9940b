// SPDX-License-Identifier: Apache-2.0

import Glibc

/// A directory that goes with its owner.
final class TemporaryDirectory {
  let path: String

  init() throws {
    var template = Array("/tmp/tokenizers-XXXXXX".utf8CString)
    let made = template.withUnsafeMutableBufferPointer { buffer in
      buffer.baseAddress.flatMap { mkdtemp($0) }.map { String(cString: $0) }
    }
    struct NoDirectory: Error {}
    guard let made else { throw NoDirectory() }
    path = made
  }

  deinit {
    for name in ["tokenizer.json", "vocab.txt", "tokenizer_config.json", "special_tokens_map.json"] {
      unlink(path + "/" + name)
      rmdir(path + "/" + name)
    }
    rmdir(path)
  }

  func write(_ name: String, _ bytes: some Sequence<UInt8>) {
    guard let file = fopen(path + "/" + name, "w") else { return }
    let array = Array(bytes)
    fwrite(array, 1, array.count, file)
    fclose(file)
  }
}
