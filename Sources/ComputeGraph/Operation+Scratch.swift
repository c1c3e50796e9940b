// SPDX-License-Identifier: Apache-2.0

extension Operation {
  /// The shape of the real numbers that an executor may write down while the operation runs; nil for none.
  func scratchShape(_ operands: [TensorType], _ dimensions: Dimensions) throws(GraphError) -> Shape? {
    switch self {
    case .feedForward(_, let chunk):
      let rows = try operands[0].shape.dimensions[0].resolved(dimensions)
      return [.fixed(Operation.chunkRows(chunk, of: rows, dimensions)), operands[1].shape.dimensions[0]]
    case .gradient(.layerNorm):
      // Sums over each block of rows: of the weight's gradient, then of the bias's.
      return [try blocks(of: operands[0].shape, dimensions), 2, operands[0].shape.dimensions[1]]
    case .gradient(.bias): return [try blocks(of: operands[1].shape, dimensions), operands[1].shape.dimensions[1]]
    case .gradient(.attention): return operands[2].shape  // delta, for each query and head
    case .gradient(.attentionProbabilities): return operands[0].shape  // the gradients of the scores
    case .optimizer(.squaredNorm):
      let count = try operands[0].shape.elementCount(dimensions)
      return [.fixed((count + Operation.normBlock - 1) / Operation.normBlock)]
    case .embeddingLayerNorm, .linear, .biasActivation, .addLayerNorm, .layerNorm, .maskedSoftmax, .attention,
      .attentionProbabilities, .attentionContext, .scaleHeads, .gatherRows, .storeRows, .pooling, .l2Normalize,
      .crossEntropy, .segmentCrossEntropy, .squaredError, .binaryCrossEntropy, .mean, .weightedSum, .embeddingSum,
      .dropout, .trainingAttention, .gradient, .optimizer:
      return nil
    }
  }

  /// Rows that sums over all rows are first made over: a fixed number, so that the order of the sums, and with it every
  /// bit, is that of the rows alone.
  public static let rowBlock = 32
  /// Elements that `squaredNorm` first sums up, for the same reason.
  public static let normBlock = 4096

  private func blocks(of shape: Shape, _ dimensions: Dimensions) throws(GraphError) -> Dimension {
    let rows = try shape.dimensions[0].resolved(dimensions)
    return .fixed((rows + Operation.rowBlock - 1) / Operation.rowBlock)
  }

  /// Which results are operands, changed in place.
  var changes: [(result: Int, operand: Int)] {
    switch self {
    case .storeRows: [(0, 0)]
    case .gradient(let gradient): gradient.changes
    case .optimizer(let optimizer): optimizer.changes
    case .embeddingLayerNorm, .linear, .biasActivation, .feedForward, .addLayerNorm, .layerNorm, .maskedSoftmax,
      .attention, .attentionProbabilities, .attentionContext, .scaleHeads, .gatherRows, .pooling, .l2Normalize,
      .crossEntropy, .segmentCrossEntropy, .squaredError, .binaryCrossEntropy, .mean, .weightedSum, .embeddingSum,
      .dropout, .trainingAttention:
      []
    }
  }

  /// Rows that `feedForward` takes at once: `chunk` for each sequence, at most all.
  public static func chunkRows(_ chunk: Int, of rows: Int, _ dimensions: Dimensions) -> Int {
    let (count, overflow) = chunk.multipliedReportingOverflow(by: max(dimensions[.sequences] ?? 1, 1))
    return overflow ? rows : min(count, rows)
  }
}
