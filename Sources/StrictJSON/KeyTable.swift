// SPDX-License-Identifier: Apache-2.0

/// An open-addressing index over an array of keys that the owner keeps: 32 bits per slot, keys compared by bytes.
///
/// `Dictionary<String, Int>` would store every key a second time and would merge canonically equivalent ones. The hash is
/// Swift's seeded SipHash, so that a file cannot be made to collide.
package struct KeyTable: Sendable {
  // Index + 1 of the key that landed here, 0 where free. The count is a power of two, at least twice the keys.
  private var slots: [UInt32] = []
  private var used = 0

  package init() {}

  /// Makes room for `count` keys in all, so that inserting them never rebuilds.
  package mutating func reserve(_ count: Int, keys: [String]) {
    guard count * 2 > slots.count else { return }
    var capacity = 16
    while capacity < count * 2 { capacity *= 2 }
    slots = [UInt32](repeating: 0, count: capacity)
    for index in 0..<used { _ = place(index, keys: keys) }
  }

  /// Indexes `keys[index]`, which must be the next one: 0, 1, 2...
  ///
  /// - Returns: nil, or the index of the equal key that is already there; then nothing has changed.
  package mutating func insert(_ index: Int, keys: [String]) -> Int? {
    reserve(index + 1, keys: keys)
    if let earlier = place(index, keys: keys) { return earlier }
    used += 1
    return nil
  }

  /// The index of `key`, or nil.
  package func find(_ key: String, keys: [String]) -> Int? {
    guard !slots.isEmpty else { return nil }
    var slot = Self.hash(key) & (slots.count - 1)
    while slots[slot] != 0 {
      let index = Int(slots[slot]) - 1
      if sameBytes(keys[index], key) { return index }
      slot = (slot + 1) & (slots.count - 1)
    }
    return nil
  }

  private mutating func place(_ index: Int, keys: [String]) -> Int? {
    let key = keys[index]
    var slot = Self.hash(key) & (slots.count - 1)
    while slots[slot] != 0 {
      let other = Int(slots[slot]) - 1
      if sameBytes(keys[other], key) { return other }
      slot = (slot + 1) & (slots.count - 1)
    }
    slots[slot] = UInt32(truncatingIfNeeded: index + 1)
    return nil
  }

  private static func hash(_ key: String) -> Int {
    var hasher = Hasher()
    var key = key
    key.withUTF8 { hasher.combine(bytes: UnsafeRawBufferPointer($0)) }
    return hasher.finalize()
  }

  /// Bytes of memory an index over `count` keys takes; for parsers that keep a budget.
  package static func bytes(forCount count: Int) -> Int {
    var capacity = 16
    while capacity < count * 2 { capacity *= 2 }
    return capacity * MemoryLayout<UInt32>.stride
  }
}
