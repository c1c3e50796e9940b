// SPDX-License-Identifier: Apache-2.0

/// What a checkpoint says about one tensor. Elements are row-major, little-endian.
public struct TensorInfo: Equatable, Sendable {
  /// The checkpoint's key, verbatim.
  public let name: String
  /// The type of the elements as stored.
  public let dataType: DataType
  /// Sizes from the slowest dimension to the fastest; empty for a scalar.
  public let shape: [Int]
  /// The product of `shape`: 1 for a scalar.
  public let elementCount: Int

  /// - Returns: nil if a size is negative, or if the bytes do not fit in `Int`.
  public init?(name: String, dataType: DataType, shape: [Int]) {
    var elements = 1
    for size in shape {
      let (product, overflow) = elements.multipliedReportingOverflow(by: size)
      guard size >= 0, !overflow else { return nil }
      elements = product
    }
    guard !elements.multipliedReportingOverflow(by: dataType.byteCount).overflow else { return nil }
    self.name = name
    self.dataType = dataType
    self.shape = shape
    self.elementCount = elements
  }

  /// `elementCount` times the bytes per element.
  public var byteCount: Int { elementCount * dataType.byteCount }
}
