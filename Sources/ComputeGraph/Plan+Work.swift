// SPDX-License-Identifier: Apache-2.0

extension Plan {
  /// Multiplications and additions of each step's matrix products and attention: what its time is held against. Row
  /// operations, a hundredth of the whole, are not counted; nor is a softmax's exponential.
  ///
  ///     dense layer    2 M N K
  ///     attention      2 A for q . k and 2 A for p v, for each query and each key that it sees
  ///
  /// - Parameters:
  ///   - dimensions: of a run; the plan's own may be rounded up.
  ///   - lengths: tokens of each sequence, all of which attend to their own sequence alone.
  /// - Returns: A number for each step, 0 for those that are not counted.
  /// - Throws: `GraphError.unboundSymbol`.
  public func floatingPointOperations(
    of graph: Graph, _ dimensions: Dimensions, lengths: [Int]
  ) throws(GraphError) -> [Double] {
    let pairs = lengths.reduce(0.0) { $0 + Double($1) * Double($1) }
    let causalPairs = lengths.reduce(0.0) { $0 + Double($1) * Double($1 + 1) / 2 }
    var counts: [Double] = []
    for step in steps {
      func size(_ operand: Int, _ axis: Int) throws(GraphError) -> Double {
        Double(try graph.type(of: step.operands[operand]).shape.dimensions[axis].resolved(dimensions))
      }
      func products(_ attention: Attention) -> Double {
        2 * Double(attention.width) * (attention.isCausal ? causalPairs : pairs)
      }
      switch step.operation {
      case .linear: counts.append(2 * (try size(0, 0)) * (try size(1, 0)) * (try size(1, 1)))
      case .feedForward:
        counts.append(
          2 * (try size(0, 0)) * ((try size(1, 0)) * (try size(1, 1)) + (try size(3, 0)) * (try size(3, 1))))
      case .attention(let attention): counts.append(2 * products(attention))
      case .attentionProbabilities(let kind): counts.append(products(kind.attention))
      case .attentionContext(let attention): counts.append(products(attention))
      case .embeddingLayerNorm, .biasActivation, .addLayerNorm, .layerNorm, .maskedSoftmax, .scaleHeads, .gatherRows,
        .storeRows, .pooling, .l2Normalize, .crossEntropy, .segmentCrossEntropy, .squaredError, .binaryCrossEntropy,
        .mean, .weightedSum, .embeddingSum, .dropout, .optimizer:
        counts.append(0)
      case .trainingAttention(let training): counts.append(2 * products(training.attention))
      case .gradient(let gradient):
        switch gradient {
        case .linearInput: counts.append(2 * (try size(0, 0)) * (try size(1, 0)) * (try size(1, 1)))
        case .linearWeight: counts.append(2 * (try size(0, 0)) * (try size(0, 1)) * (try size(1, 0)))
        // q . k, dout . v, and a sum for each of the three gradients.
        case .attention(let training, _): counts.append(5 * products(training.attention))
        case .attentionProbabilities(let kind, _): counts.append(2 * products(kind.attention))
        case .attentionContext(let attention): counts.append(2 * products(attention))
        case .activation, .bias, .layerNorm, .maskedSoftmax, .gatherRows, .embedding, .pooling, .l2Normalize,
          .crossEntropy,
          .segmentCrossEntropy, .squaredError, .binaryCrossEntropy, .mean:
          counts.append(0)
        }
      }
    }
    return counts
  }
}
