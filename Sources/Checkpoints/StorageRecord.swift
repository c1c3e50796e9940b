// SPDX-License-Identifier: Apache-2.0

import StrictJSON

/// Where the bytes of a storage lie in a PyTorch file, and what they add up to.
struct StorageRecord: Sendable {
  var offset: Int
  var byteCount: Int
  /// Nil in the legacy format, which has none.
  var checksum: UInt32?
}

/// The records of a file by the keys that its pickle calls them by.
struct StorageRecords: Sendable {
  let records: [StorageRecord]
  private let names: [String]
  private let table: KeyTable
  // Before each key in `names`.
  private let prefix: String

  init(_ records: [StorageRecord], names: [String], table: KeyTable, prefix: String) {
    (self.records, self.names, self.table, self.prefix) = (records, names, table, prefix)
  }

  /// The index of the record of a storage; nil if there is none.
  func find(_ key: String) -> Int? { table.find(prefix + key, keys: names) }

  /// A record's name, for messages.
  func name(_ index: Int) -> String { names[index] }
}

extension StorageRecord {
  // Fits in a second level cache.
  private static let pieceBytes = 256 << 10

  /// Reads all of the record and compares its checksum.
  ///
  /// - Throws: `CheckpointError.archive` with `.badChecksum`; `.file`.
  func verify(_ file: SharedFile, name: String) throws(CheckpointError) {
    guard checksum != nil else { return }
    let piece = UnsafeMutableRawBufferPointer.allocate(byteCount: min(Self.pieceBytes, byteCount), alignment: 16)
    defer { piece.deallocate() }
    try verify(file, name: name) { done in
      UnsafeMutableRawBufferPointer(rebasing: piece[..<min(piece.count, byteCount - done)])
    }
  }

  /// Reads all of the record into `buffer`, which is as large, and compares its checksum.
  ///
  /// - Throws: as `verify`; the buffer's contents are then of no use.
  func read(_ file: SharedFile, name: String, into buffer: UnsafeMutableRawBufferPointer) throws(CheckpointError) {
    try verify(file, name: name) { done in
      UnsafeMutableRawBufferPointer(rebasing: buffer[done..<min(done + Self.pieceBytes, buffer.count)])
    }
  }

  private func verify(
    _ file: SharedFile, name: String, into target: (_ done: Int) -> UnsafeMutableRawBufferPointer
  ) throws(CheckpointError) {
    var sum = CRC32()
    var done = 0
    while done < byteCount {
      let piece = target(done)
      try file.read(into: piece, at: offset + done)
      sum.update(UnsafeRawBufferPointer(piece))
      done += piece.count
    }
    guard let checksum, sum.value != checksum else { return }
    throw .archive(file: file.path, error: .badChecksum(entry: name, expected: checksum, found: sum.value))
  }
}
