// SPDX-License-Identifier: Apache-2.0
import ComputeGraph
import Glibc

/// The choice of one token from its scores.
struct TokenChoice {
  let options: GenerationOptions

  /// - Parameters:
  ///   - scores: one for each token of the vocabulary.
  ///   - sequence: its number, and `step` the token's: each draw has a random number of its own, so that it depends on no
  ///     other.
  func token(_ scores: ArraySlice<Float>, sequence: Int, step: Int) -> Int32 {
    guard options.doSample else { return TokenChoice.likeliest(scores) }
    let candidates = candidates(scores)
    let total = candidates.reduce(0) { $0 + $1.weight }
    var left = uniform(sequence: sequence, step: step) * total
    for candidate in candidates {
      left -= candidate.weight
      if left < 0 { return candidate.token }
    }
    return candidates.last?.token ?? 0
  }

  /// The first of the highest scores, as `torch.argmax`.
  private static func likeliest(_ scores: ArraySlice<Float>) -> Int32 {
    var best = scores.startIndex
    for index in scores.indices where scores[index] > scores[best] { best = index }
    return Int32(best - scores.startIndex)
  }

  /// Tokens to draw from, likeliest first, with weights that need not sum to 1.
  ///
  /// Source: Hugging Face `TemperatureLogitsWarper`, `TopKLogitsWarper`, `TopPLogitsWarper`, in this order.
  func candidates(_ scores: ArraySlice<Float>) -> [(token: Int32, weight: Double)] {
    var order = scores.indices.sorted { (scores[$1], $0) < (scores[$0], $1) }
    if options.topK > 0, options.topK < order.count {
      let least = scores[order[options.topK - 1]]
      order = Array(order.prefix { scores[$0] >= least })
    }
    let largest = order.first.map { Double(scores[$0]) } ?? 0
    var weights = order.map { exp((Double(scores[$0]) - largest) / options.temperature) }
    if options.topP < 1 {
      // A token stays while those before it have less than topP together; the first always does.
      let total = weights.reduce(0, +)
      var sum = 0.0
      let kept = weights.prefix { weight in
        defer { sum += weight / total }
        return sum < options.topP
      }
      weights = Array(kept)
    }
    return zip(order, weights).map { (Int32($0 - scores.startIndex), $1) }
  }

  /// A number in 0 ..< 1 that seed, sequence and step alone decide.
  private func uniform(sequence: Int, step: Int) -> Double {
    let ofSequence = RandomBits.mix(RandomBits.mix(options.seed) &+ UInt64(truncatingIfNeeded: sequence))
    return RandomBits.unit(RandomBits.mix(ofSequence &+ UInt64(truncatingIfNeeded: step)))
  }
}
