// SPDX-License-Identifier: Apache-2.0
import ComputeGraph
import OpenCLRuntime

extension StepBinder {
  typealias Enqueue = (Queue, Dimensions) throws -> Void

  /// A kernel with one work-group per row, whose arguments are the buffers, then rows, columns and epsilon.
  func bindRows(
    _ arguments: StepArguments, _ kernel: Kernel, rows: Dimension, columns: Int, _ epsilon: Double
  ) throws -> Enqueue {
    try bindRows(
      kernel, arguments.bufferValues(), rows: rows, [.int32(Int32(columns)), .float(Float(epsilon))])
  }

  /// A kernel with one work-group per row, whose arguments are the buffers, then the rows and `rest`.
  func bindRows(
    _ kernel: Kernel, _ buffers: [KernelValue], rows: Dimension, _ rest: [KernelValue]
  ) throws -> Enqueue {
    try kernel.bind(buffers + [.int32(0)] + rest)
    let groupSize = profile.workGroupSize
    return { queue, dimensions in
      let rows = try rows.resolved(dimensions)
      guard rows > 0 else { return }
      try kernel.set(buffers.count, Int32(rows))
      try queue.launch(kernel, global: WorkSize(rows * groupSize), local: WorkSize(groupSize))
    }
  }

  /// A kernel of independent elements, whose arguments are operands, result, rows and columns.
  func bindElements(_ arguments: StepArguments, _ kernel: Kernel) throws -> Enqueue {
    try bindElements(kernel, arguments.bufferValues(), arguments.shape(0), [])
  }

  /// A kernel of independent elements, whose arguments are the buffers, rows, columns and `rest`; a work-group for each
  /// `groupElements` of them.
  func bindElements(
    _ kernel: Kernel, _ buffers: [KernelValue], _ shape: Shape, _ rest: [KernelValue]
  ) throws -> Enqueue {
    try kernel.bind(buffers + [.int32(0), .int32(0)] + rest)
    let groupSize = profile.workGroupSize
    return { queue, dimensions in
      let sizes = try shape.resolved(dimensions)
      let (rows, columns) = (sizes[0], sizes.dropFirst().reduce(1, *))
      guard rows * columns > 0 else { return }
      try kernel.set(buffers.count, Int32(rows))
      try kernel.set(buffers.count + 1, Int32(columns))
      let groups = (rows * columns + StepBinder.groupElements - 1) / StepBinder.groupElements
      try queue.launch(kernel, global: WorkSize(groups * groupSize), local: WorkSize(groupSize))
    }
  }

  /// `GROUP_ELEMENTS` of `common.cl`.
  private static let groupElements = 4096
}
