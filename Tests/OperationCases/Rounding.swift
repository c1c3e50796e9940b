// SPDX-License-Identifier: Apache-2.0

/// The nearest number that IEEE half precision holds, ties to even.
@Sendable public func roundedToFloat16(_ number: Float) -> Float { Float(Float16(number)) }

/// The nearest number that bfloat16 holds, ties to even; beyond the largest, infinity.
@Sendable public func roundedToBFloat16(_ number: Float) -> Float {
  guard number.isFinite else { return number }
  let bits = number.bitPattern
  return Float(bitPattern: (bits &+ 0x7FFF &+ ((bits >> 16) & 1)) & 0xFFFF_0000)
}
