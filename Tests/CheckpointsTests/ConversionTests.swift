// SPDX-License-Identifier: Apache-2.0

import Checkpoints
import Testing

/// Conversions against the formats' arithmetic definitions, bit pattern by bit pattern, through a file.
@Suite struct ConversionTests {
  private static let patterns = (0...UInt16.max).map { $0 }

  /// Sign, exponent and mantissa by their definition; NaN where the exponent is all ones and the mantissa is not 0.
  private static func value(_ bits: UInt16, exponentBits: Int, bias: Int) -> Double {
    let mantissaBits = 15 - exponentBits
    let sign = bits & 0x8000 == 0 ? 1.0 : -1.0
    let exponent = Int(bits & 0x7FFF) >> mantissaBits
    let mantissa = Double(Int(bits) & (1 << mantissaBits - 1)) / Double(1 << mantissaBits)
    if exponent == 1 << exponentBits - 1 { return mantissa == 0 ? sign * .infinity : .nan }
    let scale = Double(sign: .plus, exponent: max(exponent, 1) - bias, significand: 1)
    return sign * scale * (exponent == 0 ? mantissa : 1 + mantissa)
  }

  private static func read(_ dataType: DataType, _ data: [UInt8]) throws -> (floats: [Float], doubles: [Double]) {
    try withTemporaryDirectory { directory in
      let count = data.count / dataType.byteCount
      let header =
        "{\"w\":{\"dtype\":\"\(dataType.rawValue)\",\"shape\":[\(count)],\"data_offsets\":[0,\(data.count)]}}"
      let file = try SafetensorsFile(path: directory.write("a", safetensors(header, data: data)))
      return (try file.readFloat32("w"), try file.readFloat64("w"))
    }
  }

  @Test(arguments: [(DataType.float16, 5, 15), (.bfloat16, 8, 127)])
  func all65536Patterns(dataType: DataType, exponentBits: Int, bias: Int) throws {
    // Three times over, so that the tensor is longer than the scratch buffer.
    let bits = Self.patterns + Self.patterns + Self.patterns
    let (floats, doubles) = try Self.read(dataType, bits.withUnsafeBytes { Array($0) })
    var wrong: [UInt16] = []
    for (index, pattern) in bits.enumerated() {
      let expected = Self.value(pattern, exponentBits: exponentBits, bias: bias)
      let same =
        expected.isNaN
        ? floats[index].isNaN && doubles[index].isNaN
        : Double(floats[index]) == expected && doubles[index] == expected
          && floats[index].sign == expected.sign && doubles[index].sign == expected.sign
      if !same { wrong.append(pattern) }
    }
    #expect(wrong.isEmpty)
  }

  @Test func doublesRoundToFloats() throws {
    let values: [Double] = [
      0, -0.0, 1, 1 + 0x1p-24, 1 + 0x1.8p-23, 0x1p-149, 0x1p-150, 0x1.8p-150, -0x1p-1074, 3.5e38, -1e308, .infinity,
      -.infinity, .nan, .pi,
    ]
    let (floats, doubles) = try Self.read(.float64, values.withUnsafeBytes { Array($0) })
    for (index, value) in values.enumerated() {
      #expect(doubles[index].bitPattern == value.bitPattern)
      #expect(value.isNaN ? floats[index].isNaN : floats[index].bitPattern == Float(value).bitPattern)
    }
    #expect(floats[3] == 1, "a tie goes to even")
    #expect(floats[6] == 0, "half of the smallest subnormal goes to even")
  }

  @Test func floatsKeepTheirBits() throws {
    let bits: [UInt32] = [0, 0x8000_0000, 1, 0x807F_FFFF, 0x7F80_0000, 0xFF80_0000, 0x7FC0_1234, 0x3F80_0001]
    let (floats, doubles) = try Self.read(.float32, bits.withUnsafeBytes { Array($0) })
    #expect(floats.map(\.bitPattern) == bits)
    #expect(zip(floats, doubles).allSatisfy { $0.isNaN ? $1.isNaN : Double($0) == $1 })
  }
}
