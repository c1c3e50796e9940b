// SPDX-License-Identifier: Apache-2.0
import ComputeGraph
import OpenCLRuntime

extension StepBinder {
  func biasGradientKernels(_ operands: [Graph.Value]) throws -> [Kernel] {
    let defines = ["ROW_BLOCK": Operation.rowBlock, "COLUMN_BLOCK": profile.biasColumnBlock]
    return [try library.kernel("bias_gradient", defines: defines), try library.kernel("column_sums")]
  }

  /// `bias_gradient(dy, partials, rows, columns)`, a work-group for each block of rows and of columns; then the blocks.
  func bindBiasGradient(_ arguments: StepArguments, _ kernels: [Kernel]) throws -> Enqueue {
    let (rows, columns) = (arguments.rows(1), try arguments.columns(1))
    let (kernel, partials) = (kernels[0], try arguments.scratchBuffer())
    try kernel.bind([
      .buffer(try arguments.buffer(at: 1)), .buffer(partials), .int32(0), .int32(Int32(columns)),
    ])
    let addBlocks = try bindColumnSums(
      kernels[1], partials, into: arguments.buffer(at: 0), columns: columns, stride: columns, firstColumn: 0)
    let (groupSize, columnBlock) = (profile.workGroupSize, profile.biasColumnBlock)
    let columnBlocks = (columns + columnBlock - 1) / columnBlock
    return { queue, dimensions in
      let rows = try rows.resolved(dimensions)
      guard rows > 0 else { return }
      let blocks = (rows + Operation.rowBlock - 1) / Operation.rowBlock
      try kernel.set(2, Int32(rows))
      try queue.launch(kernel, global: WorkSize(columnBlocks * groupSize, blocks), local: WorkSize(groupSize, 1))
      try addBlocks(queue, blocks)
    }
  }

  /// `column_sums(partials, state, blocks, columns, stride, first_column)`
  func bindColumnSums(
    _ kernel: Kernel, _ partials: Buffer, into state: Buffer, columns: Int, stride: Int, firstColumn: Int
  ) throws -> (Queue, _ blocks: Int) throws -> Void {
    try kernel.bind(
      [.buffer(partials), .buffer(state), .int32(0)] + [columns, stride, firstColumn].map { .int32(Int32($0)) })
    let (groupSize, groupColumns) = (profile.workGroupSize, profile.workGroupSize * profile.vectorWidth)
    let groups = (columns + groupColumns - 1) / groupColumns
    return { queue, blocks in
      try kernel.set(2, Int32(blocks))
      try queue.launch(kernel, global: WorkSize(groups * groupSize), local: WorkSize(groupSize))
    }
  }
}

extension DeviceProfile {
  /// Columns that one work-group of `bias_gradient` takes: a CPU's keeps their sums in the nearest cache, a GPU's work-items
  /// each one in a register.
  fileprivate var biasColumnBlock: Int { workGroupSize == 1 ? 4096 : workGroupSize }
}
