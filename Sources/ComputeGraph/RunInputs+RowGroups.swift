// SPDX-License-Identifier: Apache-2.0

extension RunInputs {
  /// What the run makes from its ids; see `Graph.RowGroups`.
  ///
  /// - Throws: `GraphError.missingInput`, `.inputMismatch` for ids that are not there or no int32.
  func rowGroups(for plan: Plan, of graph: Graph) throws(GraphError) -> [Graph.Value: Tensor] {
    var made: [Graph.Value: Tensor] = [:]
    let read = Set(plan.inputs)
    for groups in graph.rowGroups where groups.values.contains(where: read.contains) {
      guard case .input(let name) = graph.source(of: groups.ids) else { continue }
      guard let tensor = tensors[name] else { throw .missingInput(name) }
      guard case .int32(let ids) = tensor.storage,
        tensor.shape == (try graph.type(of: groups.ids).shape.resolved(dimensions))
      else {
        throw .inputMismatch(name: name, found: "\(tensor.shape)", wanted: graph.type(of: groups.ids).description)
      }
      let (rows, starts, order) = RunInputs.group(ids, ignoring: groups.ignored)
      (made[groups.rows], made[groups.starts], made[groups.order]) = (.int32(rows), .int32(starts), .int32(order))
    }
    return made
  }

  /// - Returns: the distinct ids, where each one's places begin, and the places.
  private static func group(
    _ ids: [Int32], ignoring ignored: Int32?
  ) -> (rows: [Int32], starts: [Int32], order: [Int32]) {
    // One integer for id and place, whose order is that of the ids and then of the places.
    let keys = ids.enumerated().compactMap { place, id in
      id == ignored ? nil : UInt64(UInt32(bitPattern: id)) << 32 | UInt64(place)
    }
    var (rows, starts): ([Int32], [Int32]) = ([], [])
    var order: [Int32] = []
    order.reserveCapacity(ids.count)
    for key in keys.sorted() {
      let id = Int32(bitPattern: UInt32(key >> 32))
      if rows.last != id {
        rows.append(id)
        starts.append(Int32(order.count))
      }
      order.append(Int32(truncatingIfNeeded: key))
    }
    let end = Int32(order.count)
    rows += Array(repeating: 0, count: ids.count - rows.count)
    starts += Array(repeating: end, count: ids.count + 1 - starts.count)
    order += Array(repeating: 0, count: ids.count - order.count)
    return (rows, starts, order)
  }
}
