// SPDX-License-Identifier: Apache-2.0
import ComputeGraph

/// Random numbers of one purpose, epoch and example: the same whatever was drawn elsewhere before.
struct DrawSequence {
  /// Keeps the numbers of one use apart from those of another with the same seed.
  enum Purpose: UInt64 {
    case shuffling = 1
    case masking
  }

  private let key: UInt64
  private var counter: UInt64 = 0

  init(seed: UInt64, purpose: Purpose, epoch: Int, example: Int = 0) {
    var key = RandomBits.mix(seed)
    for part in [purpose.rawValue, UInt64(truncatingIfNeeded: epoch), UInt64(truncatingIfNeeded: example)] {
      key = RandomBits.mix(key ^ part)
    }
    self.key = key
  }

  private mutating func bits() -> UInt64 {
    defer { counter &+= 1 }
    return RandomBits.mix(key &+ counter)
  }

  /// In 0 ..< 1.
  mutating func unit() -> Double { RandomBits.unit(bits()) }

  /// In 0 ..< limit; a bias of at most limit / 2^64.
  mutating func below(_ limit: Int) -> Int { Int(UInt64(limit).multipliedFullWidth(by: bits()).high) }
}
