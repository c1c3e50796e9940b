// SPDX-License-Identifier: Apache-2.0
import ComputeGraph

/// Matrices for a probe, and their products.
package struct KnownProducts {
  /// Fragments' depths that are summed.
  package let steps: Int
  package let x: [Float]
  package let weight: [Float]
  package let value: [Float]
  /// The kernel's result.
  package var expected: [Double]
  /// The largest relative error of the whole result; 0 where every product and sum is exact.
  package let tolerance: Double

  /// Small whole numbers, whose products and sums are exact in every type. For the three products of tf32 a chain as long
  /// as BERT-base's, of numbers of 24 bits: its error must be one that float32 may have.
  package init(_ product: MatrixEngineProbe.Product) {
    self = product.isOfWarpgroups ? .ofWarpgroup(product.precision) : .ofFragments(product)
  }

  private init(steps: Int, x: [Float], weight: [Float], value: [Float], expected: [Double], tolerance: Double) {
    (self.steps, self.x, self.weight, self.value) = (steps, x, weight, value)
    (self.expected, self.tolerance) = (expected, tolerance)
  }

  private static func ofFragments(_ product: MatrixEngineProbe.Product) -> KnownProducts {
    let isFine = product == .tf32x3
    let depth = product.precision == .float32 ? 8 : 16
    let steps = isFine ? 96 : 2
    // Different in every element and in no simple order, so that an exchanged row, column or word shows.
    func matrix(_ count: Int, salt: UInt64) -> [Float] {
      (0..<count).map { index in
        isFine ? TrialNumbers.value(index, salt: salt) : (TrialNumbers.value(index, salt: salt) * 7).rounded()
      }
    }
    let x = matrix(steps * 16 * depth, salt: 1)
    let weight = matrix(steps * 16 * depth, salt: 2)
    let value = product.precision == .float32 ? weight : matrix(steps * 16 * 16, salt: 3)
    let expected = (0..<(product.precision == .float32 ? 256 : 512)).map { index in
      let (row, column) = (index / 16 % 16, index % 16)
      return (0..<steps * depth).reduce(0.0) { sum, place in
        let (step, k) = (place / depth, place % depth)
        let right =
          index < 256 ? weight[(step * 16 + column) * depth + k] : value[(step * 16 + k) * 16 + column]
        return sum + Double(x[(step * 16 + row) * depth + k]) * Double(right)
      }
    }
    // PyTorch's fp32 product of this length is off by 3e-7; a whole model may be by 5e-6.
    return KnownProducts(
      steps: steps, x: x, weight: weight, value: value, expected: expected, tolerance: isFine ? 1e-6 : 0)
  }

  /// Rows and columns of the product that warpgroups are probed with.
  static let warpgroupSide = 144

  /// x and weight `[144, 512]` row by row; the result is stored in the precision, once for each of the probe's two tiles.
  /// There is no second matrix.
  private static func ofWarpgroup(_ precision: Precision) -> KnownProducts {
    let (side, depth) = (KnownProducts.warpgroupSide, 512)
    func matrix(salt: UInt64) -> [Float] {
      (0..<side * depth).map { (TrialNumbers.value($0, salt: salt) * 7).rounded() }
    }
    let (x, weight) = (matrix(salt: 1), matrix(salt: 2))
    var expected: [Double] = []
    x.withUnsafeBufferPointer { x in
      weight.withUnsafeBufferPointer { weight in
        for row in 0..<side {
          for column in 0..<side {
            var sum: Float = 0  // whole numbers below 2^24: exact
            for k in 0..<depth { sum += x[row * depth + k] * weight[column * depth + k] }
            expected.append(Double(precision.rounded(sum)))
          }
        }
      }
    }
    return KnownProducts(
      steps: depth / 16, x: x, weight: weight, value: [], expected: expected + expected, tolerance: 0)
  }

  /// What is wrong with an engine's result; nil if nothing is. AMD's gives the first of the two matrices alone.
  func difference(_ found: [Float], _ engine: MatrixEngine) -> String? {
    let expected = engine == .amd ? Array(expected.prefix(256)) : expected
    guard tolerance > 0 else { return Agreement.difference(found, expected, within: 0) }
    var (error, size) = (0.0, 0.0)
    for (found, expected) in zip(found, expected) {
      error += (Double(found) - expected) * (Double(found) - expected)
      size += expected * expected
    }
    let relative = (error / size).squareRoot()
    // Written so that a NaN is a difference.
    guard found.count >= expected.count, relative <= tolerance else {
      return "relative error \(relative), \(tolerance) is allowed"
    }
    return nil
  }
}
