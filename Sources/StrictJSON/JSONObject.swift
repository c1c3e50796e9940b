// SPDX-License-Identifier: Apache-2.0

/// Key and value pairs in the order they were written; no key twice. A value type: copies share storage until changed.
///
/// Lookup takes constant time: up to eight pairs are searched in order, more through a hash index.
public struct JSONObject: Sendable {
  // One reference, so that a JSON value stays at 24 bytes.
  private var storage: Storage

  private final class Storage: @unchecked Sendable {  // never changed while shared, see `makeUnique`
    var keys: [String]
    var values: [JSON]
    var table = KeyTable()

    init(keys: [String], values: [JSON]) {
      self.keys = keys
      self.values = values
    }
  }

  static let smallCount = 8

  /// An empty object.
  public init() { storage = Storage(keys: [], values: []) }

  /// An object with these pairs; of equal keys the last value wins, at the place of the first.
  public init(_ pairs: [(String, JSON)]) {
    self.init()
    for (key, value) in pairs { self[key] = value }
  }

  /// For the parser, which keeps its keys apart. On a duplicate, gives the index of the second one back.
  init?(keys: [String], values: [JSON], duplicate: inout Int) {
    storage = Storage(keys: keys, values: values)
    if keys.count <= Self.smallCount {
      for index in keys.indices.dropFirst() where keys[..<index].contains(where: { sameBytes($0, keys[index]) }) {
        duplicate = index
        return nil
      }
    } else {
      storage.table.reserve(keys.count, keys: keys)
      for index in keys.indices where storage.table.insert(index, keys: keys) != nil {
        duplicate = index
        return nil
      }
    }
  }

  /// Pairs.
  public var count: Int { storage.keys.count }
  /// Whether there are no pairs.
  public var isEmpty: Bool { storage.keys.isEmpty }

  /// The keys in file order.
  public var keys: [String] { storage.keys }

  /// The values in file order.
  public var values: [JSON] { storage.values }

  /// The value under `key`. Setting replaces it where it stands or appends; setting nil removes (linear time).
  public subscript(key: String) -> JSON? {
    get {
      guard let index = index(of: key) else { return nil }
      return storage.values[index]
    }
    set {
      makeUnique()
      switch (index(of: key), newValue) {
      case (let index?, let value?):
        storage.values[index] = value
      case (let index?, nil):
        storage.keys.remove(at: index)
        storage.values.remove(at: index)
        reindex()
      case (nil, let value?):
        storage.keys.append(key)
        storage.values.append(value)
        if count == Self.smallCount + 1 {
          reindex()
        } else if count > Self.smallCount {
          _ = storage.table.insert(count - 1, keys: storage.keys)
        }
      case (nil, nil): break
      }
    }
  }

  private func index(of key: String) -> Int? {
    if count <= Self.smallCount { return storage.keys.firstIndex { sameBytes($0, key) } }
    return storage.table.find(key, keys: storage.keys)
  }

  private mutating func makeUnique() {
    guard !isKnownUniquelyReferenced(&storage) else { return }
    let copy = Storage(keys: storage.keys, values: storage.values)
    copy.table = storage.table
    storage = copy
  }

  private func reindex() {
    storage.table = KeyTable()
    guard count > Self.smallCount else { return }
    for index in storage.keys.indices { _ = storage.table.insert(index, keys: storage.keys) }
  }
}

extension JSONObject: Sequence {
  /// Pairs in file order.
  public func makeIterator() -> AnyIterator<(key: String, value: JSON)> {
    var index = 0
    return AnyIterator {
      guard index < storage.keys.count else { return nil }
      defer { index += 1 }
      return (storage.keys[index], storage.values[index])
    }
  }

  public var underestimatedCount: Int { count }
}

extension JSONObject: Equatable {
  /// The same pairs in the same order.
  public static func == (left: JSONObject, right: JSONObject) -> Bool {
    left.count == right.count && zip(left.keys, right.keys).allSatisfy { sameBytes($0, $1) }
      && left.values == right.values
  }
}

extension JSONObject: ExpressibleByDictionaryLiteral {
  public init(dictionaryLiteral elements: (String, JSON)...) { self.init(elements) }
}
