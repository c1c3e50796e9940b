// SPDX-License-Identifier: Apache-2.0

/// A tensor to be written: its name, type and shape, and a way to its bytes.
///
/// The bytes are asked for when their turn in the file has come, in as many pieces as the producer likes, so that a
/// checkpoint on a device is never in memory as a whole.
public struct OutgoingTensor {
  /// The key in the file: no control characters, not `__metadata__`.
  public let name: String
  /// What the bytes are.
  public let dataType: DataType
  /// From the slowest dimension to the fastest; empty for a scalar.
  public let shape: [Int]

  /// Hands the bytes to `append`, row-major and little-endian, in order.
  public typealias Producer = (_ append: (UnsafeRawBufferPointer) throws -> Void) throws -> Void
  let produce: Producer

  /// A tensor of any type. `produce` must give as many bytes as type and shape take.
  public init(name: String, dataType: DataType, shape: [Int], produce: @escaping Producer) {
    self.name = name
    self.dataType = dataType
    self.shape = shape
    self.produce = produce
  }

  /// An F32 tensor, elements row-major.
  public init(name: String, shape: [Int], _ elements: [Float]) {
    self.init(name: name, dataType: .float32, shape: shape) { append in try elements.withUnsafeBytes(append) }
  }

  /// An F64 tensor, elements row-major.
  public init(name: String, shape: [Int], _ elements: [Double]) {
    self.init(name: name, dataType: .float64, shape: shape) { append in try elements.withUnsafeBytes(append) }
  }

  /// An I64 tensor, elements row-major.
  public init(name: String, shape: [Int], _ elements: [Int64]) {
    self.init(name: name, dataType: .int64, shape: shape) { append in try elements.withUnsafeBytes(append) }
  }
}
