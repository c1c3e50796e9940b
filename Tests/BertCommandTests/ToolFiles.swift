// SPDX-License-Identifier: Apache-2.0
import Checkpoints
import Glibc
import StrictJSON

/// Files under `Tests/Goldens`, made by `scripts/make-goldens`.
enum Goldens {
  static let root = #filePath.split(separator: "/").dropLast(2).reduce("") { $0 + "/" + $1 } + "/Goldens"

  static func path(_ name: String) -> String { root + "/" + name }

  static func folders(_ name: String) -> [String] { entries(path(name)) }

  static func bytes(_ name: String) throws -> [UInt8] { try BoundedFile.read(path: path(name), limit: 1 << 26) }

  /// `text` of each line of a JSONL file.
  static func texts(_ name: String) throws -> [String] {
    try bytes(name).split(separator: 0x0A).compactMap { try JSON.parse(Array($0))["text"]?.stringValue }
  }
}

/// Names in a folder, hidden ones too, without `.` and `..`.
func entries(_ path: String) -> [String] {
  guard let directory = opendir(path) else { return [] }
  defer { closedir(directory) }
  var names: [String] = []
  while let entry = readdir(directory) {
    let name = withUnsafeBytes(of: entry.pointee.d_name) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
    if name != ".", name != ".." { names.append(name) }
  }
  return names.sorted()
}

/// A folder that goes away with the value.
final class TemporaryFolder {
  let path: String

  init() throws {
    var template = Array("/tmp/bert-command-test-XXXXXX".utf8CString)
    guard mkdtemp(&template) != nil else { throw ToolProcess.Failure(description: "no temporary folder") }
    path = String(decoding: template.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }

  deinit { TemporaryFolder.remove(path) }

  func file(_ name: String) -> String { path + "/" + name }

  func write(_ text: String, to name: String) throws { try AtomicFile.write(Array(text.utf8), to: file(name)) }

  /// Writes a file into folders of this one, made where they are missing.
  func add(_ bytes: [UInt8], to name: String) throws {
    var folder = path
    for part in name.split(separator: "/").dropLast() {
      folder += "/\(part)"
      mkdir(folder, 0o755)
    }
    try AtomicFile.write(bytes, to: file(name))
  }

  /// Copies a golden folder's files, not its folders.
  func copy(golden: String) throws {
    for name in Goldens.folders(golden) where Goldens.folders(golden + "/" + name).isEmpty {
      try AtomicFile.write(Goldens.bytes(golden + "/" + name), to: file(name))
    }
  }

  private static func remove(_ path: String) {
    for name in entries(path) {
      if unlink(path + "/" + name) != 0 { remove(path + "/" + name) }
    }
    rmdir(path)
  }
}

extension JSON {
  static func lines(_ bytes: [UInt8]) throws -> [JSON] {
    try bytes.split(separator: 0x0A).map { try JSON.parse(Array($0)) }
  }

  var doubles: [Double]? { arrayValue.map { $0.compactMap(\.doubleValue) } }
  var integers: [Int]? { arrayValue.map { $0.compactMap(\.intValue) } }
}

/// A line of JSONL.
func line(_ object: JSONObject) -> [UInt8] { Array((JSON.object(object).serialized() + "\n").utf8) }
