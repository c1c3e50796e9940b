// SPDX-License-Identifier: Apache-2.0

/// Where a checkpoint's parts lie in its zip archive: `<name>/data.pkl`, `<name>/data/<key>`, and small records about the
/// format.
///
/// Source: torch/serialization.py, `_save`; caffe2/serialize/inline_container.h (versions).
struct ZipLayout {
  let records: StorageRecords
  /// The pickle's bytes in the file, their checksum checked.
  let pickle: Range<Int>

  // What torch 2 reads; 3 is what it writes.
  private static let versions = 1...10

  /// - Throws: `CheckpointError.archive`, `.pytorch`, `.pickle` with `.tooLong`, `.file`.
  init(_ file: SharedFile) throws(CheckpointError) {
    let archive = try ZipArchive(file)
    func failed(_ error: PyTorchError) -> CheckpointError { .pytorch(file: file.path, error: error) }
    // The folder that all entries are in is named after the file that was saved first, or "archive".
    let folder = archive.names.first?.split(separator: "/", maxSplits: 1).first.map(String.init) ?? ""
    func record(_ name: String) throws(CheckpointError) -> StorageRecord? {
      guard let index = archive.find("\(folder)/\(name)") else { return nil }
      let record = archive.records[index]
      guard record.byteCount <= PickleMachine.byteLimit else {
        throw .pickle(file: file.path, offset: record.offset, error: .tooLong(limit: PickleMachine.byteLimit))
      }
      try record.verify(file, name: archive.names[index])
      return record
    }
    func text(_ name: String) throws(CheckpointError) -> String? {
      guard let record = try record(name) else { return nil }
      let bytes = try file.bytes(record.offset..<record.offset + min(record.byteCount, 16))
      return String(decoding: bytes.filter { $0 > 0x20 }, as: UTF8.self)
    }
    guard archive.find("\(folder)/constants.pkl") == nil else { throw failed(.torchScript) }
    guard let pickle = try record("data.pkl") else {
      throw .archive(file: file.path, error: .missing(entry: "\(folder)/data.pkl"))
    }
    // Absent before torch 2.1, which knew only little-endian files.
    if let order = try text("byteorder"), order != "little" { throw failed(.bigEndian) }
    if let version = try text("version") {
      guard let number = Int(version), Self.versions.contains(number) else {
        throw failed(.unsupportedVersion(version))
      }
    }
    self.pickle = pickle.offset..<pickle.offset + pickle.byteCount
    records = StorageRecords(
      archive.records, names: archive.names, table: archive.table, prefix: "\(folder)/data/")
  }
}
