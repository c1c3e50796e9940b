// SPDX-License-Identifier: Apache-2.0

/// The 128-bit FNV-1a hash.
///
/// Why not a cryptographic one: it names files whose full key is compared when they are read, so a collision costs a
/// rebuild and no more; and it finds damage, not forgery (who can write the cache folder can run programs anyway). Each
/// step is a bijection of the state, so any change within one byte is certain to change the result.
///
/// Source: draft-eastlake-fnv, sections 2 and 5.
struct FNV128 {
  private(set) var state: UInt128 = 0x6c62_272e_07bb_0142_62b8_2175_6295_c58d

  mutating func add(_ bytes: some Sequence<UInt8>) {
    for byte in bytes { state = (state ^ UInt128(byte)) &* 0x0000_0000_0100_0000_0000_0000_0000_013b }
  }

  /// 32 lower-case hexadecimal digits.
  var hexadecimal: String {
    let digits = String(state, radix: 16)
    return String(repeating: "0", count: 32 - digits.count) + digits
  }

  /// Most significant byte first.
  var bytes: [UInt8] { (0..<16).reversed().map { UInt8(truncatingIfNeeded: state >> ($0 * 8)) } }
}
