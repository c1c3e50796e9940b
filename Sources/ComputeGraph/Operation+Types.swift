// SPDX-License-Identifier: Apache-2.0

extension Operation {
  /// The types of the results, after checking every operand against the operation's rules.
  ///
  /// - Throws: `GraphError.operandCount`, `GraphError.shapeMismatch` or `GraphError.badAttribute`.
  public func resultTypes(of operands: [TensorType]) throws(GraphError) -> [TensorType] {
    let check = OperandCheck(operation: self, operands: operands)
    switch self {
    case .embeddingLayerNorm(let embeddings):
      let places = embeddings.operands
      try check.count(places.count)
      let (rows, hidden) = try check.matrix(places.word)
      if let position = places.position { try check.matrix(position, columns: hidden) }
      try check.matrix(places.type, columns: hidden)
      try check.vector(places.weight, hidden)
      try check.vector(places.bias, hidden)
      let tokens = try check.dimension(places.typeIds, 0, rank: 1, .int32)
      for ids in [places.wordIds, places.positionIds] { if let ids { try check.vector(ids, tokens, .int32) } }
      if !embeddings.hasWordIds, rows != tokens { throw check.mismatch(places.word, "[\(tokens), \(hidden)]") }
      return [TensorType([tokens, hidden])]
    case .embeddingSum(let embeddings):
      let places = embeddings.operands
      let sum = embeddings.sumOperands
      try check.count(sum.count)
      func place(_ operand: Int?) -> Int? { operand.flatMap(sum.firstIndex) }
      let (rows, hidden) = try check.matrix(0)
      for table in [place(places.position), place(places.type)] {
        if let table { try check.matrix(table, columns: hidden) }
      }
      let tokens = try check.dimension(sum.count - 1, 0, rank: 1, .int32)
      for ids in [place(places.wordIds), place(places.positionIds)] {
        if let ids { try check.vector(ids, tokens, .int32) }
      }
      if !embeddings.hasWordIds, rows != tokens { throw check.mismatch(0, "[\(tokens), \(hidden)]") }
      return [TensorType([tokens, hidden])]
    case .dropout(let dropout):
      try check.count(2)
      guard operands[0].element == .real else { throw check.mismatch(0, "real numbers") }
      try check.dropout(dropout, seed: 1)
      return [operands[0]]
    case .gradient(let gradient): return try gradient.resultTypes(check)
    case .optimizer(let optimizer): return try optimizer.resultTypes(check)
    case .linear:
      try check.count(2...3)
      let (rows, depth) = try check.matrix(0)
      let columns = try check.matrix(1, columns: depth).rows
      if operands.count == 3 { try check.vector(2, columns) }
      return [TensorType([rows, columns])]
    case .biasActivation:
      try check.count(1...2)
      let columns = try check.matrix(0).columns
      if operands.count == 2 { try check.vector(1, columns) }
      return [operands[0]]
    case .feedForward(_, let chunk):
      try check.count(5)
      guard chunk > 0 else { throw .badAttribute(operation: name, "a chunk of \(chunk) rows") }
      let (rows, hidden) = try check.matrix(0)
      let wide = try check.matrix(1, columns: hidden).rows
      try check.vector(2, wide)
      let columns = try check.matrix(3, columns: wide).rows
      try check.vector(4, columns)
      return [TensorType([rows, columns])]
    case .addLayerNorm:
      try check.count(4)
      let (rows, hidden) = try check.matrix(0)
      try check.matrix(1, rows: rows, columns: hidden)
      try check.vector(2, hidden)
      try check.vector(3, hidden)
      return [operands[0]]
    case .layerNorm:
      try check.count(3)
      let hidden = try check.matrix(0).columns
      try check.vector(1, hidden)
      try check.vector(2, hidden)
      return [operands[0]]
    case .maskedSoftmax:
      try check.count(2)
      let keys = try check.matrix(0).columns
      try check.matrix(1, columns: keys, .uint8)
      return [operands[0]]
    case .attention(let attention):
      try check.count(6)
      return [TensorType([try check.attention(attention), .fixed(attention.width)])]
    case .trainingAttention(let training):
      try check.count(6 + (training.dropout == nil ? 0 : 1))
      let attention = training.attention
      let queries = try check.attention(attention)
      if let dropout = training.dropout { try check.dropout(dropout, seed: 6) }
      return [
        TensorType([queries, .fixed(attention.width)]), TensorType([queries, .fixed(attention.heads)]),
      ]
    case .attentionProbabilities(let probabilities):
      let attention = probabilities.attention
      let relative = probabilities.relativePositions != nil
      try check.count(5 + (probabilities.hasMask ? 1 : 0) + (relative ? 3 : 0))
      let queries = try check.heads(0, from: attention.queryColumn, attention)
      let keys = try check.heads(1, from: attention.keyColumn, attention)
      try check.keyRanges(offsets: 2)
      let longest = Dimension.symbol(probabilities.keys, plus: 0)
      if probabilities.hasMask { try check.matrix(5, rows: queries, columns: longest, .uint8) }
      if relative {
        let table = probabilities.distanceOperand
        guard case .fixed(let distances) = try check.matrix(table, columns: .fixed(attention.headSize)).rows,
          !distances.isMultiple(of: 2)
        else { throw check.mismatch(table, "[2 positions - 1, \(attention.headSize)]") }
        try check.vector(table + 1, queries, .int32)
        try check.vector(table + 2, keys, .int32)
      }
      return [TensorType([queries, .fixed(attention.heads), longest])]
    case .attentionContext(let attention):
      try check.count(5)
      guard operands[0].element == .real, operands[0].shape.rank == 3,
        operands[0].shape.dimensions[1] == .fixed(attention.heads)
      else { throw check.mismatch(0, "[tokens, \(attention.heads), keys]") }
      _ = try check.heads(1, from: attention.valueColumn, attention)
      try check.keyRanges(offsets: 2)
      return [TensorType([operands[0].shape.dimensions[0], .fixed(attention.width)])]
    case .scaleHeads(let heads):
      try check.count(2)
      let shape = operands[0].shape
      let isWhole: Bool
      switch (shape.rank, shape.dimensions.dropFirst().first) {
      case (2, .fixed(let width)?): isWhole = heads > 0 && width.isMultiple(of: heads)
      case (3, .fixed(heads)?): isWhole = true
      default: isWhole = false
      }
      guard operands[0].element == .real, isWhole else { throw check.mismatch(0, "rows of \(heads) heads") }
      try check.vector(1, .fixed(heads))
      return [operands[0]]
    case .gatherRows:
      try check.count(2)
      let columns = try check.matrix(0).columns
      return [TensorType([try check.dimension(1, 0, rank: 1, .int32), columns])]
    case .storeRows(let column):
      try check.count(3)
      guard case .fixed(let width) = try check.matrix(0).columns, case .fixed(let found) = try check.matrix(1).columns,
        column >= 0, column + width <= found
      else { throw check.mismatch(1, "the columns of the state from \(column) on") }
      try check.vector(2, try check.matrix(1).rows, .int32)
      return [operands[0]]
    case .pooling(let modes):
      try check.count(2)
      guard !modes.isEmpty, Set(modes).count == modes.count else {
        throw .badAttribute(operation: name, "pooling modes must be one or more, each once")
      }
      guard case .fixed(let hidden) = try check.matrix(0).columns else { throw check.mismatch(0, "a fixed width") }
      return [TensorType([try check.sequences(offsets: 1), .fixed(hidden * modes.count)])]
    case .l2Normalize:
      try check.count(1)
      _ = try check.matrix(0)
      return [operands[0]]
    case .crossEntropy:
      try check.count(2)
      let rows = try check.matrix(0).rows
      try check.vector(1, rows, .int32)
      return [TensorType([rows])]
    case .segmentCrossEntropy(let column):
      try check.count(3)
      guard case .fixed(let columns) = try check.matrix(0).columns, (0..<columns).contains(column) else {
        throw check.mismatch(0, "a column \(column)")
      }
      let sequences = try check.sequences(offsets: 1)
      try check.vector(2, sequences, .int32)
      return [TensorType([sequences])]
    case .squaredError, .binaryCrossEntropy:
      try check.count(2)
      let (rows, columns) = try check.matrix(0)
      try check.matrix(1, rows: rows, columns: columns)
      return [operands[0]]
    case .mean:
      try check.count(1...2)
      guard operands[0].element == .real, (1...2).contains(operands[0].shape.rank) else {
        throw check.mismatch(0, "a vector or a matrix")
      }
      if operands.count == 2 {
        let rows = try check.dimension(0, 0, rank: 1, .real)
        try check.vector(1, rows, .int32)
      }
      return [TensorType([1])]
    case .weightedSum(let weights):
      try check.count(weights.count)
      guard !weights.isEmpty, weights.allSatisfy(\.isFinite) else {
        throw .badAttribute(operation: name, "weights must be one or more, all finite")
      }
      for index in operands.indices where operands[index] != operands[0] || operands[index].element != .real {
        throw check.mismatch(index, operands[0].description)
      }
      return [operands[0]]
    }
  }
}
