// SPDX-License-Identifier: Apache-2.0

// Texts, integers, tuples, lists and dictionaries.
extension PickleMachine {
  /// A length that the format has as a signed number.
  mutating func signedLength() throws(CheckpointError) -> UInt64 {
    let length = Int32(bitPattern: try argument(UInt32.self))
    // As a negative length would be read without the sign: beyond every file.
    return length < 0 ? UInt64(bitPattern: Int64(length)) : UInt64(length)
  }

  private mutating func checked(_ length: UInt64) throws(CheckpointError) -> Int {
    guard length <= UInt64(window.remaining) else { throw beyondEnd(length) }
    return Int(length)
  }

  mutating func pushText(_ length: UInt64) throws(CheckpointError) {
    let count = try checked(length)
    guard count <= PickleHeap.textLimit else {
      window.skip(count)
      return push(.longText)
    }
    push(.text(heap.text(try window.bytes(count) ?? [])))
  }

  mutating func pushBytes(_ length: UInt64) throws(CheckpointError) {
    window.skip(try checked(length))
    push(.bytes)
  }

  /// An integer in two's complement, little-endian, of any length.
  mutating func pushLong(_ length: UInt64) throws(CheckpointError) {
    let count = try checked(length)
    guard count <= PickleHeap.textLimit else {
      window.skip(count)
      return push(.number)
    }
    let bytes = try window.bytes(count) ?? []
    guard count <= 8 else { return push(.hugeInteger(heap.text(bytes))) }
    let isNegative = bytes.last.map { $0 & 0x80 != 0 } ?? false
    let padded = bytes + [UInt8](repeating: isNegative ? 0xFF : 0, count: 8 - count)
    push(heap.integer(Int(Int64(bitPattern: padded.number(0, 8)))))
  }

  mutating func pushTuple(_ count: Int) throws(CheckpointError) {
    try demand(count)
    let tuple = heap.tuple(stack[(stack.count - count)...])
    removeLast(count)
    push(tuple)
  }

  /// Moves the values from stack place `start` on to the list below them.
  mutating func appendToList(from start: Int) throws(CheckpointError) {
    try demand(stack.count - start + 1)
    guard case .list(let index) = stack[start - 1] else { throw failed(.notList(kind: stack[start - 1].kind)) }
    try move(from: start, to: index)
  }

  /// Moves pairs of keys and values from stack place `start` on to the dictionary below them.
  mutating func setItems(from start: Int) throws(CheckpointError) {
    try demand(stack.count - start + 1)
    switch stack[start - 1] {
    case .dictionary(let index), .orderedDictionary(let index):
      let count = stack.count - start
      guard count.isMultiple(of: 2) else { throw failed(.oddItems(count: count)) }
      try move(from: start, to: index)
    default: throw failed(.notDictionary(kind: stack[start - 1].kind))
    }
  }

  private mutating func move(from start: Int, to container: UInt32) throws(CheckpointError) {
    for place in start..<stack.count {
      heap.append(stack[place], to: container)
      // Asked again each time, because the container may be among the values.
      guard !heap.containers[Int(container)].isFrozen else { throw failed(.selfReference) }
    }
    removeLast(stack.count - start)
  }
}
