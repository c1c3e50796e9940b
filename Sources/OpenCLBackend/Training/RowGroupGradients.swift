// SPDX-License-Identifier: Apache-2.0
import ComputeGraph
import OpenCLRuntime

extension StepBinder {
  func embeddingGradientKernels(_ operands: [Graph.Value]) throws -> [Kernel] {
    [try library.kernel("embedding_gradient", file: "row_groups", defines: profile.rowGroupDefines)]
  }

  /// `embedding_gradient(table, dy, row_ids, starts, order, groups, columns)`
  func bindEmbeddingGradient(_ arguments: StepArguments, _ kernels: [Kernel]) throws -> Enqueue {
    let columns = try arguments.columns(1)
    let kernel = kernels[0]
    try kernel.bind(try arguments.bufferValues() + [.int32(0), .int32(Int32(columns))])
    let groups = arguments.rows(2)
    let launch = rowGroupLaunch(kernel, columns: columns)
    return { queue, dimensions in
      let groups = try groups.resolved(dimensions)
      guard groups > 0 else { return }
      try kernel.set(5, Int32(groups))
      try launch(queue, groups)
    }
  }

  func gatherRowsGradientKernels(_ operands: [Graph.Value]) throws -> [Kernel] {
    [try library.kernel("gather_rows_gradient", file: "row_groups", defines: profile.rowGroupDefines)]
  }

  /// `gather_rows_gradient(dy, row_ids, starts, order, dx, groups, columns, rows)`, launched also where nothing was
  /// gathered: then it clears all rows.
  func bindGatherRowsGradient(_ arguments: StepArguments, _ kernels: [Kernel]) throws -> Enqueue {
    let columns = try arguments.columns(0)
    let kernel = kernels[0]
    try kernel.bind(try arguments.bufferValues() + [.int32(0), .int32(Int32(columns)), .int32(0)])
    let (groups, rows) = (arguments.rows(1), arguments.resultRows)
    let launch = rowGroupLaunch(kernel, columns: columns)
    return { queue, dimensions in
      let (groups, rows) = (try groups.resolved(dimensions), try rows.resolved(dimensions))
      guard rows > 0 else { return }
      try kernel.set(5, Int32(groups))
      try kernel.set(7, Int32(rows))
      try launch(queue, max(groups, 1))
    }
  }

  /// Launches a kernel of `row_groups` with a work-group for each block of groups and of columns.
  private func rowGroupLaunch(_ kernel: Kernel, columns: Int) -> (Queue, _ groups: Int) throws -> Void {
    let (groupSize, workGroups) = (profile.workGroupSize, profile.rowGroupsPerWorkGroup)
    let groupColumns = profile.rowGroupVectors * profile.vectorWidth * groupSize
    let columnBlocks = (columns + groupColumns - 1) / groupColumns
    return { queue, groups in
      try queue.launch(
        kernel, global: WorkSize(columnBlocks * groupSize, (groups + workGroups - 1) / workGroups),
        local: WorkSize(groupSize, 1))
    }
  }
}

extension DeviceProfile {
  /// Vectors of columns that a work-item sums in registers.
  fileprivate var rowGroupVectors: Int { workGroupSize == 1 ? 4 : 1 }
  /// Groups of rows that one work-group takes, one after the other: most have one row or none.
  fileprivate var rowGroupsPerWorkGroup: Int { workGroupSize == 1 ? 16 : 1 }

  fileprivate var rowGroupDefines: [String: Int] {
    ["COLUMN_VECTORS": rowGroupVectors, "WORK_GROUPS": rowGroupsPerWorkGroup]
  }
}
