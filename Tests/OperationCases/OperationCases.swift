// SPDX-License-Identifier: Apache-2.0
import ComputeGraph

/// One operation at one size. The same rows serve every test of operations: device against oracle, both forms of a kernel,
/// every matrix product, Oclgrind.
public struct OperationCase: Sendable, CustomStringConvertible {
  /// How an operand comes to be. Real numbers are drawn from a seeded normal distribution.
  public enum Operand: Sendable {
    case parameter([Int])
    case real([Dimension])
    /// Ids in `0 ..< below`.
    case ids([Dimension], below: Int)
    /// Offsets of sequences with these lengths.
    case offsets([Int], segmenting: Symbol? = nil)
    /// These numbers.
    case integers([Int], [Dimension])
    /// Ids in `0 ..< below`, none twice.
    case distinctIds([Dimension], below: Int)
    /// Classes in `0 ..< below`, or `ignoredLabel` with this probability.
    case labels([Dimension], below: Int, ignored: Double)
    /// A row of each of the sequences with these lengths, or `ignoredLabel` with this probability.
    case segmentLabels([Int], ignored: Double)
    /// 1 with this probability; the first row is all zeros, to show what a row that sees nothing gets.
    case mask([Dimension], visible: Double)
    /// These real numbers.
    case numbers([Float], [Dimension])
    /// Memory that outlives the run, with random numbers in it before: positive ones, or of either sign.
    case state([Dimension], isPositive: Bool = false)
    /// The operand before it once more, as attention takes one matrix for query, key and value.
    case same(as: Int)
  }

  public let operation: Operation
  public let operands: [Operand]
  public let dimensions: Dimensions
  public let what: String
  /// Largest relative Frobenius error of a 32-bit device against the oracle.
  public let tolerance: Double
  /// The same of a gradient.
  public let gradientTolerance: Double

  public var description: String { "\(operation.name) \(what)" }

  init(
    _ operation: Operation, _ what: String, _ operands: [Operand], _ dimensions: Dimensions = [:],
    tolerance: Double = 1e-6, gradientTolerance: Double? = nil
  ) {
    self.operation = operation
    self.operands = operands
    self.dimensions = dimensions
    self.what = what
    self.tolerance = tolerance
    // A backward pass has the rounding of the forward pass in its operands, and adds its own.
    self.gradientTolerance = gradientTolerance ?? 2 * tolerance
  }

  /// Every operation at a real BERT size and at odd ones: prime, larger than a work-group, shorter than a vector.
  public static let all: [OperationCase] =
    rowCases + linearCases + attentionCases + probabilityCases + softmaxCases + poolingCases + movingCases + lossCases
    + trainingCases + optimizerCases

  /// The rows small enough for a simulator.
  public static let small = all.filter { !$0.what.hasPrefix("BERT") }
}
