// SPDX-License-Identifier: Apache-2.0

/// Whole words of the vocabulary, found in one probe: most words of a text are one piece.
///
/// Words of up to eight bytes are their own key; longer ones have a hash as key and are compared. Immutable once built,
/// hence safe to share.
final class WordTable: @unchecked Sendable {
  private struct Slot {
    var key: UInt64 = 0
    /// 0: the slot is free.
    var count: UInt32 = 0
    var id: Int32 = 0
  }

  /// Bytes behind a word that a lookup may read (and ignores).
  static let slack = 8

  private let slots: UnsafeMutablePointer<Slot>
  private let mask: Int
  private let shift: UInt64
  /// All words of more than eight bytes, end to end, each from `starts[id]` on.
  private let text: UnsafeMutablePointer<UInt8>
  private let starts: UnsafeMutablePointer<UInt32>

  /// - Parameter tokens: fewer than 2^24 bytes together, each at its id; empty ones are left out.
  init(_ tokens: [String], byteCount: Int) {
    var bits: UInt64 = 4
    while 1 << bits < tokens.count * 2 { bits += 1 }
    mask = (1 << bits) - 1
    shift = 64 - bits
    slots = .allocate(capacity: mask + 1)
    slots.initialize(repeating: Slot(), count: mask + 1)
    text = .allocate(capacity: byteCount + Self.slack)
    text.initialize(repeating: 0, count: byteCount + Self.slack)
    starts = .allocate(capacity: tokens.count)
    starts.initialize(repeating: 0, count: tokens.count)
    var end = 0
    for (id, token) in tokens.enumerated() where !token.isEmpty {
      let start = end
      for byte in token.utf8 {
        text[end] = byte
        end += 1
      }
      starts[id] = UInt32(truncatingIfNeeded: start)
      let key = Self.key(text + start, end - start)
      var index = slot(key, end - start)
      while slots[index].count != 0 { index = (index + 1) & mask }
      slots[index] = Slot(
        key: key, count: UInt32(truncatingIfNeeded: end - start), id: Int32(truncatingIfNeeded: id))
    }
  }

  deinit {
    slots.deallocate()
    text.deallocate()
    starts.deallocate()
  }

  @inline(__always)
  private static func load(_ bytes: UnsafePointer<UInt8>) -> UInt64 {
    UnsafeRawPointer(bytes).loadUnaligned(as: UInt64.self)
  }

  @inline(__always)
  private static func key(_ bytes: UnsafePointer<UInt8>, _ count: Int) -> UInt64 {
    if count <= 8 { return UInt64(littleEndian: load(bytes)) & (~0 >> UInt64(64 - count * 8)) }
    var hash = UInt64(truncatingIfNeeded: count)
    var position = 0
    while position < count {
      // The last chunk overlaps the one before instead of reading on.
      hash = (hash ^ load(bytes + min(position, count - 8))) &* 0x9E37_79B9_7F4A_7C15
      hash ^= hash >> 29
      position += 8
    }
    return hash
  }

  @inline(__always)
  private func slot(_ key: UInt64, _ count: Int) -> Int {
    let mixed = (key ^ UInt64(truncatingIfNeeded: count) << 57) &* 0x9E37_79B9_7F4A_7C15
    return Int(truncatingIfNeeded: ((mixed ^ mixed >> 32) &* 0xD6E8_FEB8_6659_FD93) >> shift)
  }

  /// The id of a word, or -1.
  ///
  /// - Parameters:
  ///   - bytes: with `slack` readable bytes from the start, however short the word.
  ///   - count: at least 1.
  @inline(__always)
  func id(_ bytes: UnsafePointer<UInt8>, _ count: Int) -> Int32 {
    let key = Self.key(bytes, count)
    var index = slot(key, count)
    while true {
      let slot = slots[index]
      if slot.count == 0 { return -1 }
      if slot.key == key, Int(slot.count) == count, count <= 8 || isEqual(slot.id, bytes, count) { return slot.id }
      index = (index + 1) & mask
    }
  }

  @inline(__always)
  private func isEqual(_ id: Int32, _ bytes: UnsafePointer<UInt8>, _ count: Int) -> Bool {
    let other = text + Int(starts[Int(id)])
    for k in 0..<count where other[k] != bytes[k] { return false }
    return true
  }
}
