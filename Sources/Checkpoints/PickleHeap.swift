// SPDX-License-Identifier: Apache-2.0

/// A value of a pickle: eight bytes, with everything longer in the heap that the index points into.
///
/// Nothing refers to anything by reference, so there is nothing to recurse into and nothing to leak.
enum PickleValue {
  case none
  case boolean(Bool)
  case integer(Int32)
  /// Beyond 32 bits: `PickleHeap.integers`.
  case wideInteger(UInt32)
  /// Beyond 64 bits: its bytes are a text.
  case hugeInteger(UInt32)
  case number
  case text(UInt32)
  /// A text that is longer than any name: it is read past, not kept.
  case longText
  case bytes
  case tuple(UInt32)
  case list(UInt32)
  case dictionary(UInt32)
  case orderedDictionary(UInt32)
  case global(PickleGlobal)
  case storage(UInt32)
  case tensor(UInt32)

  var isNone: Bool {
    if case .none = self { true } else { false }
  }

  /// For messages.
  var kind: String {
    switch self {
    case .none: "None"
    case .boolean: "a boolean"
    case .integer, .wideInteger, .hugeInteger: "an integer"
    case .number: "a number"
    case .text: "a string"
    case .longText: "a string of more than \(PickleHeap.textLimit) bytes"
    case .bytes: "bytes"
    case .tuple: "a tuple"
    case .list: "a list"
    case .dictionary, .orderedDictionary: "a dictionary"
    case .global: "a function or class"
    case .storage: "a storage"
    case .tensor: "a tensor"
    }
  }
}

/// What the values of a pickle hold, in flat arrays, and what they take.
struct PickleHeap {
  /// A list, or a dictionary whose keys and values alternate.
  struct Container {
    var first: UInt32 = 0
    var last: UInt32 = 0
    var count = 0
    /// It is part of another value and must not change any more.
    var isFrozen = false
  }

  /// An element of a container, and the index + 1 of the next.
  struct Link {
    var value: PickleValue
    var next: UInt32 = 0
  }

  /// What a persistent id says. The key names the record with the bytes.
  struct Storage {
    var key: UInt32
    var dataType: DataType
    var count: Int
  }

  /// The arguments of `_rebuild_tensor_v2`, checked for their kinds only: the rest needs the tensor's name.
  struct Tensor {
    var storage: UInt32
    var offset: Int
    var sizes: UInt32
    var strides: UInt32
  }

  private(set) var integers: [Int] = []
  private var characters: [UInt8] = []
  private var texts: [(start: UInt32, count: UInt32)] = []
  private var elements: [PickleValue] = []
  private var tuples: [(start: UInt32, count: UInt32)] = []
  private(set) var containers: [Container] = []
  private var links: [Link] = []
  private(set) var storages: [Storage] = []
  private(set) var tensors: [Tensor] = []

  /// Bytes charged so far. An array that grows holds its old elements and room for twice as many: three times each.
  private(set) var spent = 0

  /// Texts longer than this are no names and are not kept.
  static let textLimit = 4096

  mutating func spend<Element>(_ count: Int, of type: Element.Type) {
    spent += 3 * count * MemoryLayout<Element>.stride
  }

  mutating func integer(_ value: Int) -> PickleValue {
    if let small = Int32(exactly: value) { return .integer(small) }
    spend(1, of: Int.self)
    integers.append(value)
    return .wideInteger(UInt32(integers.count - 1))
  }

  /// The index of a new text.
  mutating func text(_ bytes: [UInt8]) -> UInt32 {
    spend(1, of: (UInt32, UInt32).self)
    spend(bytes.count, of: UInt8.self)
    texts.append((UInt32(characters.count), UInt32(bytes.count)))
    characters.append(contentsOf: bytes)
    return UInt32(texts.count - 1)
  }

  func bytes(ofText index: UInt32) -> ArraySlice<UInt8> {
    let (start, count) = texts[Int(index)]
    return characters[Int(start)..<Int(start + count)]
  }

  mutating func tuple(_ values: ArraySlice<PickleValue>) -> PickleValue {
    spend(1, of: (UInt32, UInt32).self)
    spend(values.count, of: PickleValue.self)
    for value in values { freeze(value) }
    tuples.append((UInt32(elements.count), UInt32(values.count)))
    elements.append(contentsOf: values)
    return .tuple(UInt32(tuples.count - 1))
  }

  func elements(ofTuple index: UInt32) -> ArraySlice<PickleValue> {
    let (start, count) = tuples[Int(index)]
    return elements[Int(start)..<Int(start + count)]
  }

  func count(ofTuple index: UInt32) -> Int { Int(tuples[Int(index)].count) }

  /// The index of a new, empty container.
  mutating func container() -> UInt32 {
    spend(1, of: Container.self)
    containers.append(Container())
    return UInt32(containers.count - 1)
  }

  /// Adds an element at the end of a container that is not frozen.
  mutating func append(_ value: PickleValue, to index: UInt32) {
    spend(1, of: Link.self)
    freeze(value)
    links.append(Link(value: value))
    let link = UInt32(links.count)
    let container = Int(index)
    if containers[container].count == 0 {
      containers[container].first = link
    } else {
      links[Int(containers[container].last) - 1].next = link
    }
    containers[container].last = link
    containers[container].count += 1
  }

  /// A cursor for `next(_:)`, which gives as many elements as the container's count says.
  func firstLink(of index: UInt32) -> UInt32 { containers[Int(index)].first }

  /// The element at the cursor, which moves on.
  func next(_ cursor: inout UInt32) -> PickleValue {
    guard cursor != 0 else { return .none }
    let link = links[Int(cursor) - 1]
    cursor = link.next
    return link.value
  }

  /// Whether a dictionary has a text as key with the value False.
  func isFalse(_ key: String, in dictionary: UInt32) -> Bool {
    var cursor = firstLink(of: dictionary)
    while cursor != 0 {
      let (name, value) = (next(&cursor), next(&cursor))
      if case .text(let text) = name, case .boolean(false) = value, bytes(ofText: text).elementsEqual(key.utf8) {
        return true
      }
    }
    return false
  }

  /// The first two elements of a list of two.
  func pair(ofList index: UInt32) -> (PickleValue, PickleValue)? {
    let container = containers[Int(index)]
    guard container.count == 2 else { return nil }
    return (links[Int(container.first) - 1].value, links[Int(container.last) - 1].value)
  }

  mutating func freeze(_ value: PickleValue) {
    switch value {
    case .list(let index), .dictionary(let index), .orderedDictionary(let index):
      containers[Int(index)].isFrozen = true
    case .none, .boolean, .integer, .wideInteger, .hugeInteger, .number, .text, .longText, .bytes, .tuple, .global,
      .storage, .tensor:
      break
    }
  }

  mutating func storage(_ storage: Storage) -> PickleValue {
    spend(1, of: Storage.self)
    storages.append(storage)
    return .storage(UInt32(storages.count - 1))
  }

  mutating func tensor(_ tensor: Tensor) -> PickleValue {
    spend(1, of: Tensor.self)
    tensors.append(tensor)
    return .tensor(UInt32(tensors.count - 1))
  }

  /// The number that an integer value stands for; nil for any other, and for one beyond 64 bits.
  func int(_ value: PickleValue) -> Int? {
    switch value {
    case .integer(let small): Int(small)
    case .wideInteger(let index): integers[Int(index)]
    default: nil
    }
  }
}
