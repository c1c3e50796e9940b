// SPDX-License-Identifier: Apache-2.0

import StrictJSON

/// One entry of a zip directory, checked alone and against the header in front of its bytes.
struct ZipHeader {
  private(set) var name: String
  private(set) var size: Int
  private(set) var checksum: UInt32
  /// Where the local header begins in the file.
  private(set) var offset: Int

  private let rawName: [UInt8]
  private let flags: UInt16
  private let file: String

  private static let fixedSize = 46
  private static let localSize = 30
  /// Encrypted, strongly encrypted, local header masked.
  private static let encryptionFlags: UInt16 = 1 | 1 << 6 | 1 << 13
  /// Sizes and checksum follow the bytes, and may be 0 in front of them. torch writes all its entries so.
  private static let descriptorFlag: UInt16 = 1 << 3

  /// Reads the directory's next entry.
  ///
  /// - Throws: `CheckpointError.archive`, `.file`.
  init(_ window: inout ByteWindow, index: Int, file: String) throws(CheckpointError) {
    func failed(_ error: ArchiveError) -> CheckpointError { .archive(file: file, error: error) }
    self.file = file
    guard let fixed = try window.bytes(Self.fixedSize), fixed.number(0, 4) == 0x0201_4B50,
      let rawName = try window.bytes(Int(fixed.number(28, 2))),
      let extra = try window.bytes(Int(fixed.number(30, 2))),
      try window.bytes(Int(fixed.number(32, 2))) != nil
    else { throw failed(.badEntry(index: index)) }
    self.rawName = rawName
    let name = String(decoding: rawName, as: UTF8.self)
    guard Self.isSafe(rawName, name) else { throw failed(.unsafeName(name)) }
    self.name = name
    flags = UInt16(truncatingIfNeeded: fixed.number(8, 2))
    guard flags & Self.encryptionFlags == 0 else { throw failed(.encrypted(entry: name)) }
    let method = Int(fixed.number(10, 2))
    guard method == 0 else { throw failed(.compressed(entry: name, method: method)) }
    guard fixed.number(34, 2) == 0 else { throw failed(.severalDisks) }
    checksum = UInt32(truncatingIfNeeded: fixed.number(16, 4))

    var wide = WideNumbers(extra)
    func resolve(_ value: UInt64, _ field: String) throws(CheckpointError) -> Int {
      guard let number = value == 0xFFFF_FFFF ? wide.next() : value else { throw failed(.badExtraField(entry: name)) }
      guard let result = Int(exactly: number) else {
        throw failed(.numberTooLarge(entry: name, field: field, value: number))
      }
      return result
    }
    // In the order of the extra field.
    size = try resolve(fixed.number(24, 4), "size")
    let compressed = try resolve(fixed.number(20, 4), "size")
    offset = try resolve(fixed.number(42, 4), "offset")
    guard wide.isWellFormed else { throw failed(.badExtraField(entry: name)) }
    guard compressed == size else {
      throw failed(.sizesDiffer(entry: name, compressed: compressed, uncompressed: size))
    }
  }

  /// Compares the header in front of the bytes with this one.
  ///
  /// - Parameter end: where the entries end and the directory begins.
  /// - Returns: where the bytes begin.
  /// - Throws: `CheckpointError.archive`, `.file`.
  func dataOffset(in file: SharedFile, end: Int) throws(CheckpointError) -> Int {
    func failed(_ error: ArchiveError) -> CheckpointError { .archive(file: file.path, error: error) }
    func differs(_ field: String) -> CheckpointError { failed(.localHeaderDiffers(entry: name, field: field)) }
    let (fixedEnd, overflow) = offset.addingReportingOverflow(Self.localSize)
    guard !overflow, fixedEnd <= end else {
      throw failed(.outside(entry: name, end: overflow ? .max : fixedEnd, available: end))
    }
    let fixed = try file.bytes(offset..<fixedEnd)
    guard fixed.number(0, 4) == 0x0403_4B50 else { throw differs("signature") }
    guard fixed.number(6, 2) == flags else { throw differs("flags") }
    guard fixed.number(8, 2) == 0 else { throw differs("method") }
    let extraBegin = fixedEnd + Int(fixed.number(26, 2))
    let begin = extraBegin + Int(fixed.number(28, 2))
    guard begin <= end, size <= end - begin else {
      let (last, overflow) = begin.addingReportingOverflow(size)
      throw failed(.outside(entry: name, end: overflow ? .max : last, available: end))
    }
    guard fixed.number(26, 2) == rawName.count, try file.bytes(fixedEnd..<extraBegin) == rawName else {
      throw differs("name")
    }
    var wide = WideNumbers(try file.bytes(extraBegin..<begin))
    let isLater = flags & Self.descriptorFlag != 0
    func agrees(_ value: UInt64, _ expected: Int) -> Bool {
      let number = value == 0xFFFF_FFFF ? wide.next() : value
      return number == UInt64(expected) || isLater && number == 0
    }
    guard agrees(fixed.number(22, 4), size), agrees(fixed.number(18, 4), size) else { throw differs("size") }
    guard fixed.number(14, 4) == checksum || isLater && fixed.number(14, 4) == 0 else { throw differs("checksum") }
    guard wide.isWellFormed else { throw failed(.badExtraField(entry: name)) }
    return begin
  }

  /// A relative path without tricks. Entries for folders are none: torch writes no such thing.
  private static func isSafe(_ raw: [UInt8], _ name: String) -> Bool {
    raw.withUnsafeBytes { firstInvalidUTF8($0) == nil } && isTensorName(name)
      && name.split(separator: "/", omittingEmptySubsequences: false).allSatisfy { isPlainFileName(String($0)) }
  }
}

/// The 64 bit numbers of a header's Zip64 extra field, one after the other.
private struct WideNumbers {
  private let extra: [UInt8]
  private var range = 0..<0
  /// Whether the fields fill the bytes exactly, with one of Zip64 at most: two could say two things.
  let isWellFormed: Bool

  private static let identifier: UInt64 = 1

  init(_ extra: [UInt8]) {
    self.extra = extra
    var at = 0
    while at < extra.count {
      let begin = at + 4
      guard begin <= extra.count else { break }
      let count = Int(extra.number(at + 2, 2))
      guard count <= extra.count - begin else { break }
      if extra.number(at, 2) == Self.identifier {
        guard range.isEmpty else { break }
        range = begin..<begin + count
      }
      at = begin + count
    }
    isWellFormed = at == extra.count
  }

  mutating func next() -> UInt64? {
    guard isWellFormed, range.count >= 8 else { return nil }
    defer { range = range.lowerBound + 8..<range.upperBound }
    return extra.number(range.lowerBound, 8)
  }
}
