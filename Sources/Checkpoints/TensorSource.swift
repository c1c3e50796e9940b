// SPDX-License-Identifier: Apache-2.0

/// Something that holds named tensors: one file of any format, or several files seen as one.
///
/// A format implements these four; the conversions that models want are written once, on top of them.
public protocol TensorSource: Sendable {
  /// For error messages: the file or directory.
  var path: String { get }

  /// Every tensor's name, each once, in the order of the data.
  var tensorNames: [String] { get }

  /// Type and shape of a tensor; nil if there is none of that name.
  func tensor(named name: String) -> TensorInfo?

  /// Reads part of a tensor's elements, as the file stores them.
  ///
  /// - Parameters:
  ///   - byteOffset: where to start, counted from the tensor's first byte in row-major order.
  ///   - buffer: filled to the end.
  /// - Throws: `CheckpointError.noSuchTensor`; `.outsideTensor`; `.file` if the file ends early or cannot be read.
  func readBytes(
    of name: String, from byteOffset: Int, into buffer: UnsafeMutableRawBufferPointer
  ) throws(CheckpointError)
}

extension TensorSource {
  /// Bytes of all tensors together.
  public var totalBytes: Int {
    tensorNames.reduce(0) { $0 + (tensor(named: $1)?.byteCount ?? 0) }
  }

  /// Type and shape of a tensor that has to be there.
  ///
  /// - Throws: `CheckpointError.noSuchTensor`.
  public func existingTensor(named name: String) throws(CheckpointError) -> TensorInfo {
    guard let info = tensor(named: name) else { throw .noSuchTensor(file: path, tensor: name) }
    return info
  }
}
