// SPDX-License-Identifier: Apache-2.0

/// A set of byte strings with ids, for longest-prefix search.
///
/// The edges live in one open-addressing table keyed by (node, byte): building is linear in the bytes whatever they
/// are, and a step is one probe. Immutable once built, hence safe to share.
final class PieceTrie: @unchecked Sendable {
  /// Nodes that the packed key of an edge, 24 bits of node and 8 of byte, can name.
  static let maxNodes = 1 << 24
  static let root: UInt32 = 0

  private let slots: UnsafeMutablePointer<UInt64>
  private let mask: Int
  private let shift: UInt32
  private let ids: UnsafeMutablePointer<Int32>
  private(set) var nodes = 1

  /// - Parameter byteCount: no fewer than the bytes of all strings together, and below `maxNodes`.
  init(byteCount: Int) {
    var bits: UInt32 = 4
    while 1 << bits < byteCount * 2 { bits += 1 }
    mask = (1 << bits) - 1
    shift = 32 - min(bits, 32)
    slots = .allocate(capacity: mask + 1)
    slots.initialize(repeating: 0, count: mask + 1)
    // The root, and at most one node per byte.
    ids = .allocate(capacity: byteCount + 1)
    ids.initialize(repeating: -1, count: byteCount + 1)
  }

  deinit {
    slots.deallocate()
    ids.deallocate()
  }

  @inline(__always) private func slot(_ key: UInt32) -> Int {
    Int((key &* 0x9E37_79B1) >> shift) & mask
  }

  /// The node one byte further, or 0 if there is none.
  @inline(__always) func step(_ node: UInt32, _ byte: UInt8) -> UInt32 {
    let key = node << 8 | UInt32(byte)
    var index = slot(key)
    while true {
      let slot = slots[index]
      // An edge never leads to the root, so a slot in use is not 0.
      if slot == 0 { return 0 }
      if UInt32(truncatingIfNeeded: slot >> 32) == key { return UInt32(truncatingIfNeeded: slot) }
      index = (index + 1) & mask
    }
  }

  /// The id of the string that ends at `node`, or -1.
  @inline(__always) func id(at node: UInt32) -> Int32 { ids[Int(node)] }

  /// Adds a string.
  ///
  /// - Returns: the id it had before, or nil if it is new. An old id stays.
  func insert(_ bytes: some Sequence<UInt8>, id: Int32) -> Int32? {
    var node = Self.root
    for byte in bytes {
      let next = step(node, byte)
      node = next != 0 ? next : add(node, byte)
    }
    let old = ids[Int(node)]
    if old >= 0 { return old }
    ids[Int(node)] = id
    return nil
  }

  private func add(_ node: UInt32, _ byte: UInt8) -> UInt32 {
    let key = node << 8 | UInt32(byte)
    var index = slot(key)
    while slots[index] != 0 { index = (index + 1) & mask }
    let child = UInt32(nodes)
    slots[index] = UInt64(key) << 32 | UInt64(child)
    nodes += 1
    return child
  }

  /// The node at the end of `bytes`; nil where no string starts with them.
  func node(at bytes: some Sequence<UInt8>, from start: UInt32 = root) -> UInt32? {
    var node = start
    for byte in bytes {
      node = step(node, byte)
      if node == 0 { return nil }
    }
    return node
  }

  /// The id of exactly this string.
  func id(of bytes: some Sequence<UInt8>) -> Int32? {
    guard let node = node(at: bytes) else { return nil }
    let id = id(at: node)
    return id < 0 ? nil : id
  }
}
