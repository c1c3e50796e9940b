// SPDX-License-Identifier: Apache-2.0

extension Plan {
  /// Multiplications and additions of the plan's matrix products and attention: what its time is held against. Row
  /// operations, a hundredth of it, are not counted.
  ///
  /// - Parameters:
  ///   - dimensions: of a run; the plan's own may be rounded up.
  ///   - attentionPairs: of all sequences together, queries times keys.
  /// - Throws: `GraphError.unboundSymbol`.
  public func floatingPointOperations(
    of graph: Graph, _ dimensions: Dimensions, attentionPairs: Int
  ) throws(GraphError) -> Double {
    var total = 0.0
    for step in steps {
      func size(_ operand: Int, _ axis: Int) throws(GraphError) -> Double {
        Double(try graph.type(of: step.operands[operand]).shape.dimensions[axis].resolved(dimensions))
      }
      switch step.operation {
      case .linear: total += 2 * (try size(0, 0)) * (try size(1, 0)) * (try size(1, 1))
      case .feedForward:
        total += 2 * (try size(0, 0)) * ((try size(1, 0)) * (try size(1, 1)) + (try size(3, 0)) * (try size(3, 1)))
      case .attention(let attention): total += 4 * Double(attentionPairs * attention.width)
      case .attentionProbabilities(let kind): total += 2 * Double(attentionPairs * kind.attention.width)
      case .attentionContext(let attention): total += 2 * Double(attentionPairs * attention.width)
      case .embeddingLayerNorm, .biasActivation, .addLayerNorm, .layerNorm, .maskedSoftmax, .scaleHeads, .gatherRows,
        .storeRows, .pooling, .l2Normalize, .crossEntropy, .segmentCrossEntropy, .squaredError, .binaryCrossEntropy,
        .mean, .weightedSum:
        break
      }
    }
    return total
  }
}
