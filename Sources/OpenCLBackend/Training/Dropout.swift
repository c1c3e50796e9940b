// SPDX-License-Identifier: Apache-2.0
import ComputeGraph
import OpenCLRuntime

extension StepBinder {
  func dropoutKernels(_ dropout: Dropout) throws -> [Kernel] { [try library.kernel("dropout")] }

  /// `dropout(x, seed, out, rows, columns, threshold, site, scale)`
  func bindDropout(_ arguments: StepArguments, _ kernels: [Kernel], _ dropout: Dropout) throws -> Enqueue {
    try bindElements(
      kernels[0], arguments.bufferValues(), arguments.shape(0),
      [.uint32(dropout.threshold), .uint32(UInt32(bitPattern: dropout.site)), .float(Float(dropout.scale))])
  }
}
