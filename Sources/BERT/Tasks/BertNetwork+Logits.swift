// SPDX-License-Identifier: Apache-2.0
import ComputeGraph

extension BertNetwork: LogitsModel {
  /// Packed tokens of one device run, at most, unless one sequence alone is longer: enough to keep a GPU busy, or few
  /// enough for a CPU's caches.
  var tokenBudget: Int { engine.device?.kind == .gpu ? 16384 : 2048 }

  public func logits(_ sequences: [TokenSequence]) async throws -> [Logits] {
    try await eachBatch(sequences, GraphVariant(), selecting: nil) { packed, tensor, index in
      let rows = head.isPooled ? index..<(index + 1) : Int(packed.offsets[index])..<Int(packed.offsets[index + 1])
      return Logits(tensor, rows: rows)
    }
  }

  public func vocabularyLogits(_ sequences: [TokenSequence], at positions: [[Int]]) async throws -> [Logits] {
    guard head == .maskedLM else { throw TaskError.head(head, wanted: .maskedLM) }
    guard positions.count == sequences.count,
      zip(sequences, positions).allSatisfy({ sequence, places in places.allSatisfy(sequence.ids.indices.contains) })
    else { throw BertError.badArgument("positions", "are not those of tokens in \(sequences.count) sequences") }
    var variant = GraphVariant()
    variant.selectsRows = true
    // A batch's selected rows lie together in the order of its sequences.
    return try await eachBatch(sequences, variant, selecting: positions) { _, tensor, _ in tensor }
      .enumerated().map { index, tensor in Logits(tensor, rows: 0..<positions[index].count) }
  }

  /// Runs sequences of about one length together and gives each its part of what comes back, in the order asked.
  ///
  /// - Parameter selecting: of each sequence, the tokens whose rows the head is to run on; all where nil. The tensor that
  ///   `body` gets then holds that sequence's rows alone.
  private func eachBatch<Part>(
    _ sequences: [TokenSequence], _ variant: GraphVariant, selecting positions: [[Int]]?,
    _ body: (PackedBatch, Tensor, Int) throws -> Part
  ) async throws -> [Part] {
    var parts = [Part?](repeating: nil, count: sequences.count)
    let loaded = try await loaded(variant)
    for batch in SentenceEncoder.batches(sequences.map(\.ids.count), tokenBudget: tokenBudget) {
      try Task.checkCancellation()
      let packed = PackedBatch(batch.map { sequences[$0].ids }, types: batch.map { sequences[$0].typeIds })
      try packed.check(config)
      var inputs = packed.runInputs
      var starts = [0]
      if let positions {
        let rows = batch.enumerated().flatMap { index, sequence in
          positions[sequence].map { packed.offsets[index] + Int32($0) }
        }
        starts = batch.reduce(into: [0]) { $0.append($0[$0.count - 1] + positions[$1].count) }
        inputs.tensors["selected_rows"] = .int32(rows)
        inputs.dimensions[.selectedRows] = rows.count
      }
      guard let tensor = try await loaded.run(inputs, outputs: ["logits"])["logits"] else {
        throw GraphError.missingOutput("logits")
      }
      for (index, sequence) in batch.enumerated() {
        let own = positions == nil ? tensor : try tensor.rows(starts[index]..<starts[index + 1])
        parts[sequence] = try body(packed, own, index)
      }
    }
    return parts.compactMap { $0 }
  }
}

extension Logits {
  /// Some rows of a matrix.
  fileprivate init(_ tensor: Tensor, rows: Range<Int>) {
    let columns = tensor.shape[1]
    self.init(
      rows: rows.count, columns: columns,
      values: Array(tensor.floats[(rows.lowerBound * columns)..<(rows.upperBound * columns)]))
  }
}

extension Tensor {
  /// Some rows of a matrix.
  fileprivate func rows(_ range: Range<Int>) throws -> Tensor {
    let width = shape[1]
    return try scattered(to: [range.count, width]) { move in
      move(range.lowerBound * width, 0, range.count * width)
    }
  }
}
