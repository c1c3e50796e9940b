// SPDX-License-Identifier: Apache-2.0

// Conversions go through a scratch buffer of this size, so that no tensor is ever in memory twice. It fits in a second
// level cache: the file's bytes are still there when they are converted.
private let scratchBytes = 256 << 10

extension TensorSource {
  /// Reads a floating point tensor as `Float`. F16 and BF16 convert exactly, F64 rounds to nearest (beyond `Float`'s range
  /// to infinity).
  ///
  /// - Parameter buffer: as many elements as the tensor has, row-major.
  /// - Throws: `CheckpointError.noSuchTensor`, `.wrongBufferSize`, `.wrongType` for integers, `.file`.
  public func readFloat32(_ name: String, into buffer: UnsafeMutableBufferPointer<Float>) throws(CheckpointError) {
    try check(try existingTensor(named: name), buffer.count)
    try readFloat32(name, from: 0, into: buffer)
  }

  /// The same for `buffer.count` elements from element `start` on.
  public func readFloat32(
    _ name: String, from start: Int, into buffer: UnsafeMutableBufferPointer<Float>
  ) throws(CheckpointError) {
    let info = try existingTensor(named: name)
    guard start >= 0, start <= info.elementCount, buffer.count <= info.elementCount - start else {
      throw .wrongBufferSize(file: path, tensor: name, expected: info.elementCount, found: buffer.count)
    }
    switch info.dataType {
    case .float32:
      try readBytes(of: name, from: start * info.dataType.byteCount, into: UnsafeMutableRawBufferPointer(buffer))
    case .float16: try convert(info, from: start, buffer) { (bits: UInt16) in float32(half: bits) }
    case .bfloat16: try convert(info, from: start, buffer) { (bits: UInt16) in float32(brain: bits) }
    case .float64: try convert(info, from: start, buffer) { (value: Double) in Float(value) }
    case .int64, .int32, .int16, .int8, .uint8, .bool: throw wrongType(info, "floating point")
    }
  }

  /// Reads a floating point tensor as `Double`, exactly.
  ///
  /// - Parameter buffer: as many elements as the tensor has, row-major.
  /// - Throws: `CheckpointError.noSuchTensor`, `.wrongBufferSize`, `.wrongType` for integers, `.file`.
  public func readFloat64(_ name: String, into buffer: UnsafeMutableBufferPointer<Double>) throws(CheckpointError) {
    try check(try existingTensor(named: name), buffer.count)
    try readFloat64(name, from: 0, into: buffer)
  }

  /// The same for `buffer.count` elements from element `start` on.
  public func readFloat64(
    _ name: String, from start: Int, into buffer: UnsafeMutableBufferPointer<Double>
  ) throws(CheckpointError) {
    let info = try existingTensor(named: name)
    guard start >= 0, start <= info.elementCount, buffer.count <= info.elementCount - start else {
      throw .wrongBufferSize(file: path, tensor: name, expected: info.elementCount, found: buffer.count)
    }
    switch info.dataType {
    case .float64:
      try readBytes(of: name, from: start * info.dataType.byteCount, into: UnsafeMutableRawBufferPointer(buffer))
    case .float32: try convert(info, from: start, buffer) { (value: Float) in Double(value) }
    case .float16: try convert(info, from: start, buffer) { (bits: UInt16) in Double(float32(half: bits)) }
    case .bfloat16: try convert(info, from: start, buffer) { (bits: UInt16) in Double(float32(brain: bits)) }
    case .int64, .int32, .int16, .int8, .uint8, .bool: throw wrongType(info, "floating point")
    }
  }

  /// Reads an integer or BOOL tensor as `Int64`, exactly; false is 0, true is what the file holds, usually 1.
  ///
  /// - Parameter buffer: as many elements as the tensor has, row-major.
  /// - Throws: `CheckpointError.noSuchTensor`, `.wrongBufferSize`, `.wrongType` for floating point, `.file`.
  public func readInt64(_ name: String, into buffer: UnsafeMutableBufferPointer<Int64>) throws(CheckpointError) {
    let info = try existingTensor(named: name)
    try check(info, buffer.count)
    switch info.dataType {
    case .int64: try readBytes(of: name, from: 0, into: UnsafeMutableRawBufferPointer(buffer))
    case .int32: try convert(info, from: 0, buffer) { (value: Int32) in Int64(value) }
    case .int16: try convert(info, from: 0, buffer) { (value: Int16) in Int64(value) }
    case .int8: try convert(info, from: 0, buffer) { (value: Int8) in Int64(value) }
    case .uint8, .bool: try convert(info, from: 0, buffer) { (value: UInt8) in Int64(value) }
    case .float64, .float32, .float16, .bfloat16: throw wrongType(info, "integer")
    }
  }

  /// `readFloat32(_:into:)` into a new array.
  public func readFloat32(_ name: String) throws(CheckpointError) -> [Float] {
    try array(name) { buffer throws(CheckpointError) in try readFloat32(name, into: buffer) }
  }

  /// `readFloat64(_:into:)` into a new array.
  public func readFloat64(_ name: String) throws(CheckpointError) -> [Double] {
    try array(name) { buffer throws(CheckpointError) in try readFloat64(name, into: buffer) }
  }

  /// `readInt64(_:into:)` into a new array.
  public func readInt64(_ name: String) throws(CheckpointError) -> [Int64] {
    try array(name) { buffer throws(CheckpointError) in try readInt64(name, into: buffer) }
  }

  private func check(_ info: TensorInfo, _ count: Int) throws(CheckpointError) {
    guard count == info.elementCount else {
      throw .wrongBufferSize(file: path, tensor: info.name, expected: info.elementCount, found: count)
    }
  }

  private func wrongType(_ info: TensorInfo, _ wanted: String) -> CheckpointError {
    .wrongType(file: path, tensor: info.name, dataType: info.dataType, wanted: wanted)
  }

  /// Reads piece by piece into scratch memory and converts each piece where it belongs.
  @inline(__always)
  private func convert<Stored: BitwiseCopyable, Element>(
    _ info: TensorInfo, from start: Int, _ buffer: UnsafeMutableBufferPointer<Element>,
    _ transform: (Stored) -> Element
  ) throws(CheckpointError) {
    let width = MemoryLayout<Stored>.stride
    let piece = min(scratchBytes / width, buffer.count)
    guard piece > 0, let output = buffer.baseAddress else { return }
    let scratch = UnsafeMutableBufferPointer<Stored>.allocate(capacity: piece)
    defer { scratch.deallocate() }
    guard let input = scratch.baseAddress else { return }
    var done = 0
    while done < buffer.count {
      let count = min(piece, buffer.count - done)
      let bytes = UnsafeMutableRawBufferPointer(start: input, count: count * width)
      try readBytes(of: info.name, from: (start + done) * width, into: bytes)
      for index in 0..<count { (output + done + index).initialize(to: transform(input[index])) }
      done += count
    }
  }

  private func array<Element>(
    _ name: String, _ fill: (UnsafeMutableBufferPointer<Element>) throws(CheckpointError) -> Void
  ) throws(CheckpointError) -> [Element] {
    let count = try existingTensor(named: name).elementCount
    var failure: CheckpointError?
    let elements = [Element](unsafeUninitializedCapacity: count) { buffer, initialized in
      do throws(CheckpointError) {
        try fill(UnsafeMutableBufferPointer(rebasing: buffer[..<count]))
        initialized = count
      } catch {
        failure = error
      }
    }
    if let failure { throw failure }
    return elements
  }
}
