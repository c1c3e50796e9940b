// SPDX-License-Identifier: Apache-2.0

import Checkpoints
import StrictJSON
import Testing

/// A file that must be refused, and with what. The cases follow RELIABILITY's list for safetensors, item by item.
struct Refusal: CustomTestStringConvertible, Sendable {
  let name: String
  let bytes: [UInt8]
  let error: @Sendable (_ file: String) -> CheckpointError

  var testDescription: String { name }

  init(_ name: String, _ bytes: [UInt8], _ error: @escaping @Sendable (String) -> CheckpointError) {
    (self.name, self.bytes, self.error) = (name, bytes, error)
  }

  /// A header with `dataBytes` of data behind it.
  init(
    _ name: String, _ header: String, dataBytes: Int = 0, _ error: @escaping @Sendable (String) -> CheckpointError
  ) {
    self.init(name, safetensors(header, dataBytes: dataBytes), error)
  }

  /// One F32 tensor "w" of eight bytes with some fields replaced.
  init(
    _ name: String, dtype: String = "\"F32\"", shape: String = "[2]", offsets: String = "[0,8]", dataBytes: Int = 8,
    _ error: @escaping @Sendable (String) -> CheckpointError
  ) {
    self.init(
      name, "{\"w\":{\"dtype\":\(dtype),\"shape\":\(shape),\"data_offsets\":\(offsets)}}", dataBytes: dataBytes, error)
  }
}

private func json(_ error: JSONError, tensor: String? = nil, field: String? = nil)
  -> @Sendable (String) -> CheckpointError
{
  { .invalidJSON(file: $0, tensor: tensor, field: field, error: error) }
}

private func integer(_ literal: String, _ field: String) -> @Sendable (String) -> CheckpointError {
  { .invalidInteger(file: $0, tensor: "w", field: field, literal: literal) }
}

private let entry = "{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]}"
private let second = "{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[4,8]}"

private func length(_ value: UInt64) -> [UInt8] { withUnsafeBytes(of: value.littleEndian) { Array($0) } }

let containerRefusals: [Refusal] = [
  Refusal("empty", []) { .tooShort(file: $0, size: 0) },
  Refusal("under 8 bytes", [2, 0, 0, 0, 0, 0, 0]) { .tooShort(file: $0, size: 7) },
  Refusal("header length 0", length(0), json(.unexpectedEnd(expected: .object, offset: 0))),
  Refusal("header length over 100 MB", length(100_000_001) + [0x7B]) {
    .headerTooLarge(file: $0, length: 100_000_001, limit: 100_000_000)
  },
  Refusal("header length over the file", length(3) + [0x7B, 0x7D]) {
    .headerBeyondFile(file: $0, length: 3, available: 2)
  },
  Refusal("header length 2^63", length(1 << 63) + [0x7B, 0x7D]) {
    .headerTooLarge(file: $0, length: 1 << 63, limit: 100_000_000)
  },
  Refusal("header length 2^64-1", length(.max)) { .headerTooLarge(file: $0, length: .max, limit: 100_000_000) },
  Refusal("header not UTF-8", safetensors([0x7B, 0x22, 0xFF, 0x22, 0x7D]), json(.notUTF8(offset: 2))),
  Refusal("header an array", "[]", json(.unexpectedByte(0x5B, expected: .object, offset: 0))),
  Refusal("header begins with white space", " {}", json(.unexpectedByte(0x20, expected: .object, offset: 0))),
  Refusal("header begins with a byte order mark", "\u{FEFF}{}", json(.byteOrderMark)),
  Refusal("header cut off", "{\"w\":", json(.unexpectedEnd(expected: .object, offset: 5), tensor: "w")),
  Refusal("header followed by something", "{}{}", json(.trailingBytes(offset: 2))),
  Refusal("header padded with NUL", "{}\u{0}", json(.trailingBytes(offset: 2))),
  Refusal(
    "nesting 10^5 in a tensor", "{\"w\":" + String(repeating: "[", count: 100_000),
    json(.unexpectedByte(0x5B, expected: .object, offset: 5), tensor: "w")),
  Refusal(
    "nesting 10^5 in a shape", "{\"w\":{\"shape\":" + String(repeating: "[", count: 100_000),
    json(.unexpectedByte(0x5B, expected: .number, offset: 15), tensor: "w", field: "shape")),
  Refusal(
    "nesting 10^5 in the metadata", "{\"__metadata__\":" + String(repeating: "[", count: 100_000),
    json(.tooDeep(limit: 128, offset: 143), tensor: "__metadata__")),
  Refusal(
    "tensor is no object", "{\"w\":[1]}", json(.unexpectedByte(0x5B, expected: .object, offset: 5), tensor: "w")),
  Refusal("duplicate tensor", "{\"w\":\(entry),\"w\":\(second)}", dataBytes: 8) {
    .duplicateTensor(file: $0, tensor: "w")
  },
  Refusal("duplicate tensor, escaped", "{\"w\":\(entry),\"\\u0077\":\(second)}", dataBytes: 8) {
    .duplicateTensor(file: $0, tensor: "w")
  },
  Refusal("duplicate dtype", "{\"w\":{\"dtype\":\"F32\",\"dtype\":\"F32\"}}") {
    .duplicateField(file: $0, tensor: "w", field: "dtype")
  },
  Refusal("duplicate shape", "{\"w\":{\"shape\":[],\"shape\":[]}}") {
    .duplicateField(file: $0, tensor: "w", field: "shape")
  },
  Refusal("duplicate data_offsets", "{\"w\":{\"data_offsets\":[0,0],\"data_offsets\":[0,0]}}") {
    .duplicateField(file: $0, tensor: "w", field: "data_offsets")
  },
  Refusal("duplicate metadata", "{\"__metadata__\":{},\"__metadata__\":{}}") {
    .duplicateTensor(file: $0, tensor: "__metadata__")
  },
  Refusal(
    "duplicate metadata key", "{\"__metadata__\":{\"a\":\"\",\"a\":\"\"}}",
    json(.duplicateKey("a", offset: 24), tensor: "__metadata__")),
  Refusal("unknown field", "{\"w\":{\"device\":\"cuda\"}}") { .unknownField(file: $0, tensor: "w", field: "device") },
  Refusal("no dtype", "{\"w\":{\"shape\":[],\"data_offsets\":[0,0]}}") {
    .missingField(file: $0, tensor: "w", field: "dtype")
  },
  Refusal("no shape", "{\"w\":{\"dtype\":\"F32\",\"data_offsets\":[0,0]}}") {
    .missingField(file: $0, tensor: "w", field: "shape")
  },
  Refusal("no data_offsets", "{\"w\":{\"dtype\":\"F32\",\"shape\":[]}}") {
    .missingField(file: $0, tensor: "w", field: "data_offsets")
  },
  Refusal("NUL in a name", "{\"a\\u0000b\":\(entry)}", dataBytes: 4) { .invalidName(file: $0, tensor: "a\u{0}b") },
  Refusal("control character in a name", "{\"a\\u001bb\":\(entry)}", dataBytes: 4) {
    .invalidName(file: $0, tensor: "a\u{1B}b")
  },
  Refusal("C1 control character in a name", "{\"a\u{85}b\":\(entry)}", dataBytes: 4) {
    .invalidName(file: $0, tensor: "a\u{85}b")
  },
  Refusal(
    "unescaped control character in a name", "{\"a\nb\":\(entry)}", json(.controlCharacter(0x0A, offset: 3))),
  Refusal("__metadata__ as a tensor", "{\"__metadata__\":\(entry)}", dataBytes: 4) {
    .metadataNotText(file: $0, key: "shape", kind: "an array")
  },
  Refusal("metadata that is no object", "{\"__metadata__\":\"pt\"}") {
    .metadataNotText(file: $0, key: "__metadata__", kind: "a string")
  },
  Refusal("metadata that is no string", "{\"__metadata__\":{\"format\":1}}") {
    .metadataNotText(file: $0, key: "format", kind: "a number")
  },
  Refusal("over 100,000 tensors", overfullHeader) { .tooManyTensors(file: $0, limit: 100_000) },
  Refusal("overlap", "{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]},\"b\":\(second)}", dataBytes: 8) {
    .overlap(file: $0, tensor: "b", begin: 4, other: "a", end: 8)
  },
  Refusal("the same range twice", "{\"a\":\(entry),\"b\":\(entry)}", dataBytes: 4) {
    .overlap(file: $0, tensor: "b", begin: 0, other: "a", end: 4)
  },
  Refusal(
    "empty tensor inside another",
    "{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]},\"b\":{\"dtype\":\"U8\",\"shape\":[0],\"data_offsets\":[3,3]}}",
    dataBytes: 8
  ) {
    .overlap(file: $0, tensor: "b", begin: 3, other: "a", end: 8)
  },
  Refusal("hole at the start", "{\"b\":\(second)}", dataBytes: 8) { .hole(file: $0, tensor: "b", begin: 0, end: 4) },
  Refusal(
    "hole between", "{\"a\":\(entry),\"b\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[6,7]}}", dataBytes: 7
  ) {
    .hole(file: $0, tensor: "b", begin: 4, end: 6)
  },
]

let tensorRefusals: [Refusal] = [
  Refusal("trailing bytes", dataBytes: 9) { .trailingBytes(file: $0, count: 1) },
  Refusal("truncated data", dataBytes: 7) { .truncatedData(file: $0, tensor: "w", end: 8, available: 7) },
  Refusal("begin > end", offsets: "[8,0]") { .reversedOffsets(file: $0, tensor: "w", begin: 8, end: 0) },
  Refusal("negative size", shape: "[-2]", integer("-2", "shape")),
  Refusal("fractional size", shape: "[2.0]", integer("2.0", "shape")),
  Refusal("exponent in a size", shape: "[2e0]", integer("2e0", "shape")),
  Refusal("huge size", shape: "[9223372036854775808]", integer("9223372036854775808", "shape")),
  Refusal("huger size", shape: "[1e400]", integer("1e400", "shape")),
  Refusal("size 2^64 + 2", shape: "[18446744073709551618]", integer("18446744073709551618", "shape")),
  Refusal("negative offset", offsets: "[-8,0]", integer("-8", "data_offsets")),
  Refusal("fractional offset", offsets: "[0,8.5]", integer("8.5", "data_offsets")),
  Refusal("huge offset", offsets: "[0,18446744073709551624]", integer("18446744073709551624", "data_offsets")),
  Refusal("offset near 2^63", offsets: "[9223372036854775800,9223372036854775807]") {
    .wrongByteCount(file: $0, tensor: "w", dataType: .float32, shape: [2], expected: 8, found: 7)
  },
  Refusal("end near 2^63", offsets: "[9223372036854775799,9223372036854775807]") {
    .truncatedData(file: $0, tensor: "w", end: .max, available: 8)
  },
  Refusal(
    "text for a size", shape: "[\"2\"]",
    json(.unexpectedByte(0x22, expected: .number, offset: 29), tensor: "w", field: "shape")),
  Refusal(
    "shape is no array", shape: "2",
    json(.unexpectedByte(0x32, expected: .array, offset: 28), tensor: "w", field: "shape")),
  Refusal(
    "dtype is no string", dtype: "32",
    json(.unexpectedByte(0x33, expected: .string, offset: 14), tensor: "w", field: "dtype")),
  Refusal("one offset", offsets: "[0]") { .wrongOffsetCount(file: $0, tensor: "w") },
  Refusal("three offsets", offsets: "[0,4,8]") { .wrongOffsetCount(file: $0, tensor: "w") },
  Refusal("shape product overflow", shape: "[4294967296,4294967296]") {
    .shapeOverflow(file: $0, tensor: "w", shape: [1 << 32, 1 << 32])
  },
  Refusal("shape product overflow in bytes only", shape: "[2305843009213693952]") {
    .shapeOverflow(file: $0, tensor: "w", shape: [1 << 61])
  },
  Refusal("byte length against shape", shape: "[3]") {
    .wrongByteCount(file: $0, tensor: "w", dataType: .float32, shape: [3], expected: 12, found: 8)
  },
  Refusal("byte length against dtype", dtype: "\"F64\"") {
    .wrongByteCount(file: $0, tensor: "w", dataType: .float64, shape: [2], expected: 16, found: 8)
  },
  Refusal("unknown dtype", dtype: "\"F8_E4M3\"") { .unknownDataType(file: $0, tensor: "w", dataType: "F8_E4M3") },
  Refusal("dtype in lower case", dtype: "\"f32\"") { .unknownDataType(file: $0, tensor: "w", dataType: "f32") },
  Refusal("rank over 8", shape: "[1,1,1,1,1,1,1,1,2]") { .rankTooHigh(file: $0, tensor: "w", limit: 8) },
]

private let overfullHeader =
  "{" + (0...100_000).map { "\"\($0)\":{\"dtype\":\"U8\",\"shape\":[0],\"data_offsets\":[0,0]}" }.joined(separator: ",")
  + "}"

@Suite struct SafetensorsRefusalTests {
  @Test(arguments: containerRefusals) func header(refusal: Refusal) { check(refusal) }

  @Test(arguments: tensorRefusals) func tensor(refusal: Refusal) { check(refusal) }

  private func check(_ refusal: Refusal) {
    withTemporaryDirectory { directory in
      let path = directory.write("model.safetensors", refusal.bytes)
      let error = #expect(throws: CheckpointError.self) { try SafetensorsFile(path: path) }
      #expect(error == refusal.error(path))
      // Every message is one line that names the file.
      #expect(error?.description.hasPrefix(path) == true)
      #expect(error?.description.contains("\n") == false)
      #expect((error?.description.utf8.count ?? 0) < 600)
    }
  }

  @Test func acceptedAtTheLimits() throws {
    try withTemporaryDirectory { directory in
      let header =
        "{\"__metadata__\":{},\"r\":{\"dtype\":\"U8\",\"shape\":[1,1,1,1,1,1,1,1],\"data_offsets\":[0,1]}, "
        + "\"s\":{\"data_offsets\":[1,5],\"shape\":[],\"dtype\":\"F32\"},"
        + "\"\":{\"dtype\":\"BOOL\",\"shape\":[0,7],\"data_offsets\":[5,5]}} \n"
      let file = try SafetensorsFile(path: directory.write("a", safetensors(header, dataBytes: 5)))
      #expect(file.tensorNames == ["r", "s", ""])
      #expect(file.tensor(named: "r")?.shape == [Int](repeating: 1, count: 8))
      #expect(file.tensor(named: "s")?.elementCount == 1)
      #expect(try file.readInt64("") == [])
      #expect(file.totalBytes == 5)
      let none = try SafetensorsFile(path: directory.write("b", safetensors("{}")))
      #expect(none.tensorNames.isEmpty)
    }
  }

  @Test func oneHundredThousandTensors() throws {
    try withTemporaryDirectory { directory in
      let header =
        "{"
        + (0..<100_000).map { "\"\($0)\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[\($0),\($0 + 1)]}" }
        .joined(separator: ",") + "}"
      let path = directory.write("a", safetensors(header, dataBytes: 100_000))
      let start = ContinuousClock.now
      let file = try SafetensorsFile(path: path)
      #expect(start.duration(to: .now) < .seconds(1))
      #expect(file.tensorNames.count == 100_000)
      #expect(try file.readInt64("99999") == [99_999 & 255])
    }
  }

  @Test func dataOutOfHeaderOrderIsFound() throws {
    try withTemporaryDirectory { directory in
      let header =
        "{\"b\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[2,3]},"
        + "\"a\":{\"dtype\":\"U8\",\"shape\":[2],\"data_offsets\":[0,2]}}"
      let file = try SafetensorsFile(path: directory.write("a", safetensors(header, data: [7, 8, 9])))
      #expect(file.tensorNames == ["a", "b"])
      #expect(try file.readInt64("a") == [7, 8])
      #expect(try file.readInt64("b") == [9])
    }
  }
}
