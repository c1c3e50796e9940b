// SPDX-License-Identifier: Apache-2.0

/// A dense row-major tensor in host memory.
public struct Tensor: Sendable, Equatable {
  public enum Storage: Sendable, Equatable {
    case float32([Float])
    case float64([Double])
    case int32([Int32])
    case uint8([UInt8])
  }

  public let shape: [Int]
  public let storage: Storage

  /// - Throws: `GraphError.inputMismatch` if the elements do not fill the shape exactly.
  public init(_ storage: Storage, shape: [Int]) throws(GraphError) {
    // A caller's shape may be anything, also one whose product no integer holds.
    guard let wanted = elementCount(of: shape) else {
      throw .inputMismatch(name: "tensor", found: "shape \(shape)", wanted: "sizes that can be counted")
    }
    guard storage.count == wanted else {
      throw .inputMismatch(name: "tensor", found: "\(storage.count) elements", wanted: "\(wanted) for shape \(shape)")
    }
    self.shape = shape
    self.storage = storage
  }

  public static func int32(_ elements: [Int32]) -> Tensor { Tensor(vector: .int32(elements)) }

  private init(vector storage: Storage) {
    shape = [storage.count]
    self.storage = storage
  }

  /// The elements as `Float`, rounded where they are wider.
  public var floats: [Float] {
    switch storage {
    case .float32(let elements): elements
    case .float64(let elements): elements.map { Float($0) }
    case .int32(let elements): elements.map { Float($0) }
    case .uint8(let elements): elements.map { Float($0) }
    }
  }

  /// The elements as `Double`, exactly.
  public var doubles: [Double] {
    switch storage {
    case .float32(let elements): elements.map { Double($0) }
    case .float64(let elements): elements
    case .int32(let elements): elements.map { Double($0) }
    case .uint8(let elements): elements.map { Double($0) }
    }
  }
}

/// The product of sizes; nil if one is negative or the product overflows.
func elementCount(of sizes: [Int]) -> Int? {
  guard sizes.allSatisfy({ $0 >= 0 }) else { return nil }
  if sizes.contains(0) { return 0 }
  var count = 1
  for size in sizes {
    let (product, overflow) = count.multipliedReportingOverflow(by: size)
    if overflow { return nil }
    count = product
  }
  return count
}

extension Tensor.Storage {
  public var count: Int {
    switch self {
    case .float32(let elements): elements.count
    case .float64(let elements): elements.count
    case .int32(let elements): elements.count
    case .uint8(let elements): elements.count
    }
  }

  var name: String {
    switch self {
    case .float32: "float32"
    case .float64: "float64"
    case .int32: "int32"
    case .uint8: "uint8"
    }
  }
}
