// SPDX-License-Identifier: Apache-2.0

/// Philox4x32-10: four words of random bits as a pure function of a counter and a key.
///
/// Source: Salmon, Moraes, Dror, Shaw, "Parallel random numbers: as easy as 1, 2, 3", 2011; Random123.
package enum Philox {
  package static func words(counter: SIMD4<UInt32>, key: SIMD2<UInt32>) -> SIMD4<UInt32> {
    var (counter, key) = (counter, key)
    for _ in 0..<10 {
      let first = (0xD251_1F53 as UInt32).multipliedFullWidth(by: counter[0])
      let second = (0xCD9E_8D57 as UInt32).multipliedFullWidth(by: counter[2])
      counter = [
        second.high ^ counter[1] ^ key[0], second.low, first.high ^ counter[3] ^ key[1], first.low,
      ]
      key &+= [0x9E37_79B9, 0xBB67_AE85]
    }
    return counter
  }
}

extension Dropout {
  /// The four draws of one counter; an element whose draw is below `threshold` is dropped.
  ///
  /// - Parameters:
  ///   - low: the counter's first word.
  ///   - high: its second word.
  ///   - seed: the run's two words.
  package func draws(_ low: UInt32, _ high: UInt32, seed: [Int32]) -> SIMD4<UInt32> {
    Philox.words(
      counter: [low, high, UInt32(bitPattern: site), 0],
      key: [UInt32(bitPattern: seed[0]), UInt32(bitPattern: seed[1])])
  }
}
