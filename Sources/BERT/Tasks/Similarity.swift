// SPDX-License-Identifier: Apache-2.0

/// Compares texts by the cosine of their vectors.
///
///     cosine(a, b) = a . b / (|a| |b|)      0 where one of them is 0
///
/// Source: sentence-transformers `util.cos_sim` and `util.semantic_search`.
public struct Similarity: Sendable {
  public let encoder: SentenceEncoder

  public init(encoder: SentenceEncoder) { self.encoder = encoder }

  /// The cosine of the two texts of each pair, in order.
  ///
  /// - Throws: as `SentenceEncoder.encode(_:)`.
  public func predict(pairs: [(String, String)]) async throws -> [Double] {
    let vectors = try await encoder.encode(pairs.map(\.0) + pairs.map(\.1))
    return pairs.indices.map { Similarity.cosine(vectors[$0], vectors[pairs.count + $0]) }
  }

  /// The documents of each query by cosine, the most similar first; of equal ones the first.
  ///
  /// - Throws: as `SentenceEncoder.encode(_:)`.
  public func rank(_ inputs: [Reranker.Input]) async throws -> [[Reranker.Ranked]] {
    let vectors = try await encoder.encode(inputs.flatMap { [$0.query] + $0.documents })
    return Similarity.rank(vectors, documents: inputs.map(\.documents.count))
  }

  /// - Parameters:
  ///   - vectors: of each query, followed by those of its documents.
  ///   - documents: how many each query has.
  public static func rank(_ vectors: [[Float]], documents: [Int]) -> [[Reranker.Ranked]] {
    var start = 0
    return documents.map { count in
      let scores = (0..<count).map { cosine(vectors[start], vectors[start + 1 + $0]) }
      start += 1 + count
      return Scores.top(count, of: scores).map { Reranker.Ranked(corpusId: $0, score: scores[$0]) }
    }
  }

  /// The cosine of two vectors of one length, in `Double`.
  public static func cosine(_ left: [Float], _ right: [Float]) -> Double {
    func product(_ a: [Float], _ b: [Float]) -> Double { zip(a, b).reduce(0) { $0 + Double($1.0) * Double($1.1) } }
    let norms = (product(left, left) * product(right, right)).squareRoot()
    return norms > 0 ? product(left, right) / norms : 0
  }
}
