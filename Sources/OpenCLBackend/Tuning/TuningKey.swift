// SPDX-License-Identifier: Apache-2.0
import ComputeGraph

/// A kind of step whose configuration is chosen by measurement, at one class of sizes.
public struct TuningKey: Hashable, Sendable {
  /// What is tuned. The raw value is its name on disk.
  public enum Operation: String, Sendable, CaseIterable {
    /// A dense layer. Shape: columns, depth. Size: rows.
    case linear
    /// Attention over packed sequences. Shape: heads, head size. Size: tokens of the longest sequence.
    case attention
  }

  public let operation: Operation
  /// What no batch changes.
  public let shape: [Int]
  /// The class of sizes: a power of two, for the sizes above the class before and up to it.
  public let size: Int

  /// The key of one size's class.
  public init(_ operation: Operation, _ shape: [Int], size: Int) {
    self.operation = operation
    self.shape = shape
    self.size = TuningKey.sizeClass(of: size)
  }

  /// The largest class, which also serves everything above it: there the best configuration no longer changes.
  public static let largestSize = 2048

  /// All classes, smallest first.
  static let sizes = Array((0...).lazy.map { 1 << $0 }.prefix { $0 <= largestSize })

  /// The smallest power of two that is not below `size`, at most `largestSize`.
  public static func sizeClass(of size: Int) -> Int {
    guard size > 1 else { return 1 }
    guard size < largestSize else { return largestSize }
    return 1 << (Int.bitWidth - (size - 1).leadingZeroBitCount)
  }
}

extension TuningKey: Comparable {
  public static func < (left: TuningKey, right: TuningKey) -> Bool {
    if left.operation != right.operation { return left.operation.rawValue > right.operation.rawValue }
    if left.shape != right.shape { return left.shape.lexicographicallyPrecedes(right.shape) }
    return left.size < right.size
  }
}

/// One way to run a tuned operation. Two ways give the same bits, unless their documentation says otherwise.
protocol TunedConfiguration: Hashable, Sendable, LosslessStringConvertible {
  static var operation: TuningKey.Operation { get }
}
