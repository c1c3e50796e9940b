// SPDX-License-Identifier: Apache-2.0
import ComputeGraph

extension Activation {
  /// The function itself, as transformers' `activations.py` defines it.
  @inline(__always)
  func apply<Scalar: CPUScalar>(_ x: Scalar) -> Scalar {
    switch self {
    case .identity: x
    case .geluErf: x / 2 * (1 + .errorFunction(x * 0.707106781186547524400844362104849039))
    case .geluTanh:
      x / 2 * (1 + .hyperbolicTangent(0.797884560802865355879892119868763737 * (x + 0.044715 * x * x * x)))
    case .geluFast: x / 2 * (1 + .hyperbolicTangent(x * 0.7978845608 * (1 + 0.044715 * x * x)))
    case .quickGelu: x / (1 + .exponential(-1.702 * x))
    case .relu: max(x, 0)
    case .silu: x / (1 + .exponential(-x))
    case .tanh: .hyperbolicTangent(x)
    case .mish:
      // log(1 + exp(x)) without overflow: it is x + log(1 + exp(-x)) where x is positive.
      x * .hyperbolicTangent(max(x, 0) + .logarithmOnePlus(.exponential(-abs(x))))
    }
  }
}
