// SPDX-License-Identifier: Apache-2.0

/// What is wrong with the zip archive around a PyTorch checkpoint. `entry` is a name in the archive.
public enum ArchiveError: Error, Equatable, Sendable {
  /// The file does not end in the record that says where the directory is.
  case noEndRecord
  case severalDisks
  /// The Zip64 end record and the older one next to it disagree.
  case endRecordsDiffer(field: String)
  /// A 64 bit number that no file can have; `entry` is nil in the end record.
  case numberTooLarge(entry: String?, field: String, value: UInt64)
  /// The directory does not fill the bytes up to its end record.
  case directoryOutside(begin: Int, count: Int, end: Int)
  /// The directory's `index`-th entry is cut off or does not begin as an entry does.
  case badEntry(index: Int)
  case wrongEntryCount(expected: Int, found: Int)
  case tooManyEntries(limit: Int)
  /// No UTF-8, control characters, a backslash, an absolute path, or `.` or `..` in it.
  case unsafeName(String)
  case doubled(entry: String)
  case compressed(entry: String, method: Int)
  case encrypted(entry: String)
  /// The extra fields do not add up, or lack the Zip64 number that the entry promises.
  case badExtraField(entry: String)
  /// Two sizes for bytes that are stored as they are.
  case sizesDiffer(entry: String, compressed: Int, uncompressed: Int)
  case outside(entry: String, end: Int, available: Int)
  /// What the directory says of an entry is not what stands before its bytes.
  case localHeaderDiffers(entry: String, field: String)
  case overlap(entry: String, other: String)
  case missing(entry: String)
  case badChecksum(entry: String, expected: UInt32, found: UInt32)
}

extension ArchiveError: CustomStringConvertible {
  /// Part of a line, without the file.
  public var description: String {
    switch self {
    case .noEndRecord: "the zip archive does not end where the file does; is the download complete?"
    case .severalDisks: "the zip archive is one of several parts"
    case .endRecordsDiffer(let field): "the zip archive's two end records disagree on the \(field)"
    case .numberTooLarge(let entry, let field, let value):
      "\(entry.map { "archive entry \(quoted($0))" } ?? "the zip archive"): \(field) \(value) is larger than any file"
    case .directoryOutside(let begin, let count, let end):
      "the zip directory of \(count) bytes at byte \(begin) should end at byte \(end)"
    case .badEntry(let index): "entry \(index) of the zip directory is damaged"
    case .wrongEntryCount(let expected, let found):
      "the zip directory has \(found) entries, where \(expected) should be"
    case .tooManyEntries(let limit): "more than \(limit) entries in the zip archive"
    case .unsafeName(let name): "archive entry \(quoted(name)) is not a plain path inside the archive"
    case .doubled(let entry): "archive entry \(quoted(entry)) is there twice"
    case .compressed(let entry, let method):
      "archive entry \(quoted(entry)) is compressed (method \(method)); torch.save stores, so somebody packed it again"
    case .encrypted(let entry): "archive entry \(quoted(entry)) is encrypted"
    case .badExtraField(let entry): "archive entry \(quoted(entry)) has damaged extra fields"
    case .sizesDiffer(let entry, let compressed, let uncompressed):
      "archive entry \(quoted(entry)) is stored in \(compressed) bytes, but should have \(uncompressed)"
    case .outside(let entry, let end, let available):
      "archive entry \(quoted(entry)) ends at byte \(end), but only \(available) come before the directory"
    case .localHeaderDiffers(let entry, let field):
      "archive entry \(quoted(entry)): the \(field) before its bytes is not the one in the directory"
    case .overlap(let entry, let other): "archive entry \(quoted(entry)) overlaps with \(quoted(other))"
    case .missing(let entry): "archive entry \(quoted(entry)) is missing"
    case .badChecksum(let entry, let expected, let found):
      "archive entry \(quoted(entry)) is damaged: its checksum is \(hexadecimal(found)), not \(hexadecimal(expected)); "
        + "download it again"
    }
  }
}

private func hexadecimal(_ value: UInt32) -> String {
  let digits = String(value, radix: 16)
  return "0x" + String(repeating: "0", count: 8 - digits.count) + digits
}
