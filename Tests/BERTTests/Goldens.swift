// SPDX-License-Identifier: Apache-2.0
import BERT
import Checkpoints
import GoldenCases
import StrictJSON

/// Files under `Tests/Goldens`, made by `scripts/make-goldens`.
enum Goldens {
  static let root = #filePath.split(separator: "/").dropLast(2).reduce("") { $0 + "/" + $1 } + "/Goldens"

  static func path(_ name: String) -> String { root + "/" + name }

  static func folders(_ name: String) -> [String] { entries(path(name)) }

  /// What is in a directory, without hidden files, sorted; nothing if it is none.
  static func entries(_ path: String) -> [String] { folderEntries(path) }

  static func json(_ path: String) throws -> JSON {
    try JSON.parse(BoundedFile.read(path: path, limit: 1 << 24))
  }

  /// Lines of a JSONL file: `text` of each.
  static func texts(_ path: String) throws -> [String] {
    try BoundedFile.read(path: path, limit: 1 << 24).split(separator: UInt8(ascii: "\n")).compactMap {
      try JSON.parse(Array($0))["text"]?.stringValue
    }
  }

  /// Arguments of a forward call.
  static func arguments(_ path: String) throws -> ForwardArguments {
    try ForwardArguments(SafetensorsFile(path: path), file: path)
  }

  static func input(_ path: String) throws -> BertInput { try arguments(path).input }
}
