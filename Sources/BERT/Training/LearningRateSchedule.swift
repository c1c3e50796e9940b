// SPDX-License-Identifier: Apache-2.0
import Glibc

/// What the learning rate is multiplied by at each optimizer step.
///
/// With s the step from 0, w warm-up steps, n steps in all and p = (s - w) / (n - w):
///
///     constant                1
///     constantWithWarmup      s / w, then 1
///     linear                  s / w, then (n - s) / (n - w)
///     cosine                  s / w, then 0.5 (1 + cos(pi * 2 cycles * p))
///     cosineWithRestarts      s / w, then 0.5 (1 + cos(pi * ((cycles * p) mod 1))), 0 from p = 1 on
///     polynomial              s / w, then ((lr - end) (1 - p)^power + end) / lr, end / lr beyond n
///
/// none of them below 0. The arithmetic is that of transformers 4.49, `optimization.py`, operation by operation.
public enum LearningRateSchedule: Sendable, Equatable {
  case constant
  case constantWithWarmup(warmupSteps: Int)
  case linear(warmupSteps: Int, totalSteps: Int)
  /// - Parameter cycles: waves of the cosine; 0.5 falls once from 1 to 0.
  case cosine(warmupSteps: Int, totalSteps: Int, cycles: Double = 0.5)
  /// - Parameter cycles: how often it falls from 1 to 0.
  case cosineWithRestarts(warmupSteps: Int, totalSteps: Int, cycles: Double = 1)
  /// - Parameters:
  ///   - learningRate: lr, which the multiplier is for.
  ///   - endLearningRate: what it falls to.
  case polynomial(
    warmupSteps: Int, totalSteps: Int, learningRate: Double, endLearningRate: Double = 1e-7, power: Double = 1)

  /// The names of `--lr-scheduler-type`, which are Hugging Face's.
  public enum Kind: String, Sendable, CaseIterable {
    case linear
    case cosine
    case cosineWithRestarts = "cosine_with_restarts"
    case polynomial
    case constant
    case constantWithWarmup = "constant_with_warmup"
  }

  /// The schedule that the arguments ask for.
  ///
  /// - Parameter totalSteps: n, optimizer steps of the whole run (`TrainingArguments.totalSteps(batchesPerEpoch:)`).
  public init(_ arguments: TrainingArguments, totalSteps: Int) {
    let warmupSteps = arguments.warmupSteps(of: totalSteps)
    switch arguments.lrSchedulerType {
    case .constant: self = .constant
    case .constantWithWarmup: self = .constantWithWarmup(warmupSteps: warmupSteps)
    case .linear: self = .linear(warmupSteps: warmupSteps, totalSteps: totalSteps)
    case .cosine:
      self = .cosine(warmupSteps: warmupSteps, totalSteps: totalSteps, cycles: arguments.numCycles ?? 0.5)
    case .cosineWithRestarts:
      self = .cosineWithRestarts(warmupSteps: warmupSteps, totalSteps: totalSteps, cycles: arguments.numCycles ?? 1)
    case .polynomial:
      self = .polynomial(
        warmupSteps: warmupSteps, totalSteps: totalSteps, learningRate: arguments.learningRate,
        endLearningRate: arguments.lrEnd, power: arguments.power)
    }
  }

  /// The multiplier at a step.
  ///
  /// - Parameter step: s, optimizer steps done before this one: 0 for the first.
  public func multiplier(step: Int) -> Double {
    let warmupSteps = warmupSteps
    if step < warmupSteps { return Double(step) / Double(max(1, warmupSteps)) }
    switch self {
    case .constant, .constantWithWarmup: return 1
    case .linear(_, let totalSteps):
      return max(0, Double(totalSteps - step) / Double(max(1, totalSteps - warmupSteps)))
    case .cosine(_, let totalSteps, let cycles):
      let progress = progress(step, warmupSteps, totalSteps)
      return max(0, 0.5 * (1 + cos(Double.pi * cycles * 2 * progress)))
    case .cosineWithRestarts(_, let totalSteps, let cycles):
      let progress = progress(step, warmupSteps, totalSteps)
      if progress >= 1 { return 0 }
      return max(0, 0.5 * (1 + cos(Double.pi * fmod(cycles * progress, 1))))
    case .polynomial(_, let totalSteps, let learningRate, let endLearningRate, let power):
      // Hugging Face divides by zero at the last step of a run that is all warm-up.
      if step > totalSteps || totalSteps == warmupSteps { return endLearningRate / learningRate }
      let remaining = 1 - Double(step - warmupSteps) / Double(totalSteps - warmupSteps)
      return ((learningRate - endLearningRate) * pow(remaining, power) + endLearningRate) / learningRate
    }
  }

  private var warmupSteps: Int {
    switch self {
    case .constant: 0
    case .constantWithWarmup(let steps), .linear(let steps, _), .cosine(let steps, _, _),
      .cosineWithRestarts(let steps, _, _), .polynomial(let steps, _, _, _, _):
      steps
    }
  }

  private func progress(_ step: Int, _ warmupSteps: Int, _ totalSteps: Int) -> Double {
    Double(step - warmupSteps) / Double(max(1, totalSteps - warmupSteps))
  }
}
