// SPDX-License-Identifier: Apache-2.0

/// The extents of a tensor, outermost first; storage is row-major and dense.
public struct Shape: Hashable, Sendable, ExpressibleByArrayLiteral, CustomStringConvertible {
  public let dimensions: [Dimension]

  public init(_ dimensions: [Dimension]) { self.dimensions = dimensions }
  public init(arrayLiteral elements: Dimension...) { self.init(elements) }
  /// A shape of numbers alone, as parameters have it.
  public init(fixed sizes: [Int]) { self.init(sizes.map(Dimension.fixed)) }

  public var rank: Int { dimensions.count }
  public var last: Dimension? { dimensions.last }
  public var description: String { "[" + dimensions.map(\.description).joined(separator: ", ") + "]" }

  /// The sizes under `bindings`.
  public func resolved(_ bindings: Dimensions) throws(GraphError) -> [Int] {
    var sizes: [Int] = []
    for dimension in dimensions { sizes.append(try dimension.resolved(bindings)) }
    return sizes
  }

  /// The number of elements under `bindings`.
  /// - Throws: `GraphError.tooLarge` if the product does not fit an `Int32` times 64 (no device indexes more).
  public func elementCount(_ bindings: Dimensions) throws(GraphError) -> Int {
    var count = 1
    for size in try resolved(bindings) {
      let (product, overflow) = count.multipliedReportingOverflow(by: size)
      guard !overflow, product <= Int(Int32.max) * 64 else { throw .tooLarge(self) }
      count = product
    }
    return count
  }
}

/// What an element of a value is.
public enum ElementType: Hashable, Sendable {
  /// A number in the executor's precision: `Double` in the oracle, 32 bits on a device.
  case real
  /// Ids, positions and offsets.
  case int32
  /// Visibility: 1 visible, 0 hidden.
  case uint8
}

/// Shape and element type of a value.
public struct TensorType: Hashable, Sendable, CustomStringConvertible {
  public let shape: Shape
  public let element: ElementType

  public init(_ shape: Shape, _ element: ElementType = .real) {
    self.shape = shape
    self.element = element
  }

  public var description: String { "\(element)\(shape)" }
}
