// SPDX-License-Identifier: Apache-2.0

/// The value of an IEEE 754 binary16, exactly.
///
/// Written with shifts and one multiplication, which the compiler turns into vector code: `Float(Float16)` is a library
/// call per element on x86-64 without F16C.
@inline(__always)
package func float32(half bits: UInt16) -> Float {
  let magnitude = UInt32(bits & 0x7FFF)
  // Exponent and mantissa in float32's places give 2^-112 of the value, for subnormals too; the product is exact.
  let scaled = Float(bitPattern: magnitude << 13) * 0x1p112
  // Infinity and NaN keep their mantissa and get float32's largest exponent.
  let special: UInt32 = magnitude >= 0x7C00 ? 0x7F80_0000 : 0
  return Float(bitPattern: scaled.bitPattern | special | UInt32(bits & 0x8000) << 16)
}

/// The value of a bfloat16, exactly: the upper half of a float32.
@inline(__always)
package func float32(brain bits: UInt16) -> Float { Float(bitPattern: UInt32(bits) << 16) }
