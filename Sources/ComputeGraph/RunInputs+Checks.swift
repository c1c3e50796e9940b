// SPDX-License-Identifier: Apache-2.0

extension RunInputs {
  /// The tensor for each of the plan's inputs, checked for type and shape; and what kernels use as addresses without a
  /// check of their own: ids against their tables, offset tables against the rows they divide.
  ///
  /// - Throws: `GraphError.missingInput`, `.inputMismatch`, `.valueOutOfRange`.
  public func tensors(for plan: Plan, of graph: Graph) throws(GraphError) -> [(value: Graph.Value, tensor: Tensor)] {
    var found: [(value: Graph.Value, tensor: Tensor)] = []
    for value in plan.inputs {
      guard case .input(let name) = graph.source(of: value) else { continue }
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
    case .offsets(let areQueries):
      let lengths = zip(indices, indices.dropFirst()).map { Int($1) - Int($0) }
      guard indices.first == 0, indices.last.map(Int.init) == rows, lengths.allSatisfy({ $0 >= 0 }) else {
        throw .inputMismatch(name: name, found: "an offset table out of order", wanted: "0 rising to \(rows)")
      }
      // A device launches for as many queries as the longest sequence is said to have; those beyond would get nothing.
      guard areQueries, let longest = dimensions[.longest], let length = lengths.max(), length > longest else { return }
      throw .inputMismatch(name: name, found: "a sequence of \(length) rows", wanted: "at most \(longest), the longest")
    }
  }
}

/// One way in which a plan's steps use an integer input as addresses.
private struct IndexUse: Hashable {
  enum Kind: Hashable {
    /// Rows of a table.
    case ids
    /// Where sequences begin and end, in the rows of a matrix.
    case offsets(areQueries: Bool)
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
      switch step.operation {
      case .embeddingLayerNorm:
        for table in 0..<3 { use(table + 5, rowsOf: table, .ids) }
      case .attention:
        use(3, rowsOf: 0, .offsets(areQueries: true))
        use(4, rowsOf: 1, .offsets(areQueries: false))
      case .pooling: use(1, rowsOf: 0, .offsets(areQueries: false))
      case .linear, .biasActivation, .addLayerNorm, .layerNorm, .maskedSoftmax, .l2Normalize: break
      }
    }
    return uses
  }
}
