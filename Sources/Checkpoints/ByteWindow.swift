// SPDX-License-Identifier: Apache-2.0

/// Reads part of a file from front to back through a buffer of 64 KiB at most, so that no parser's memory depends on how
/// long its input is.
struct ByteWindow {
  private let file: SharedFile
  /// One past the last byte that may be read.
  let end: Int
  private var buffer: [UInt8] = []
  // Where `buffer` begins in the file, and the next byte in it.
  private var start: Int
  private var position = 0

  private static let capacity = 64 << 10

  /// - Parameter range: inside the file.
  init(_ file: SharedFile, _ range: Range<Int>) {
    self.file = file
    start = range.lowerBound
    end = range.upperBound
  }

  /// The next byte's place in the file.
  var offset: Int { start + position }
  /// Bytes left.
  var remaining: Int { end - offset }

  /// The next byte; nil at the end.
  mutating func next() throws(CheckpointError) -> UInt8? {
    if position == buffer.count {
      guard remaining > 0 else { return nil }
      try refill()
    }
    defer { position += 1 }
    return buffer[position]
  }

  /// A little-endian integer; nil, with nothing read, if fewer bytes are left.
  mutating func integer<Integer: FixedWidthInteger & UnsignedInteger>(
    _ type: Integer.Type
  ) throws(CheckpointError) -> Integer? {
    guard remaining >= MemoryLayout<Integer>.size else { return nil }
    var value: Integer = 0
    for index in 0..<MemoryLayout<Integer>.size {
      guard let byte = try next() else { return nil }
      value |= Integer(byte) << (8 * Integer(index))
    }
    return value
  }

  /// Hands the next `count` bytes to `body` in pieces; there must be as many.
  mutating func take(_ count: Int, _ body: (ArraySlice<UInt8>) -> Void) throws(CheckpointError) {
    var left = count
    while left > 0 {
      if position == buffer.count { try refill() }
      let piece = min(left, buffer.count - position)
      body(buffer[position..<position + piece])
      position += piece
      left -= piece
    }
  }

  /// The next `count` bytes; nil, with nothing read, if fewer are left.
  mutating func bytes(_ count: Int) throws(CheckpointError) -> [UInt8]? {
    guard count <= remaining else { return nil }
    var bytes: [UInt8] = []
    bytes.reserveCapacity(count)
    try take(count) { bytes.append(contentsOf: $0) }
    return bytes
  }

  /// Leaves out `count` bytes without reading them; there must be as many.
  mutating func skip(_ count: Int) {
    guard count > buffer.count - position else {
      position += count
      return
    }
    start = offset + count
    buffer.removeAll(keepingCapacity: true)
    position = 0
  }

  private mutating func refill() throws(CheckpointError) {
    start = offset
    position = 0
    // Empty until it is filled: a failed read leaves nothing that could be taken for the file's bytes.
    buffer = []
    buffer = try file.bytes(start..<start + min(Self.capacity, end - start))
  }
}
