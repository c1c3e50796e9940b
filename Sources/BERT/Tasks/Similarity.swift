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
  /// - Parameter topK: documents to return; all where nil.
  /// - Throws: as `SentenceEncoder.encode(_:)`.
  public func rank(_ inputs: [Reranker.Input], topK: Int? = nil) async throws -> [[Reranker.Ranked]] {
    let vectors = try await encoder.encode(inputs.flatMap { [$0.query] + $0.documents })
    return Similarity.rank(inputs.map(\.documents), vectors, topK: topK)
  }

  /// Ranks by vectors that are there already.
  ///
  /// - Parameter vectors: of each query, followed by those of its documents; one and as many as its documents.
  public static func rank(_ documents: [[String]], _ vectors: [[Float]], topK: Int? = nil) -> [[Reranker.Ranked]] {
    var start = 0
    return documents.map { texts in
      let scores = texts.indices.map { cosine(vectors[start], vectors[start + 1 + $0]) }
      start += 1 + texts.count
      return Reranker.ranked(texts, scores, topK: topK)
    }
  }

  /// The cosine of two vectors of one length, in `Double`.
  public static func cosine(_ left: [Float], _ right: [Float]) -> Double {
    func product(_ a: [Float], _ b: [Float]) -> Double { zip(a, b).reduce(0) { $0 + Double($1.0) * Double($1.1) } }
    let norms = (product(left, left) * product(right, right)).squareRoot()
    return norms > 0 ? product(left, right) / norms : 0
  }
}
