// SPDX-License-Identifier: Apache-2.0
import ComputeGraph
import OpenCLRuntime

extension StepBinder {
  /// The kernels of `attention` that also write the log-sum-exp: one for each configuration that may run.
  func trainingAttentionKernels(_ training: TrainingAttention) throws -> [Kernel] {
    let attention = training.attention
    let defines = training.defines.merging(["SAVES_LOG_SUM_EXP": 1]) { $1 }
    return try profile.attentionChoice(attention, tuning).configurations.map { configuration in
      try library.kernel(configuration.kernelName, defines: defines.merging(configuration.defines) { $1 })
    }
  }

  /// `attention(query, key, value, query_offsets, key_starts, key_ends, [seed], out, log_sum_exp, sequences, heads,
  /// query_stride, key_stride, value_stride, out_stride, query_column, key_column, value_column, scale, [site, threshold,
  /// keep_scale])`, and the same for `attention_tiled`; in brackets what dropout adds.
  func bindTrainingAttention(
    _ arguments: StepArguments, _ kernels: [Kernel], _ training: TrainingAttention
  ) throws -> Enqueue {
    let attention = training.attention
    let buffers = try arguments.bufferValues()
    let numbers = [
      0, attention.heads, try arguments.columns(0), try arguments.columns(1), try arguments.columns(2),
      attention.width, attention.queryColumn, attention.keyColumn, attention.valueColumn,
    ]
    for kernel in kernels {
      try kernel.bind(
        buffers + numbers.map { .int32(Int32($0)) } + [.float(Float(attention.scale))] + training.dropoutValues)
    }
    return enqueueAttention(kernels, attention, sequencesArgument: buffers.count)
  }
}

extension TrainingAttention {
  /// Macros of the kernels, forward and backward.
  var defines: [String: Int] {
    [
      "HEAD_SIZE": attention.headSize, "CAUSAL": attention.isCausal ? 1 : 0, "HAS_DROPOUT": dropout == nil ? 0 : 1,
    ]
  }

  /// The kernels' last arguments: `site, threshold, keep_scale`; none without dropout.
  var dropoutValues: [KernelValue] {
    guard let dropout else { return [] }
    return [
      .uint32(UInt32(bitPattern: dropout.site)), .uint32(dropout.threshold), .float(Float(dropout.scale)),
    ]
  }
}
