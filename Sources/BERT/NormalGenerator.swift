// SPDX-License-Identifier: Apache-2.0
import ComputeGraph
import Glibc

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
