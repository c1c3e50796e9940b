// SPDX-License-Identifier: Apache-2.0
import ComputeGraph
import OpenCLRuntime

extension StepBinder {
  /// `layer_norm(x, weight, bias, out, rows, hidden, epsilon)`
  func bindLayerNorm(_ arguments: StepArguments, _ kernel: Kernel, _ epsilon: Double) throws -> Enqueue {
    try bindRows(arguments, kernel, rows: arguments.rows(0), columns: arguments.columns(0), epsilon)
  }
}
