// SPDX-License-Identifier: Apache-2.0
import Glibc

/// SplitMix64, read as a function of a counter: the same counter gives the same bits on every machine.
///
/// Source: Steele, Lea, Flood, "Fast splittable pseudorandom number generators", 2014.
enum RandomBits {
  static func mix(_ counter: UInt64) -> UInt64 {
    var z = counter &+ 0x9E37_79B9_7F4A_7C15
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }

  /// The upper 53 bits as a number in 0 ..< 1.
  static func unit(_ bits: UInt64) -> Double { Double(bits >> 11) / 9_007_199_254_740_992 }
}

/// Numbers of a standard normal distribution, by Box and Muller's method.
package struct NormalGenerator {
  private let seed: UInt64
  private var count: UInt64 = 0

  /// The numbers that belong to a name, from the `skipping`-th on.
  package init(seed: UInt64, name: String, skipping: Int) {
    let ofName = name.utf8.reduce(RandomBits.mix(seed)) { RandomBits.mix($0 ^ UInt64($1)) }
    self.seed = ofName
    count = 2 &* UInt64(truncatingIfNeeded: skipping)
  }

  package mutating func next() -> Double {
    // 1 - u is in 0 < ... <= 1, which has a logarithm.
    let radius = (-2 * log(1 - RandomBits.unit(RandomBits.mix(seed &+ count)))).squareRoot()
    let angle = 2 * Double.pi * RandomBits.unit(RandomBits.mix(seed &+ count &+ 1))
    count &+= 2
    return radius * cos(angle)
  }
}
