// SPDX-License-Identifier: Apache-2.0

/// Reads the base-36 numbers of `UnicodeTables`, which the generator wrote: its text is trusted.
private struct NumberReader {
  private let bytes: UnsafeBufferPointer<UInt8>
  private var position = 0

  init(_ text: StaticString) {
    bytes = UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount)
  }

  var isAtEnd: Bool { position >= bytes.count }

  /// The next number, and the separator that ended it (0 at the end of the text).
  mutating func next() -> (value: UInt32, separator: UInt8) {
    var value: UInt32 = 0
    while position < bytes.count {
      let byte = bytes[position]
      position += 1
      switch byte {
      case 0x30...0x39: value = value &* 36 &+ UInt32(byte - 0x30)
      case 0x61...0x7A: value = value &* 36 &+ UInt32(byte - 0x61 + 10)
      default: return (value, byte)
      }
    }
    return (value, 0)
  }
}

extension UnicodeData {
  private static let bar = UInt8(ascii: "|")

  /// `gap,length` pairs.
  static func ranges(_ text: StaticString) -> ScalarSet {
    var reader = NumberReader(text)
    return ranges(&reader)
  }

  private static func ranges(_ reader: inout NumberReader) -> ScalarSet {
    var set = ScalarSet()
    var end: UInt32 = 0
    while !reader.isAtEnd {
      let start = end &+ reader.next().value
      let (count, separator) = reader.next()
      set.append(start: start, count: count)
      end = start &+ count
      if separator == bar { break }
    }
    return set
  }

  /// `class:ranges`, separated by bars; gives all ranges in order, and the class of each.
  static func classes(_ text: StaticString) -> (ScalarSet, [UInt8]) {
    var reader = NumberReader(text)
    var found: [(start: UInt32, end: UInt32, rank: UInt8)] = []
    while !reader.isAtEnd {
      let rank = UInt8(truncatingIfNeeded: reader.next().value)
      for (start, end) in ranges(&reader).ranges { found.append((start, end, rank)) }
    }
    found.sort { $0.start < $1.start }
    var set = ScalarSet()
    for range in found { set.append(start: range.start, count: range.end - range.start) }
    return (set, found.map(\.rank))
  }

  /// `gap,count:t.t;t.t` runs.
  static func map(_ text: StaticString) -> ScalarMap {
    var reader = NumberReader(text)
    var map = ScalarMap()
    var end: UInt32 = 0
    while !reader.isAtEnd {
      let start = end &+ reader.next().value
      let count = reader.next().value
      for key in start..<(start &+ count) {
        var values: [UInt32] = []
        while true {
          let (value, separator) = reader.next()
          values.append(value)
          if separator != UInt8(ascii: ".") { break }
        }
        map.append(key, values)
      }
      end = start &+ count
    }
    return map
  }

  /// `gap,count,step,zigzag` runs.
  static func deltas(_ text: StaticString) -> ScalarMap {
    var reader = NumberReader(text)
    var map = ScalarMap()
    var end: UInt32 = 0
    while !reader.isAtEnd {
      var key = end &+ reader.next().value
      let (count, step, zigzag) = (reader.next().value, reader.next().value, reader.next().value)
      let delta = zigzag & 1 == 0 ? zigzag >> 1 : ~(zigzag >> 1)
      for _ in 0..<count {
        map.append(key, CollectionOfOne(key &+ delta))
        end = key &+ 1
        key = key &+ step
      }
    }
    return map
  }
}
