// SPDX-License-Identifier: Apache-2.0

extension GradientOperation {
  /// The types of the results; see `Operation.resultTypes(of:)`.
  func resultTypes(_ check: OperandCheck) throws(GraphError) -> [TensorType] {
    let operands = check.operands
    switch self {
    case .activation:
      try check.count(2...3)
      let columns = try check.matrix(0).columns
      try check.same(1, as: 0)
      if operands.count == 3 { try check.vector(2, columns) }
      return [operands[0]]
    case .linearInput:
      try check.count(2...3)
      let (rows, columns) = try check.matrix(0)
      let depth = try check.matrix(1, rows: columns).columns
      if operands.count == 3 { try check.matrix(2, rows: rows, columns: depth) }
      return [TensorType([rows, depth])]
    case .linearWeight:
      try check.count(3)
      let (columns, depth) = try check.matrix(0)
      let rows = try check.matrix(1, columns: columns).rows
      try check.matrix(2, rows: rows, columns: depth)
      return [operands[0]]
    case .bias:
      try check.count(2)
      try check.vector(0, try check.matrix(1).columns)
      return [operands[0]]
    case .layerNorm(_, let hasResidual):
      let weight = hasResidual ? 3 : 2
      try check.count(weight + 3)
      let hidden = try check.matrix(0).columns
      for index in 1..<weight { try check.same(index, as: 0) }
      for index in weight..<(weight + 3) { try check.vector(index, hidden) }
      return [operands[0], operands[weight + 1], operands[weight + 2]]
    case .maskedSoftmax, .l2Normalize:
      try check.count(2)
      _ = try check.matrix(0)
      try check.same(1, as: 0)
      return [operands[0]]
    case .attention(let training, let sharing):
      try check.count(9 + (training.dropout == nil ? 0 : 1))
      let attention = training.attention
      let queries = try check.attention(attention, from: 3)
      for index in 0...1 { try check.matrix(index, rows: queries, columns: .fixed(attention.width)) }
      try check.matrix(2, rows: queries, columns: .fixed(attention.heads))
      if let dropout = training.dropout { try check.dropout(dropout, seed: 9) }
      try sharing.separate([attention.queryColumn, attention.keyColumn, attention.valueColumn], attention, check)
      return try sharing.types([3, 4, 5], check)
    case .attentionProbabilities(let probabilities, let sharing):
      let relative = probabilities.relativePositions != nil
      try check.count(7 + (relative ? 4 : 0))
      let attention = probabilities.attention
      let queries = try check.heads(2, from: attention.queryColumn, attention)
      let keys = try check.heads(3, from: attention.keyColumn, attention)
      try check.keyRanges(offsets: 4)
      let written = TensorType([queries, .fixed(attention.heads), .symbol(probabilities.keys, plus: 0)])
      for index in 0...1 where operands[index] != written { throw check.mismatch(index, written.description) }
      guard relative else { return try sharing.types([2, 3], check) }
      try check.matrix(7, columns: .fixed(attention.headSize))
      try check.vector(8, queries, .int32)
      try check.vector(9, keys, .int32)
      try check.same(10, as: 7)
      return try sharing.types([2, 3], check) + [operands[10]]
    case .attentionContext(let attention):
      try check.count(6)
      let queries = try check.matrix(0, columns: .fixed(attention.width)).rows
      let shape = operands[1].shape
      guard operands[1].element == .real, shape.rank == 3, shape.dimensions[0] == queries,
        shape.dimensions[1] == .fixed(attention.heads)
      else { throw check.mismatch(1, "[\(queries), \(attention.heads), keys]") }
      _ = try check.heads(2, from: attention.valueColumn, attention)
      try check.keyRanges(offsets: 3)
      return [operands[1], operands[2]]
    case .gatherRows(let rows):
      try check.count(4)
      let (gathered, columns) = try check.matrix(0)
      try check.rowGroups(1, of: gathered)
      return [TensorType([rows, columns])]
    case .embedding:
      try check.count(5)
      let columns = try check.matrix(0).columns
      try check.rowGroups(2, of: try check.matrix(1, columns: columns).rows)
      return [operands[0]]
    case .pooling(let modes):
      try check.count(3)
      guard case .fixed(let hidden) = try check.matrix(1).columns else { throw check.mismatch(1, "a fixed width") }
      try check.matrix(0, rows: try check.sequences(offsets: 2), columns: .fixed(hidden * modes.count))
      return [operands[1]]
    case .crossEntropy:
      try check.count(3)
      let rows = try check.matrix(1).rows
      try check.vector(0, rows)
      try check.vector(2, rows, .int32)
      return [operands[1]]
    case .segmentCrossEntropy(let column):
      try check.count(4)
      guard case .fixed(let columns) = try check.matrix(1).columns, (0..<columns).contains(column) else {
        throw check.mismatch(1, "a column \(column)")
      }
      let sequences = try check.sequences(offsets: 2)
      try check.vector(0, sequences)
      try check.vector(3, sequences, .int32)
      return [operands[1]]
    case .squaredError, .binaryCrossEntropy:
      try check.count(3)
      _ = try check.matrix(0)
      for index in 1...2 { try check.same(index, as: 0) }
      return [operands[0]]
    case .mean:
      try check.count(2...3)
      try check.vector(0, 1)
      guard operands[1].element == .real, (1...2).contains(operands[1].shape.rank) else {
        throw check.mismatch(1, "a vector or a matrix")
      }
      if operands.count == 3 { try check.vector(2, try check.dimension(1, 0, rank: 1, .real), .int32) }
      return [operands[1]]
    }
  }

  /// Which results are operands, changed in place.
  var changes: [(result: Int, operand: Int)] {
    switch self {
    case .linearWeight, .bias, .embedding: [(0, 0)]
    case .layerNorm(_, let hasResidual): [(1, hasResidual ? 4 : 3), (2, hasResidual ? 5 : 4)]
    case .attentionProbabilities(let probabilities, let sharing):
      probabilities.relativePositions == nil ? [] : [(max(sharing.query, sharing.key) + 1, 10)]
    case .activation, .linearInput, .maskedSoftmax, .attention, .attentionContext, .gatherRows, .pooling, .l2Normalize,
      .crossEntropy, .segmentCrossEntropy, .squaredError, .binaryCrossEntropy, .mean:
      []
    }
  }
}

extension GradientOperation.Sharing {
  /// Demands that the heads of one matrix lie in columns of their own: gradients are stored there, not added.
  fileprivate func separate(
    _ columns: [Int], _ attention: Attention, _ check: OperandCheck
  ) throws(GraphError) {
    let results = [query, key, value]
    for (one, other) in [(0, 1), (0, 2), (1, 2)]
    where results[one] == results[other] && abs(columns[one] - columns[other]) < attention.width {
      throw .badAttribute(
        operation: check.operation.name,
        "heads from columns \(columns[one]) and \(columns[other]) of one matrix overlap")
    }
  }

  /// The types of the distinct matrices, whose operands are at `places`: query, key and perhaps value.
  fileprivate func types(_ places: [Int], _ check: OperandCheck) throws(GraphError) -> [TensorType] {
    var types: [TensorType] = []
    for (place, result) in zip(places, [query, key, value]) {
      guard result <= types.count, result >= 0 else {
        throw .badAttribute(operation: check.operation.name, "results are not counted from 0")
      }
      if result == types.count {
        types.append(check.operands[place])
      } else if types[result] != check.operands[place] {
        throw check.mismatch(place, types[result].description)
      }
    }
    return types
  }
}

extension OptimizerOperation {
  /// The types of the results; see `Operation.resultTypes(of:)`.
  func resultTypes(_ check: OperandCheck) throws(GraphError) -> [TensorType] {
    let operands = check.operands
    switch self {
    case .accumulate:
      try check.count(2)
      guard operands[0].element == .real else { throw check.mismatch(0, "real numbers") }
      try check.same(1, as: 0)
      return [operands[0]]
    case .clear:
      try check.count(1)
      return operands
    case .squaredNorm:
      try check.count(1)
      _ = try check.dimension(0, 0, rank: 1, .real)
      return [TensorType([1])]
    case .adamW(let adam):
      try check.count(6)
      guard case .fixed(let count) = try check.dimension(0, 0, rank: 1, .real), (0...count).contains(adam.decayed)
      else {
        throw check.mismatch(0, "\(adam.decayed) elements and more")
      }
      for index in 1...3 { try check.same(index, as: 0) }
      try check.vector(4, 1)
      try check.vector(5, 4)
      return Array(operands[0...3])
    }
  }

  /// Which results are operands, changed in place.
  var changes: [(result: Int, operand: Int)] {
    switch self {
    case .accumulate, .clear: [(0, 0)]
    case .adamW: (0...3).map { ($0, $0) }
    case .squaredNorm: []
    }
  }
}

extension OperandCheck {
  /// Rows, starts and order of `Graph.RowGroups`, from `first` on.
  fileprivate func rowGroups(_ first: Int, of count: Dimension) throws(GraphError) {
    try vector(first, count, .int32)
    try vector(first + 1, count.plusOne, .int32)
    try vector(first + 2, count, .int32)
  }
}

extension Dimension {
  /// The extent of an offset table over so many parts.
  var plusOne: Dimension {
    switch self {
    case .fixed(let size): .fixed(size + 1)
    case .symbol(let symbol, plus: let constant): .symbol(symbol, plus: constant + 1)
    }
  }
}
