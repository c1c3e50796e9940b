// SPDX-License-Identifier: Apache-2.0
import ComputeGraph

/// How a device's memory stores real numbers: weights, activations and caches.
///
/// Kernels compute in float32 whatever is stored: sums, the statistics of a layer norm and a softmax's are never rounded on
/// their way. Tensors on the host are float32, and converted as they travel.
public enum Precision: String, CaseIterable, Sendable {
  /// IEEE 754 binary32, as checkpoints and the CPU executor have it.
  case float32
  /// IEEE 754 binary16: 11 bits of significand, up to 65504; what is larger becomes infinite.
  case float16
  /// The upper half of a float32: 8 bits of significand and float32's range.
  case bfloat16

  /// Bytes of one number.
  public var byteCount: Int { self == .float32 ? 4 : 2 }

  /// `PRECISION` of `common.cl`.
  var define: Int {
    switch self {
    case .float32: 0
    case .float16: 1
    case .bfloat16: 2
    }
  }
}

/// What a precision cannot be used for.
public enum PrecisionError: Error, Equatable, Sendable, CustomStringConvertible {
  /// An operation of training, which keeps float32.
  case training(Precision, operation: String)
  /// A matrix product that has no such numbers.
  case matrixProduct(MatrixProduct, Precision)
  /// The CPU executor, which computes in float32.
  case cpu(Precision)

  public var description: String {
    switch self {
    case .training(let precision, let operation):
      "\(operation) belongs to training, which is in float32, and the device was opened in \(precision.rawValue); "
        + "open it with precision float32"
    case .matrixProduct(let product, let precision):
      "the matrix product \(product.rawValue) does not take \(precision.rawValue), but "
        + Precision.allCases.filter(product.takes).map(\.rawValue).joined(separator: " and ")
        + "; choose another product or precision"
    case .cpu(let precision):
      "the CPU executor computes in float32, not \(precision.rawValue); choose an OpenCL device or precision float32"
    }
  }
}

extension Operation {
  /// Whether its kernels read and write float32 alone: those of training.
  package var needsFloat32: Bool {
    switch self {
    case .embeddingSum, .dropout, .trainingAttention, .gradient, .optimizer: true
    case .embeddingLayerNorm, .linear, .biasActivation, .feedForward, .addLayerNorm, .layerNorm, .maskedSoftmax,
      .attention, .attentionProbabilities, .attentionContext, .scaleHeads, .gatherRows, .storeRows, .pooling,
      .l2Normalize, .crossEntropy, .segmentCrossEntropy, .squaredError, .binaryCrossEntropy, .mean, .weightedSum:
      false
    }
  }
}
