// SPDX-License-Identifier: Apache-2.0
import ComputeGraph

extension CPURun {
  /// `dx = dy activation'(x + b)`; see `GradientOperation.activation`.
  func activationGradient(_ step: Plan.Step, _ activation: Activation) {
    let (rows, columns) = matrix(step.result)
    let hasBias = step.operands.count == 3
    let dx = result(step.result)
    withReals(step, hasBias ? [0, 1, 2] : [0, 1]) { operands in
      parallelRows(rows) { block in
        for row in block {
          for column in 0..<columns {
            let index = row * columns + column
            let x = operands[1][index] + (hasBias ? operands[2][column] : 0)
            dx[index] = operands[0][index] * activation.derivative(x)
          }
        }
      }
    }
  }
}

extension Activation {
  /// The derivative of `apply`.
  func derivative<Scalar: CPUScalar>(_ x: Scalar) -> Scalar {
    switch self {
    case .identity: 1
    case .geluErf: erfGelu(x)
    case .geluTanh: tanhGelu(x, 0.797884560802865355879892119868763737)
    case .geluFast: tanhGelu(x, 0.7978845608)
    case .quickGelu: sigmoidGate(x, 1.702)
    case .relu: x > 0 ? 1 : 0
    case .silu: sigmoidGate(x, 1)
    case .tanh: 1 - .hyperbolicTangent(x) * .hyperbolicTangent(x)
    case .mish: mishDerivative(x)
    }
  }

  /// Of `x Phi(x)`: `Phi(x) + x phi(x)`, with the normal distribution and its density.
  private func erfGelu<Scalar: CPUScalar>(_ x: Scalar) -> Scalar {
    let distribution = (1 + Scalar.errorFunction(x * 0.707106781186547524400844362104849039)) / 2
    let density = 0.398942280401432677939946059934381868 * Scalar.exponential(-x * x / 2)
    return distribution + x * density
  }

  /// Of `x / 2 (1 + tanh(factor (x + 0.044715 x^3)))`.
  private func tanhGelu<Scalar: CPUScalar>(_ x: Scalar, _ factor: Scalar) -> Scalar {
    let t = Scalar.hyperbolicTangent(factor * (x + 0.044715 * x * x * x))
    let inner: Scalar = factor * (1 + 3 * 0.044715 * x * x)
    return (1 + t) / 2 + x / 2 * (1 - t * t) * inner
  }

  /// Of `x sigmoid(factor x)`.
  private func sigmoidGate<Scalar: CPUScalar>(_ x: Scalar, _ factor: Scalar) -> Scalar {
    let s = 1 / (1 + Scalar.exponential(-factor * x))
    return s + factor * x * s * (1 - s)
  }

  /// Of `x tanh(log(1 + exp x))`.
  private func mishDerivative<Scalar: CPUScalar>(_ x: Scalar) -> Scalar {
    let t = Scalar.hyperbolicTangent(max(x, 0) + .logarithmOnePlus(.exponential(-abs(x))))
    return t + x * (1 - t * t) / (1 + .exponential(-x))
  }
}
