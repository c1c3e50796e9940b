// SPDX-License-Identifier: Apache-2.0
import Glibc

/// `|found - wanted| / |wanted|` in the Frobenius norm; infinite if the counts differ or a number found is not finite
/// where the wanted one is. Where everything wanted is 0 it is `|found|`.
public func relativeError(_ found: [Double], _ wanted: [Double]) -> Double {
  guard found.count == wanted.count else { return .infinity }
  var difference = 0.0
  var norm = 0.0
  for (f, w) in zip(found, wanted) {
    guard f.isFinite, w.isFinite else { return .infinity }
    difference += (f - w) * (f - w)
    norm += w * w
  }
  return norm > 0 ? (difference / norm).squareRoot() : difference.squareRoot()
}

/// The largest `|found - wanted|`; infinite if the counts differ or a number is not finite.
public func largestDifference(_ found: [Double], _ wanted: [Double]) -> Double {
  guard found.count == wanted.count else { return .infinity }
  var largest = 0.0
  for (f, w) in zip(found, wanted) {
    guard f.isFinite, w.isFinite else { return .infinity }
    largest = max(largest, abs(f - w))
  }
  return largest
}

/// Cosine of the angle between two vectors; NaN if one is zero or the counts differ.
public func cosineSimilarity(_ left: [Double], _ right: [Double]) -> Double {
  guard left.count == right.count else { return .nan }
  let product = zip(left, right).reduce(0) { $0 + $1.0 * $1.1 }
  let norms = left.reduce(0) { $0 + $1 * $1 } * right.reduce(0) { $0 + $1 * $1 }
  return product / norms.squareRoot()
}

extension Double {
  var logarithm: Double { Glibc.log(self) }
  var cosine: Double { Glibc.cos(self) }
}
