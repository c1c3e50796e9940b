// SPDX-License-Identifier: Apache-2.0

extension RunInputs {
  /// The tensor for each of the plan's inputs, checked for type and shape; and what kernels use as addresses without a
  /// check of their own: ids against their tables, offset tables against the rows they divide.
  ///
  /// - Throws: `GraphError.missingInput`, `.inputMismatch`, `.valueOutOfRange`.
  public func tensors(for plan: Plan, of graph: Graph) throws(GraphError) -> [(value: Graph.Value, tensor: Tensor)] {
    var found: [(value: Graph.Value, tensor: Tensor)] = []
    let made = try rowGroups(for: plan, of: graph)
    for value in plan.inputs {
      guard case .input(let name) = graph.source(of: value) else { continue }
      if let tensor = made[value] {
        found.append((value, tensor))
        continue
      }
      guard let tensor = tensors[name] else { throw .missingInput(name) }
      let type = graph.type(of: value)
      guard tensor.shape == (try type.shape.resolved(dimensions)), tensor.storage.fits(type.element) else {
        throw .inputMismatch(name: name, found: "\(tensor.storage.name)\(tensor.shape)", wanted: type.description)
      }
      found.append((value, tensor))
    }
    for use in IndexUse.all(in: plan, of: graph) { try check(use, graph) }
    for step in plan.steps {
      guard case .maskedSoftmax = step.operation else { continue }
      let rows = try graph.type(of: step.operands[0]).shape.dimensions[0].resolved(dimensions)
      let batch = try graph.type(of: step.operands[1]).shape.dimensions[0].resolved(dimensions)
      guard batch > 0 ? rows.isMultiple(of: batch) : rows == 0 else {
        throw .badAttribute(operation: step.operation.name, "has \(rows) rows for a mask of \(batch) sequences")
      }
    }
    return found
  }

  private func check(_ use: IndexUse, _ graph: Graph) throws(GraphError) {
    guard case .input(let name) = graph.source(of: use.input), case .int32(let indices)? = tensors[name]?.storage
    else { return }  // not read by this plan
    let rows = try use.rows.resolved(dimensions)
    switch use.kind {
    case .ids:
      guard let index = indices.firstIndex(where: { $0 < 0 || Int($0) >= rows }) else { return }
      throw .valueOutOfRange(input: name, index: index, value: Int(indices[index]), limit: rows)
    case .labels:
      guard let index = indices.firstIndex(where: { $0 != ignoredLabel && ($0 < 0 || Int($0) >= rows) }) else { return }
      throw .valueOutOfRange(input: name, index: index, value: Int(indices[index]), limit: rows)
    case .offsets(let areQueries):
      let lengths = zip(indices, indices.dropFirst()).map { Int($1) - Int($0) }
      guard indices.first == 0, indices.last.map(Int.init) == rows, lengths.allSatisfy({ $0 >= 0 }) else {
        throw .inputMismatch(name: name, found: "an offset table out of order", wanted: "0 rising to \(rows)")
      }
      // A device launches for as many queries as the longest sequence is said to have; those beyond would get nothing.
      guard areQueries, let longest = dimensions[.longest], let length = lengths.max(), length > longest else { return }
      throw .inputMismatch(name: name, found: "a sequence of \(length) rows", wanted: "at most \(longest), the longest")
    case .keyRanges(let ends, let longest, let areApart):
      guard case .input(let endName) = graph.source(of: ends), case .int32(let ends)? = tensors[endName]?.storage else {
        return
      }
      let most = try longest.map { symbol throws(GraphError) in
        try Dimension.symbol(symbol, plus: 0).resolved(dimensions)
      }
      for (start, end) in zip(indices, ends) {
        guard start >= 0, start <= end, Int(end) <= rows, Int(end - start) <= most ?? rows else {
          throw .inputMismatch(
            name: endName, found: "keys \(start) ..< \(end)", wanted: "at most \(most ?? rows) of the \(rows) rows")
        }
      }
      guard areApart else { return }
      let ranges = zip(indices, ends).filter { $0 < $1 }.sorted { $0.0 < $1.0 }
      for (one, next) in zip(ranges, ranges.dropFirst()) where next.0 < one.1 {
        throw .inputMismatch(
          name: name, found: "key \(next.0) in two sequences",
          wanted: "keys of one sequence each, since attention's backward pass sums no gradients of two")
      }
    case .segmentLabels(let offsets):
      guard case .input(let offsetsName) = graph.source(of: offsets),
        case .int32(let offsets)? = tensors[offsetsName]?.storage
      else { return }
      for (index, label) in indices.enumerated() where label != ignoredLabel && index + 1 < offsets.count {
        let length = Int(offsets[index + 1]) - Int(offsets[index])
        guard label >= 0, Int(label) < length else {
          throw .valueOutOfRange(input: name, index: index, value: Int(label), limit: length)
        }
      }
    case .distinctIds:
      var seen = Set<Int32>()
      for (index, id) in indices.enumerated() {
        guard id >= 0, Int(id) < rows else {
          throw .valueOutOfRange(input: name, index: index, value: Int(id), limit: rows)
        }
        guard seen.insert(id).inserted else {
          throw .inputMismatch(name: name, found: "row \(id) twice", wanted: "each row once")
        }
      }
    }
  }
}

/// One way in which a plan's steps use an integer input as addresses.
private struct IndexUse: Hashable {
  enum Kind: Hashable {
    /// Rows of a table.
    case ids
    /// Rows of a table, none of them twice.
    case distinctIds
    /// Classes, or `ignoredLabel`.
    case labels
    /// Rows of each sequence, or `ignoredLabel`.
    case segmentLabels(offsets: Graph.Value)
    /// Where sequences begin and end, in the rows of a matrix.
    case offsets(areQueries: Bool)
    /// Where each sequence's keys begin and, in another input, end; at most `longest` of them. Where they are apart, no key
    /// belongs to two sequences.
    case keyRanges(ends: Graph.Value, longest: Symbol?, areApart: Bool)
  }
  let input: Graph.Value
  let rows: Dimension
  let kind: Kind

  /// Each once: every layer of a model uses the same.
  static func all(in plan: Plan, of graph: Graph) -> Set<IndexUse> {
    var uses = Set<IndexUse>()
    for (symbol, value) in graph.segments where plan.inputs.contains(value) {
      uses.insert(IndexUse(input: value, rows: .symbol(symbol, plus: 0), kind: .offsets(areQueries: false)))
    }
    for step in plan.steps {
      func use(_ index: Int, rowsOf matrix: Int, _ kind: Kind) {
        let rows = graph.type(of: step.operands[matrix]).shape.dimensions[0]
        uses.insert(IndexUse(input: step.operands[index], rows: rows, kind: kind))
      }
      func useColumns(_ index: Int, of matrix: Int, _ kind: Kind) {
        guard let columns = graph.type(of: step.operands[matrix]).shape.last else { return }
        uses.insert(IndexUse(input: step.operands[index], rows: columns, kind: kind))
      }
      func keyRanges(
        _ starts: Int, rowsOf keys: Int, longest: Symbol? = nil, queries: Int = 0, areApart: Bool = false
      ) {
        use(starts - 1, rowsOf: queries, .offsets(areQueries: true))
        let ends = step.operands[starts + 1]
        use(starts, rowsOf: keys, .keyRanges(ends: ends, longest: longest, areApart: areApart))
      }
      switch step.operation {
      case .embeddingLayerNorm(let embeddings):
        let places = embeddings.operands
        if let ids = places.wordIds { use(ids, rowsOf: places.word, .ids) }
        if let ids = places.positionIds, let table = places.position { use(ids, rowsOf: table, .ids) }
        use(places.typeIds, rowsOf: places.type, .ids)
      case .attention: keyRanges(4, rowsOf: 1)
      case .attentionProbabilities(let probabilities):
        keyRanges(3, rowsOf: 1, longest: probabilities.keys)
        guard probabilities.relativePositions != nil else { continue }
        let table = probabilities.distanceOperand
        guard case .fixed(let distances) = graph.type(of: step.operands[table]).shape.dimensions[0] else { continue }
        for positions in [table + 1, table + 2] {
          let input = step.operands[positions]
          uses.insert(IndexUse(input: input, rows: .fixed((distances + 1) / 2), kind: .ids))
        }
      case .attentionContext:
        let longest: Symbol? =
          if case .symbol(let symbol, _)? = graph.type(of: step.operands[0]).shape.last { symbol } else { nil }
        keyRanges(3, rowsOf: 1, longest: longest)
      case .gatherRows: use(1, rowsOf: 0, .ids)
      case .storeRows: use(2, rowsOf: 0, .distinctIds)
      case .embeddingSum(let embeddings):
        let (places, sum) = (embeddings.operands, embeddings.sumOperands)
        for (ids, table) in [
          (places.wordIds, places.word), (places.positionIds, places.position), (places.typeIds, places.type),
        ] {
          guard let ids = ids.flatMap(sum.firstIndex), let table = table.flatMap(sum.firstIndex) else { continue }
          use(ids, rowsOf: table, .ids)
        }
      case .trainingAttention: keyRanges(4, rowsOf: 1)
      case .gradient(let gradient):
        switch gradient {
        case .attention: keyRanges(7, rowsOf: 4, queries: 3, areApart: true)
        case .attentionProbabilities(let probabilities, _):
          keyRanges(5, rowsOf: 3, longest: probabilities.keys, queries: 2)
        case .attentionContext:
          let longest: Symbol? =
            if case .symbol(let symbol, _)? = graph.type(of: step.operands[1]).shape.last { symbol } else { nil }
          keyRanges(4, rowsOf: 2, longest: longest, queries: 1)
        case .pooling: use(2, rowsOf: 1, .offsets(areQueries: false))
        case .crossEntropy: useColumns(2, of: 1, .labels)
        case .segmentCrossEntropy:
          use(2, rowsOf: 1, .offsets(areQueries: false))
          use(3, rowsOf: 1, .segmentLabels(offsets: step.operands[2]))
        // Groups of rows are made by the run, from ids that the forward operation has checked.
        case .activation, .linearInput, .linearWeight, .bias, .layerNorm, .maskedSoftmax, .gatherRows, .embedding,
          .l2Normalize, .squaredError, .binaryCrossEntropy, .mean:
          break
        }
      case .pooling: use(1, rowsOf: 0, .offsets(areQueries: false))
      case .crossEntropy: useColumns(1, of: 0, .labels)
      case .segmentCrossEntropy:
        use(1, rowsOf: 0, .offsets(areQueries: false))
        use(2, rowsOf: 0, .segmentLabels(offsets: step.operands[1]))
      case .linear, .biasActivation, .feedForward, .addLayerNorm, .layerNorm, .maskedSoftmax, .scaleHeads, .l2Normalize,
        .squaredError, .binaryCrossEntropy, .mean, .weightedSum, .dropout, .optimizer:
        break
      }
    }
    return uses
  }
}
