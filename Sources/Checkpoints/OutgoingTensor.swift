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

  // Elements per piece of a tensor that is read on demand: 1 MiB.
  private static let pieceElements = 256 << 10

  /// An F32 tensor that is read when it is written, piece by piece, through a buffer of 1 MiB: weights on a device, or in
  /// another file.
  ///
  /// - Parameter read: fills the buffer with the elements from `start` on.
  public init(
    name: String, shape: [Int],
    read: @escaping (_ start: Int, _ buffer: UnsafeMutableBufferPointer<Float>) throws -> Void
  ) {
    self.init(name: name, dataType: .float32, shape: shape) { append in
      let count = TensorInfo(name: name, dataType: .float32, shape: shape)?.elementCount ?? 0
      let buffer = UnsafeMutableBufferPointer<Float>.allocate(capacity: min(max(count, 1), Self.pieceElements))
      buffer.initialize(repeating: 0)
      defer { buffer.deallocate() }
      var start = 0
      while start < count {
        let piece = UnsafeMutableBufferPointer(rebasing: buffer[..<min(buffer.count, count - start)])
        try read(start, piece)
        try append(UnsafeRawBufferPointer(piece))
        start += piece.count
      }
    }
  }

  /// A tensor of another checkpoint, as it is there, read when it is written.
  ///
  /// - Throws: `CheckpointError.noSuchTensor`.
  public init(copying original: String, of source: some TensorSource, as name: String? = nil) throws(CheckpointError) {
    let info = try source.existingTensor(named: original)
    self.init(name: name ?? original, dataType: info.dataType, shape: info.shape) { append in
      let piece = UnsafeMutableRawBufferPointer.allocate(
        byteCount: min(max(info.byteCount, 1), 4 * Self.pieceElements), alignment: 16)
      defer { piece.deallocate() }
      var done = 0
      while done < info.byteCount {
        let part = UnsafeMutableRawBufferPointer(rebasing: piece[..<min(piece.count, info.byteCount - done)])
        try source.readBytes(of: original, from: done, into: part)
        try append(UnsafeRawBufferPointer(part))
        done += part.count
      }
    }
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
