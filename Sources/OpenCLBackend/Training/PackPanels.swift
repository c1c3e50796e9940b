// SPDX-License-Identifier: Apache-2.0
import ComputeGraph
import OpenCLRuntime

extension StepBinder {
  /// A kernel for each weight of dense layers that lies in a state, where the device wants panels: such weights change, so
  /// each run packs them anew.
  ///
  /// - Throws: `PrecisionError.training`: weights in a state are those of training.
  func packKernels(_ weights: [Graph.Value]) throws -> [Kernel] {
    guard profile.matrixProduct == .panels else { return [] }
    if profile.precision != .float32, weights.contains(where: { graph.storage(of: $0) != nil }) {
      throw PrecisionError.training(profile.precision, operation: "a dense layer whose weight lies in a state")
    }
    return try weights.filter { graph.storage(of: $0) != nil }.map { _ in try library.packKernel(byColumn: true) }
  }

  /// Those of a step's kernels that are `packKernels`: the last.
  func packs(of weights: [Graph.Value], in kernels: [Kernel]) -> [Kernel] {
    guard profile.matrixProduct == .panels else { return [] }
    return kernels.suffix(weights.count { graph.storage(of: $0) != nil })
  }

  /// Weights of dense layers in the layout that their products want.
  ///
  /// - Parameters:
  ///   - indices: operands of the step.
  ///   - kernels: `packKernels` of those.
  /// - Returns: a buffer for each, and what fills those that are packed by each run.
  func bindWeights(
    _ arguments: StepArguments, _ indices: [Int], _ kernels: [Kernel]
  ) throws -> (buffers: [Buffer], pack: (Queue) throws -> Void) {
    var unused = kernels[...]
    var packs: [(Queue) throws -> Void] = []
    // Panels lie at the end of the scratch memory, behind what the operation itself writes down.
    var end = try kernels.isEmpty ? 0 : arguments.scratchBuffer().byteCount
    let buffers = try indices.map { index in
      let weight = try arguments.buffer(at: index)
      guard graph.storage(of: arguments.step.operands[index]) != nil, let kernel = unused.popFirst() else {
        return weight
      }
      let (columns, depth) = (try arguments.columns(inRowsOf: index), try arguments.columns(index))
      let byteCount = profile.panelElements(columns: columns, depth: depth) * 4
      end = (end - byteCount) / profile.alignment * profile.alignment
      let panels = try arguments.scratchBuffer().subBuffer(offset: end, byteCount: byteCount)
      let pack = try bindPack(weight, into: panels, columns: columns, kernel)
      packs.append { queue in try pack(queue, depth) }
      return panels
    }
    return (buffers, { queue in for pack in packs { try pack(queue) } })
  }

  /// `pack_panels(matrix, panels, columns, depth)`; any number of stretches of the depth, which the launch says.
  func bindPack(
    _ matrix: Buffer, into panels: Buffer, columns: Int, _ kernel: Kernel
  ) throws -> (Queue, Int) throws -> Void {
    try kernel.bind([.buffer(matrix), .buffer(panels), .int32(Int32(columns)), .int32(0)])
    let most = StepBinder.stretchesPerUnit * profile.computeUnits
    return { queue, depth in
      guard depth > 0 else { return }
      try kernel.set(3, Int32(depth))
      try queue.launch(kernel, global: WorkSize(min((depth + 15) / 16, most)), local: WorkSize(1))
    }
  }

  /// Shares of a pass over memory for each core: some, so that one that comes late has less to do.
  static let stretchesPerUnit = 8
}

extension KernelLibrary {
  /// `pack_panels` for matrices `[columns, depth]`, as weights of dense layers are, or `[depth, columns]`.
  func packKernel(byColumn: Bool) throws -> Kernel {
    try kernel("pack_panels", defines: ["BY_COLUMN": byColumn ? 1 : 0, "PANEL_WIDTH": profile.panelWidth])
  }
}
