// SPDX-License-Identifier: Apache-2.0

import StrictJSON

/// The header of a safetensors file, checked against the size of the data that follows it.
///
/// After `init` the tensors tile the data exactly: no overlap, no hole, nothing left over, every byte count that of type
/// and shape. So reading needs no further checks than the file's own end.
///
/// Source: the format's description in github.com/huggingface/safetensors (README, "Format").
struct SafetensorsHeader: Sendable {
  /// In the order of the data.
  private(set) var tensorNames: [String] = []
  /// `__metadata__`: strings only.
  private(set) var metadata = JSONObject()

  // What is known of `tensorNames[i]`, 16 bytes, with the shapes end to end in one array: a hostile header of 100,000
  // tensors must not take more memory than twice its text and a little.
  private struct Record {
    var begin: Int
    var shapeStart: UInt32
    var rank: UInt8
    var dataType: DataType
  }
  private var records: [Record] = []
  private var sizes: [Int] = []
  private var table = KeyTable()
  private let file: String

  /// As in the safetensors library: a longer header is taken for an attack or another format.
  static let byteLimit = 100_000_000
  static let tensorLimit = 100_000
  static let rankLimit = 8
  static let metadataKey = "__metadata__"

  /// - Parameters:
  ///   - bytes: the JSON text, trailing spaces included.
  ///   - dataBytes: how many bytes follow the header.
  ///   - file: for error messages.
  init(_ bytes: UnsafeRawBufferPointer, dataBytes: Int, file: String) throws(CheckpointError) {
    self.file = file
    try parse(bytes)
    try arrange(dataBytes)
  }

  /// A tensor by name, with its first byte counted from the start of the data.
  func find(_ name: String) -> (info: TensorInfo, begin: Int)? {
    guard let index = table.find(name, keys: tensorNames), let info = info(index) else { return nil }
    return (info, records[index].begin)
  }

  private func info(_ index: Int) -> TensorInfo? {
    let record = records[index]
    let start = Int(record.shapeStart)
    return TensorInfo(
      name: tensorNames[index], dataType: record.dataType, shape: Array(sizes[start..<start + Int(record.rank)]))
  }
}

extension SafetensorsHeader {
  private mutating func parse(_ bytes: UnsafeRawBufferPointer) throws(CheckpointError) {
    // Names and metadata may take what their text takes, and a little: real metadata is a line or two.
    let limits = JSONLimits(memory: bytes.count + 2 << 20)
    var reader = try json(nil, nil) { () throws(JSONError) in try JSONReader(bytes, limits: limits) }
    // JSON lets white space come first, the format does not.
    guard let first = bytes.first else {
      throw .invalidJSON(
        file: file, tensor: nil, field: nil, error: .unexpectedEnd(expected: .object, offset: 0))
    }
    guard first == UInt8(ascii: "{") else {
      throw .invalidJSON(
        file: file, tensor: nil, field: nil, error: .unexpectedByte(first, expected: .object, offset: 0))
    }
    try json(nil, nil) { () throws(JSONError) in try reader.beginObject() }
    var hasMetadata = false
    while let name = try json(nil, nil, { () throws(JSONError) in try reader.nextKey() }) {
      if name == Self.metadataKey {
        guard !hasMetadata else { throw .duplicateTensor(file: file, tensor: name) }
        hasMetadata = true
        try parseMetadata(&reader)
        continue
      }
      guard isTensorName(name) else { throw .invalidName(file: file, tensor: name) }
      guard records.count < Self.tensorLimit else { throw .tooManyTensors(file: file, limit: Self.tensorLimit) }
      tensorNames.append(name)
      guard table.insert(records.count, keys: tensorNames) == nil else {
        throw .duplicateTensor(file: file, tensor: name)
      }
      let (info, begin) = try parseTensor(name, &reader)
      records.append(
        Record(
          begin: begin, shapeStart: UInt32(sizes.count), rank: UInt8(info.shape.count), dataType: info.dataType))
      sizes.append(contentsOf: info.shape)
    }
    try json(nil, nil) { () throws(JSONError) in try reader.end() }
  }

  private mutating func parseMetadata(_ reader: inout JSONReader) throws(CheckpointError) {
    let value = try json(Self.metadataKey, nil) { () throws(JSONError) in try reader.value() }
    guard let object = value.objectValue else {
      throw .metadataNotText(file: file, key: Self.metadataKey, kind: value.kind)
    }
    for (key, value) in object where value.stringValue == nil {
      throw .metadataNotText(file: file, key: key, kind: value.kind)
    }
    metadata = object
  }

  private func parseTensor(
    _ name: String, _ reader: inout JSONReader
  ) throws(CheckpointError) -> (TensorInfo, begin: Int) {
    var typeName: String?
    var shape: [Int]?
    var offsets: [Int]?
    try json(name, nil) { () throws(JSONError) in try reader.beginObject() }
    while let field = try json(name, nil, { () throws(JSONError) in try reader.nextKey() }) {
      switch field {
      case "dtype":
        guard typeName == nil else { throw .duplicateField(file: file, tensor: name, field: field) }
        typeName = try json(name, field) { () throws(JSONError) in try reader.string() }
      case "shape":
        guard shape == nil else { throw .duplicateField(file: file, tensor: name, field: field) }
        shape = try integers(name, field, &reader, limit: Self.rankLimit)
      case "data_offsets":
        guard offsets == nil else { throw .duplicateField(file: file, tensor: name, field: field) }
        offsets = try integers(name, field, &reader, limit: 2)
      default: throw .unknownField(file: file, tensor: name, field: field)
      }
    }
    guard let typeName else { throw .missingField(file: file, tensor: name, field: "dtype") }
    guard let shape else { throw .missingField(file: file, tensor: name, field: "shape") }
    guard let offsets else { throw .missingField(file: file, tensor: name, field: "data_offsets") }
    guard let dataType = DataType(rawValue: typeName) else {
      throw .unknownDataType(file: file, tensor: name, dataType: typeName)
    }
    guard let info = TensorInfo(name: name, dataType: dataType, shape: shape) else {
      throw .shapeOverflow(file: file, tensor: name, shape: shape)
    }
    guard offsets.count == 2 else { throw .wrongOffsetCount(file: file, tensor: name) }
    let (begin, end) = (offsets[0], offsets[1])
    guard begin <= end else { throw .reversedOffsets(file: file, tensor: name, begin: begin, end: end) }
    guard end - begin == info.byteCount else {
      throw .wrongByteCount(
        file: file, tensor: name, dataType: dataType, shape: shape, expected: info.byteCount, found: end - begin)
    }
    return (info, begin)
  }

  /// An array of integers, refused as soon as it is longer than `limit`.
  private func integers(
    _ tensor: String, _ field: String, _ reader: inout JSONReader, limit: Int
  ) throws(CheckpointError) -> [Int] {
    var values: [Int] = []
    try json(tensor, field) { () throws(JSONError) in try reader.beginArray() }
    while try json(tensor, field, { () throws(JSONError) in try reader.nextElement() }) {
      let number = try json(tensor, field) { () throws(JSONError) in try reader.number() }
      guard values.count < limit else {
        if field == "shape" { throw .rankTooHigh(file: file, tensor: tensor, limit: limit) }
        throw .wrongOffsetCount(file: file, tensor: tensor)
      }
      guard let value = number.int, value >= 0 else {
        throw .invalidInteger(file: file, tensor: tensor, field: field, literal: number.literal)
      }
      values.append(value)
    }
    return values
  }

  /// Sorts the tensors by their place in the data and demands that they tile it.
  private mutating func arrange(_ dataBytes: Int) throws(CheckpointError) {
    let ends = records.indices.map { records[$0].begin + (info($0)?.byteCount ?? 0) }
    let order = records.indices.sorted { (records[$0].begin, ends[$0], $0) < (records[$1].begin, ends[$1], $1) }
    var end = 0
    var previous = ""
    for index in order {
      let (name, begin) = (tensorNames[index], records[index].begin)
      guard ends[index] <= dataBytes else {
        throw .truncatedData(file: file, tensor: name, end: ends[index], available: dataBytes)
      }
      guard begin >= end else { throw .overlap(file: file, tensor: name, begin: begin, other: previous, end: end) }
      guard begin == end else { throw .hole(file: file, tensor: name, begin: end, end: begin) }
      end = ends[index]
      previous = name
    }
    guard end == dataBytes else { throw .trailingBytes(file: file, count: dataBytes - end) }
    // Headers in the order of the data, which is how they are written, keep their index.
    guard !order.elementsEqual(records.indices) else { return }
    records = order.map { records[$0] }
    tensorNames = order.map { tensorNames[$0] }
    table = KeyTable()
    for index in tensorNames.indices { _ = table.insert(index, keys: tensorNames) }
  }

  /// Runs one step of the JSON reader and says where in the header it failed.
  private func json<Value>(
    _ tensor: String?, _ field: String?, _ step: () throws(JSONError) -> Value
  ) throws(CheckpointError) -> Value {
    do throws(JSONError) {
      return try step()
    } catch {
      throw .invalidJSON(file: file, tensor: tensor, field: field, error: error)
    }
  }
}

/// Whether a tensor may be called this: no control characters (Unicode category Cc), not the reserved key.
func isTensorName(_ name: String) -> Bool {
  name != SafetensorsHeader.metadataKey
    && !name.unicodeScalars.contains { $0.value < 0x20 || (0x7F...0x9F).contains($0.value) }
}
