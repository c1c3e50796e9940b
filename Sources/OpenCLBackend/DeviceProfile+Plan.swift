// SPDX-License-Identifier: Apache-2.0
import ComputeGraph

extension DeviceProfile {
  /// The plan of a graph on this device: aligned as its memory is, with room for what its kernels pack while they run.
  ///
  /// - Parameter outputs: names of outputs; all of them where nil.
  /// - Throws: `GraphError.unknownOutput`, `.unboundSymbol`, `.badDimension`, `.tooLarge`.
  public func plan(
    _ graph: Graph, _ dimensions: Dimensions, outputs: [String]? = nil
  ) throws(GraphError) -> Plan {
    try Plan(
      graph, dimensions, outputs: outputs, realByteCount: precision.byteCount, alignment: alignment,
      extraScratch: { node throws(GraphError) in try panelScratch(node, of: graph, dimensions) })
  }

  /// Bytes that a plan's values take on the device: its arena, or the outputs and what has memory of its own.
  public func byteCount(of plan: Plan) -> Int {
    guard !sharesArena else { return plan.arenaByteCount }
    return PlanPlaces(plan, sharesArena: false).byteCounts.reduce(plan.outputByteCount, +)
  }

  /// Bytes of everything that a run computes on the device: of the plan that it is given.
  ///
  /// - Throws: `GraphError.unknownOutput`, `.unboundSymbol`, `.tooLarge`.
  public func arenaByteCount(
    of graph: Graph, _ dimensions: Dimensions, outputs: [String]
  ) throws(GraphError) -> Int {
    byteCount(of: try plan(graph, BoundPlan.capacity(for: dimensions), outputs: outputs))
  }

  /// Floats of the panels that a step packs.
  private func panelScratch(
    _ node: Graph.Node, of graph: Graph, _ dimensions: Dimensions
  ) throws(GraphError) -> Int {
    guard matrixProduct == .panels else { return 0 }
    func matrix(_ operand: Int) throws(GraphError) -> (rows: Int, columns: Int) {
      let shape = try graph.type(of: node.operands[operand]).shape.resolved(dimensions)
      return (shape[0], shape[1])
    }
    switch node.operation {
    case .gradient(.linearInput):
      let (rows, depth) = try matrix(0)
      return gradientPanelElements(rows: rows, columns: try matrix(1).columns, depth: depth)
    case .gradient(.linearWeight):
      let (rows, columns) = try matrix(0)
      return gradientPanelElements(rows: rows, columns: columns, depth: try matrix(1).rows)
    default:
      var count = 0
      for operand in node.operation.packedOperands where graph.storage(of: node.operands[operand]) != nil {
        let (columns, depth) = try matrix(operand)
        // Each begins at a multiple of the alignment.
        count += panelElements(columns: columns, depth: depth) + alignment / precision.byteCount
      }
      return count
    }
  }

  private func gradientPanelElements(rows: Int, columns: Int, depth: Int) -> Int {
    guard packsGradient(rows: rows, columns: columns, depth: depth) else { return 0 }
    return panelElements(columns: columns, depth: depth)
  }

  /// Floats of a matrix in panels.
  func panelElements(columns: Int, depth: Int) -> Int { (columns + panelWidth - 1) / panelWidth * panelWidth * depth }

  /// Whether `gradient_panels` has its right-hand matrix packed into panels first: where a panel would end in the midst of
  /// it, and where the product is large enough to make good for the copy. More rows or a greater depth never undo it, so
  /// what a plan's capacity does not pack, none of its runs does.
  func packsGradient(rows: Int, columns: Int, depth: Int) -> Bool {
    !columns.isMultiple(of: panelWidth) || (rows >= 512 && depth >= 1024)
  }
}
