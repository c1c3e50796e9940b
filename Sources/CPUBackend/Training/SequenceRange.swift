// SPDX-License-Identifier: Apache-2.0
import ComputeGraph

/// Where one sequence's queries and keys lie.
struct SequenceRange {
  let firstQuery: Int
  let queries: Int
  let firstKey: Int
  let keys: Int

  /// How many keys, from the first one on, the i-th query sees.
  func seen(by query: Int, _ attention: Attention) -> Int {
    attention.isCausal ? min(max(keys - queries + query + 1, 0), keys) : keys
  }
}

extension CPURun {
  /// The sequences of an attention whose query offsets, key starts and key ends are operands from `offsets` on.
  func sequenceRanges(_ step: Plan.Step, offsets: Int) -> [SequenceRange] {
    let (offsets, starts, ends) = (integers(step, offsets), integers(step, offsets + 1), integers(step, offsets + 2))
    return starts.indices.map { index in
      SequenceRange(
        firstQuery: Int(offsets[index]), queries: Int(offsets[index + 1] - offsets[index]),
        firstKey: Int(starts[index]), keys: Int(ends[index] - starts[index]))
    }
  }

  /// Sets every element of a result to 0.
  func clear(_ value: Graph.Value) {
    result(value).update(repeating: 0, count: sizes(value).reduce(1, *))
  }
}
