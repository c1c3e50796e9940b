// SPDX-License-Identifier: Apache-2.0
import ComputeGraph

// Loops over integers, which the compiler turns into vector code: Swift's Float16 is a library call per element on x86-64
// without F16C. Rounded to nearest, ties to even, as the kernels do; NaN stays NaN.
extension Precision {
  /// Writes numbers as the device stores them.
  ///
  /// - Precondition: `bytes` holds `floats.count * byteCount` bytes, aligned to `byteCount`.
  package func encode(_ floats: UnsafeBufferPointer<Float>, into bytes: UnsafeMutableRawBufferPointer) {
    precondition(bytes.count >= floats.count * byteCount)
    guard let source = floats.baseAddress, let target = bytes.baseAddress else { return }
    switch self {
    case .float32: target.copyMemory(from: source, byteCount: floats.count * 4)
    case .float16:
      let halves = target.assumingMemoryBound(to: UInt16.self)
      for index in 0..<floats.count { halves[index] = half(source[index]) }
    case .bfloat16:
      let halves = target.assumingMemoryBound(to: UInt16.self)
      for index in 0..<floats.count { halves[index] = brain(source[index]) }
    }
  }

  /// Reads numbers that the device has stored.
  ///
  /// - Precondition: `bytes` holds `floats.count * byteCount` bytes, aligned to `byteCount`.
  package func decode(_ bytes: UnsafeRawBufferPointer, into floats: UnsafeMutableBufferPointer<Float>) {
    precondition(bytes.count >= floats.count * byteCount)
    guard let source = bytes.baseAddress, let target = floats.baseAddress else { return }
    switch self {
    case .float32: UnsafeMutableRawPointer(target).copyMemory(from: source, byteCount: floats.count * 4)
    case .float16:
      let halves = source.assumingMemoryBound(to: UInt16.self)
      for index in 0..<floats.count { target[index] = widened(halves[index]) }
    case .bfloat16:
      let halves = source.assumingMemoryBound(to: UInt16.self)
      for index in 0..<floats.count { target[index] = Float(bitPattern: UInt32(halves[index]) << 16) }
    }
  }

  /// Reads `count` numbers that the device has stored.
  package func floats(_ bytes: UnsafeRawBufferPointer, count: Int) -> [Float] {
    // Read by several threads, and by nobody after this returns.
    nonisolated(unsafe) let bytes = bytes
    return [Float](count: count) { range, floats in
      let part = bytes[(range.lowerBound * byteCount)..<(range.upperBound * byteCount)]
      decode(UnsafeRawBufferPointer(rebasing: part), into: floats)
    }
  }

  /// The number that the device stores in place of this one.
  package func rounded(_ value: Float) -> Float {
    switch self {
    case .float32: value
    case .float16: widened(half(value))
    case .bfloat16: Float(bitPattern: UInt32(brain(value)) << 16)
    }
  }
}

/// The nearest binary16.
@inline(__always)
private func half(_ value: Float) -> UInt16 {
  let sign = value.bitPattern & 0x8000_0000
  let magnitude = value.bitPattern ^ sign
  // Below 2^-14: adding 0.5 leaves the subnormal in the sum's low bits, rounded by the addition.
  let small = (Float(bitPattern: magnitude) + 0.5).bitPattern &- 0x3F00_0000
  // Else the exponent is 112 less, and half of the last bit that stays is added, less the smallest bit on even numbers; what
  // is beyond the largest carries into infinity.
  let normal = (magnitude &- 0x3800_0000 &+ 0xFFF &+ ((magnitude >> 13) & 1)) >> 13
  let special: UInt32 = magnitude > 0x7F80_0000 ? 0x7E00 : 0x7C00
  let finite = magnitude < 0x3880_0000 ? small : normal
  return UInt16(truncatingIfNeeded: (magnitude >= 0x4780_0000 ? special : finite) | sign >> 16)
}

/// The value of a binary16, exactly; see `Checkpoints`, which this layer does not know.
@inline(__always)
private func widened(_ bits: UInt16) -> Float {
  let magnitude = UInt32(bits & 0x7FFF)
  let scaled = Float(bitPattern: magnitude << 13) * 0x1p112
  let special: UInt32 = magnitude >= 0x7C00 ? 0x7F80_0000 : 0
  return Float(bitPattern: scaled.bitPattern | special | UInt32(bits & 0x8000) << 16)
}

/// The nearest bfloat16.
@inline(__always)
private func brain(_ value: Float) -> UInt16 {
  let bits = value.bitPattern
  let isNaN = bits & 0x7FFF_FFFF > 0x7F80_0000
  return UInt16(truncatingIfNeeded: (isNaN ? bits | 0x40_0000 : bits &+ 0x7FFF &+ ((bits >> 16) & 1)) >> 16)
}
