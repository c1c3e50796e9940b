// SPDX-License-Identifier: Apache-2.0

import StrictJSON

/// Writes safetensors files: byte for byte what the Python package writes for the same tensors.
///
/// The order is the library's: wider types first, then names, compared as UTF-8 bytes; so every tensor is aligned to its
/// element. Same tensors, same file.
public enum SafetensorsWriter {
  /// Writes `tensors` to `path`, atomically: see `AtomicFile`.
  ///
  /// - Parameters:
  ///   - tensors: in any order. Each one's bytes are asked for once, one tensor after the other.
  ///   - metadata: `__metadata__`, written in the order of its keys. Hugging Face's transformers want `format` = `pt`.
  /// - Throws: `CheckpointError` for tensors that no reader would accept (double or reserved names, more than 8
  ///   dimensions, a producer that gives another number of bytes than type and shape take), `.file` for what the disk
  ///   says; or whatever a producer throws. The file at `path` is as it was.
  public static func write(
    _ tensors: [OutgoingTensor], metadata: [String: String] = ["format": "pt"], to path: String
  ) throws {
    try write(tensors, metadata: metadata, to: path, named: path, calls: .system)
  }

  package static func write(
    _ tensors: [OutgoingTensor], metadata: [String: String], to path: String, named name: String, calls: FileCalls
  ) throws {
    let layout = try Layout(tensors, metadata, name)
    do {
      var file = try AtomicFile(path: path, name: name, calls: calls)
      try layout.write(name) { try file.append($0) }
      try file.commit()
    } catch let error as FileError {
      throw CheckpointError.file(error)
    }
  }

  /// Hands the bytes of a file of `tensors` to `append`, in order: for a pipe, which is no file that could be replaced.
  ///
  /// - Parameter name: what errors call the file.
  /// - Throws: as `write(_:metadata:to:)`, or whatever `append` throws.
  public static func write(
    _ tensors: [OutgoingTensor], metadata: [String: String] = ["format": "pt"], named name: String,
    append: (UnsafeRawBufferPointer) throws -> Void
  ) throws {
    try Layout(tensors, metadata, name).write(name, append: append)
  }
}

/// The tensors in file order, checked, and the bytes that come before their data.
private struct Layout {
  var tensors: [(OutgoingTensor, TensorInfo)] = []
  var header: [UInt8] = []

  init(_ tensors: [OutgoingTensor], _ metadata: [String: String], _ path: String) throws(CheckpointError) {
    guard tensors.count <= SafetensorsHeader.tensorLimit else {
      throw .tooManyTensors(file: path, limit: SafetensorsHeader.tensorLimit)
    }
    var names: [String] = []
    var table = KeyTable()
    for tensor in tensors {
      names.append(tensor.name)
      guard isTensorName(tensor.name) else { throw .invalidName(file: path, tensor: tensor.name) }
      guard table.insert(names.count - 1, keys: names) == nil else {
        throw .duplicateTensor(file: path, tensor: tensor.name)
      }
      guard tensor.shape.count <= SafetensorsHeader.rankLimit else {
        throw .rankTooHigh(file: path, tensor: tensor.name, limit: SafetensorsHeader.rankLimit)
      }
      guard let info = TensorInfo(name: tensor.name, dataType: tensor.dataType, shape: tensor.shape) else {
        throw .shapeOverflow(file: path, tensor: tensor.name, shape: tensor.shape)
      }
      self.tensors.append((tensor, info))
    }
    self.tensors.sort { left, right in
      left.1.dataType == right.1.dataType
        ? left.1.name.utf8.lexicographicallyPrecedes(right.1.name.utf8)
        : left.1.dataType.fileOrder < right.1.dataType.fileOrder
    }
    header = try Self.header(self.tensors.map(\.1), metadata, path)
  }

  func write(_ path: String, append: (UnsafeRawBufferPointer) throws -> Void) throws {
    try header.withUnsafeBytes(append)
    for (tensor, info) in tensors {
      var count = 0
      try tensor.produce { bytes in
        count += bytes.count
        // Checked before it is written: a producer that runs away must not fill the disk.
        if count <= info.byteCount { try append(bytes) }
      }
      guard count == info.byteCount else {
        throw CheckpointError.wrongByteCount(
          file: path, tensor: info.name, dataType: info.dataType, shape: info.shape, expected: info.byteCount,
          found: count)
      }
    }
  }

  private static func header(
    _ tensors: [TensorInfo], _ metadata: [String: String], _ path: String
  ) throws(CheckpointError) -> [UInt8] {
    var object = JSONObject()
    if !metadata.isEmpty {
      let pairs = metadata.sorted { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }
      object[SafetensorsHeader.metadataKey] = .object(JSONObject(pairs.map { ($0.key, .string($0.value)) }))
    }
    var begin = 0
    for info in tensors {
      let (end, overflow) = begin.addingReportingOverflow(info.byteCount)
      guard !overflow else { throw .shapeOverflow(file: path, tensor: info.name, shape: info.shape) }
      object[info.name] = .object([
        "dtype": .string(info.dataType.rawValue),
        "shape": .array(info.shape.map { .number(JSONNumber($0)) }),
        "data_offsets": [.number(JSONNumber(begin)), .number(JSONNumber(end))],
      ])
      begin = end
    }
    var writer = JSONWriter()
    writer.append(.object(object))
    while writer.bytes.count % 8 != 0 { writer.bytes.append(UInt8(ascii: " ")) }
    let length = writer.bytes.count
    guard length <= SafetensorsHeader.byteLimit else {
      throw .headerTooLarge(file: path, length: UInt64(length), limit: SafetensorsHeader.byteLimit)
    }
    return withUnsafeBytes(of: UInt64(length).littleEndian) { Array($0) } + writer.bytes
  }
}

extension DataType {
  /// The place of the type's tensors in a file: the safetensors library sorts them from its last type to its first.
  fileprivate var fileOrder: Int {
    switch self {
    case .int64: 0
    case .float64: 1
    case .float32: 2
    case .int32: 3
    case .bfloat16: 4
    case .float16: 5
    case .int16: 6
    case .int8: 7
    case .uint8: 8
    case .bool: 9
    }
  }
}
