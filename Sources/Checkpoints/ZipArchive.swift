// SPDX-License-Identifier: Apache-2.0

import StrictJSON

/// The directory of a zip archive as `torch.save` writes it, checked in full: every entry stored as it is, none encrypted,
/// doubled or overlapping, each header in front of the bytes as the directory says.
///
/// Source: APPNOTE.TXT 6.3.10 (PKWARE), sections 4.3 and 4.5.3 (Zip64). Accepted is what torch writes and what plain tools
/// make of it: no comment after the end record, no bytes before the first entry's offset that the directory does not know.
struct ZipArchive: Sendable {
  /// Paths in the archive, in the directory's order.
  private(set) var names: [String] = []
  private(set) var records: [StorageRecord] = []
  private(set) var table = KeyTable()

  /// As many as there may be tensors, and those that describe them.
  static let entryLimit = SafetensorsHeader.tensorLimit + 100

  /// - Throws: `CheckpointError.archive`, `.file`.
  init(_ file: SharedFile) throws(CheckpointError) {
    func failed(_ error: ArchiveError) -> CheckpointError { .archive(file: file.path, error: error) }
    let directory = try ZipEnd(file).directory
    var window = ByteWindow(file, directory.range)
    var headers: [Int] = []
    while window.remaining > 0 {
      guard names.count < Self.entryLimit else { throw failed(.tooManyEntries(limit: Self.entryLimit)) }
      let header = try ZipHeader(&window, index: names.count, file: file.path)
      names.append(header.name)
      guard table.insert(records.count, keys: names) == nil else { throw failed(.doubled(entry: header.name)) }
      let begin = try header.dataOffset(in: file, end: directory.range.lowerBound)
      records.append(StorageRecord(offset: begin, byteCount: header.size, checksum: header.checksum))
      headers.append(header.offset)
    }
    guard names.count == directory.count else {
      throw failed(.wrongEntryCount(expected: directory.count, found: names.count))
    }
    var end = 0
    var previous = 0
    for index in headers.indices.sorted(by: { headers[$0] < headers[$1] }) {
      guard headers[index] >= end else { throw failed(.overlap(entry: names[index], other: names[previous])) }
      end = records[index].offset + records[index].byteCount
      previous = index
    }
  }

  /// The index of an entry; nil if there is none of that name.
  func find(_ name: String) -> Int? { table.find(name, keys: names) }
}

/// The records at the end of an archive: where the directory is.
private struct ZipEnd {
  var directory: (range: Range<Int>, count: Int)

  private static let size = 22
  private static let locatorSize = 20
  private static let wideSize = 56

  init(_ file: SharedFile) throws(CheckpointError) {
    func failed(_ error: ArchiveError) -> CheckpointError { .archive(file: file.path, error: error) }
    func number(_ value: UInt64, _ field: String) throws(CheckpointError) -> Int {
      guard let number = Int(exactly: value) else {
        throw failed(.numberTooLarge(entry: nil, field: field, value: value))
      }
      return number
    }
    let place = file.size - Self.size
    guard place >= 0 else { throw failed(.noEndRecord) }
    let end = try file.bytes(place..<file.size)
    // The last two bytes are the length of a comment.
    guard end.number(0, 4) == 0x0605_4B50, end.number(20, 2) == 0 else { throw failed(.noEndRecord) }
    guard end.number(4, 2) == 0, end.number(6, 2) == 0 else { throw failed(.severalDisks) }
    var (count, size, begin) = (end.number(10, 2), end.number(12, 4), end.number(16, 4))
    guard end.number(8, 2) == count else { throw failed(.endRecordsDiffer(field: "number of entries")) }
    var limit = place

    let locatorPlace = place - Self.locatorSize
    let locator = locatorPlace >= 0 ? try file.bytes(locatorPlace..<place) : []
    if !locator.isEmpty, locator.number(0, 4) == 0x0706_4B50 {
      guard locator.number(4, 4) == 0, locator.number(16, 4) == 1 else { throw failed(.severalDisks) }
      limit = try number(locator.number(8, 8), "end record offset")
      let (wideEnd, overflow) = limit.addingReportingOverflow(Self.wideSize)
      guard !overflow, wideEnd <= locatorPlace else { throw failed(.noEndRecord) }
      let wide = try file.bytes(limit..<wideEnd)
      // The record's length counts from byte 12 on; it may have an extension, which nobody writes.
      guard wide.number(0, 4) == 0x0606_4B50, wide.number(4, 8) == UInt64(locatorPlace - limit - 12) else {
        throw failed(.noEndRecord)
      }
      guard wide.number(16, 4) == 0, wide.number(20, 4) == 0 else { throw failed(.severalDisks) }
      // The older record repeats a number, or says with all ones that it has no room for it.
      let wideNumbers = (wide.number(32, 8), wide.number(40, 8), wide.number(48, 8))
      guard wide.number(24, 8) == wideNumbers.0, count == 0xFFFF || count == wideNumbers.0 else {
        throw failed(.endRecordsDiffer(field: "number of entries"))
      }
      guard size == 0xFFFF_FFFF || size == wideNumbers.1 else { throw failed(.endRecordsDiffer(field: "size")) }
      guard begin == 0xFFFF_FFFF || begin == wideNumbers.2 else { throw failed(.endRecordsDiffer(field: "offset")) }
      (count, size, begin) = wideNumbers
    }
    let (first, bytes) = (try number(begin, "directory offset"), try number(size, "directory size"))
    let (last, overflow) = first.addingReportingOverflow(bytes)
    guard !overflow, last == limit else {
      throw failed(.directoryOutside(begin: first, count: bytes, end: limit))
    }
    directory = (first..<last, try number(count, "number of entries"))
  }
}

extension [UInt8] {
  /// A little-endian integer of `width` bytes; the caller has checked the bounds.
  func number(_ offset: Int, _ width: Int) -> UInt64 {
    (0..<width).reduce(0) { $0 | UInt64(self[offset + $1]) << UInt64(8 * $1) }
  }
}
