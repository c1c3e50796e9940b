// SPDX-License-Identifier: Apache-2.0

/// Takes the words of a text, one after the other.
protocol WordSink {
  /// The buffer holds one word, and is reset by the caller afterwards.
  mutating func word(_ buffer: WordBuffer)
}

/// Reads UTF-8 once, from left to right, and hands out normalized words: cleaning, ideographs, accents, lower case,
/// white space and punctuation in one pass over one table.
struct WordScanner {
  let table: ScalarTable

  /// Scans all of `text`, which must be valid UTF-8 (a Swift string's bytes are).
  ///
  /// - Parameters:
  ///   - origin: index of the first scalar, counted in the text that offsets refer to.
  ///   - buffer: empty; is empty again afterwards.
  /// - Returns: the index after the last scalar.
  @discardableResult
  func scan<Sink: WordSink>(
    _ text: UnsafeBufferPointer<UInt8>, origin: Int, buffer: WordBuffer, into sink: inout Sink
  ) -> Int {
    guard let base = text.baseAddress else { return origin }
    return table.ascii.withUnsafeBufferPointer { ascii in
      guard let map = ascii.baseAddress else { return origin }
      var cursor = ScalarCursor(text, origin: origin)
      while cursor.position < text.count {
        let done = buffer.append(
          ascii: base + cursor.position, limit: text.count - cursor.position, map: map, origin: cursor.index)
        cursor.skipASCII(done)
        guard cursor.position < text.count else { break }
        if map[Int(base[cursor.position])] == 0 { step(&cursor, buffer, &sink) }
      }
      flush(buffer, &sink)
      return cursor.index
    }
  }

  @inline(__always)
  private func flush<Sink: WordSink>(_ buffer: WordBuffer, _ sink: inout Sink) {
    if buffer.scalars > 0 {
      sink.word(buffer)
      buffer.reset()
    }
  }

  /// One scalar that is no plain ASCII letter, or one run of marks.
  @inline(__always)
  private func step<Sink: WordSink>(_ cursor: inout ScalarCursor, _ buffer: WordBuffer, _ sink: inout Sink) {
    let start = cursor
    let (scalar, origin) = (cursor.next(), start.index)
    let entry = table.entry(scalar)
    switch entry >> 28 {
    case ScalarTable.Kind.keep: buffer.append(scalar, origin: origin)
    case ScalarTable.Kind.one: buffer.append(entry & ScalarTable.scalarMask, origin: origin)
    case ScalarTable.Kind.removed: break
    case ScalarTable.Kind.white: flush(buffer, &sink)
    case ScalarTable.Kind.isolated:
      flush(buffer, &sink)
      buffer.append(entry & ScalarTable.scalarMask, origin: origin)
      flush(buffer, &sink)
    case ScalarTable.Kind.several:
      for element in table.expansion(entry) { put(element, origin, buffer, &sink) }
    default:
      // A run of marks: none of them stays, or their order has to be found out.
      cursor = start
      for (element, origin) in MarkRun.read(&cursor, table: table) { put(element, origin, buffer, &sink) }
    }
  }

  private func put<Sink: WordSink>(_ element: UInt32, _ origin: Int, _ buffer: WordBuffer, _ sink: inout Sink) {
    if element & ScalarTable.elementIsWhite != 0 {
      flush(buffer, &sink)
    } else if element & ScalarTable.elementIsIsolated != 0 {
      flush(buffer, &sink)
      buffer.append(element & ScalarTable.scalarMask, origin: origin)
      flush(buffer, &sink)
    } else {
      buffer.append(element, origin: origin)
    }
  }
}

/// A position in valid UTF-8, in bytes and in scalars.
struct ScalarCursor {
  private let text: UnsafeBufferPointer<UInt8>
  /// In bytes from the start of the buffer.
  private(set) var position = 0
  /// In scalars of the original text.
  private(set) var index: Int

  init(_ text: UnsafeBufferPointer<UInt8>, origin: Int) {
    self.text = text
    index = origin
  }

  var isAtEnd: Bool { position >= text.count }

  @inline(__always) mutating func skipASCII(_ count: Int) {
    position &+= count
    index &+= count
  }

  @inline(__always) private func byte(_ offset: Int) -> UInt32 { UInt32(text[position + offset]) }

  /// The scalar here; moves behind it. The text is valid, so a lead byte has all its continuation bytes.
  @inline(__always) mutating func next() -> UInt32 {
    let lead = byte(0)
    index &+= 1
    if lead < 0x80 {
      position &+= 1
      return lead
    }
    if lead < 0xE0 {
      let scalar = (lead & 0x1F) << 6 | byte(1) & 0x3F
      position &+= 2
      return scalar
    }
    if lead < 0xF0 {
      let scalar = (lead & 0x0F) << 12 | (byte(1) & 0x3F) << 6 | byte(2) & 0x3F
      position &+= 3
      return scalar
    }
    let scalar = (lead & 0x07) << 18 | (byte(1) & 0x3F) << 12 | (byte(2) & 0x3F) << 6 | byte(3) & 0x3F
    position &+= 4
    return scalar
  }
}

extension ScalarTable {
  @inline(__always) func entry(_ scalar: UInt32) -> UInt32 {
    entries[Int(blocks[Int(scalar >> 7)]) << 7 | Int(scalar & 127)]
  }

  func expansion(_ entry: UInt32) -> ArraySlice<UInt32> {
    let index = Int(entry & Self.scalarMask)
    return expansions[index + 1..<index + 1 + Int(expansions[index])]
  }
}
