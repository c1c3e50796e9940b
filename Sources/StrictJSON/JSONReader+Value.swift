// SPDX-License-Identifier: Apache-2.0

extension JSONReader {
  /// Reads one value, whatever it is, into a tree. Recursion ends at the depth limit.
  public mutating func value() throws(JSONError) -> JSON {
    let first = try peek(.value)
    switch first {
    case UInt8(ascii: "{"): return .object(try object())
    case UInt8(ascii: "["): return .array(try array())
    case UInt8(ascii: "\""): return .string(try string())
    case UInt8(ascii: "t"), UInt8(ascii: "f"): return .bool(try bool())
    case UInt8(ascii: "n"):
      try null()
      return .null
    case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "N"), UInt8(ascii: "I"):
      return .number(try number())
    default: throw .unexpectedByte(first, expected: .value, offset: offset)
    }
  }

  private mutating func array() throws(JSONError) -> [JSON] {
    try beginArray()
    var elements: [JSON] = []
    while try nextElement() {
      try chargeGrowth(of: elements)
      elements.append(try value())
    }
    return elements
  }

  private mutating func object() throws(JSONError) -> JSONObject {
    try beginObject()
    try charge(64)
    var keys: [String] = []
    var values: [JSON] = []
    // Where each key begins: kept only to name the byte of a duplicate, which is found once the object is whole.
    var offsets: [Int] = []
    while let key = try nextKey() {
      try chargeGrowth(of: keys)
      keys.append(key)
      offsets.append(keyOffset)
      try chargeGrowth(of: values)
      values.append(try value())
    }
    if keys.count > JSONObject.smallCount { try charge(KeyTable.bytes(forCount: keys.count)) }
    var duplicate = 0
    guard let object = JSONObject(keys: keys, values: values, duplicate: &duplicate) else {
      throw .duplicateKey(keys[duplicate], offset: offsets[duplicate])
    }
    return object
  }

  /// Pays for the larger buffer that the next `append` would need. Arrays double, which they do on a budget only.
  private mutating func chargeGrowth<Element>(of array: [Element]) throws(JSONError) {
    guard array.count == array.capacity else { return }
    let growth = max(array.capacity, 1) * MemoryLayout<Element>.stride
    try charge(array.isEmpty ? growth + 32 : growth)
  }
}
