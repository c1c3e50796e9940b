// SPDX-License-Identifier: Apache-2.0

/// Whether a trial computed what it should.
package enum Agreement {
  /// What is wrong with `found`; nil if its first elements are those expected, within `tolerance` of 1 or of themselves.
  package static func difference(_ found: [Float], _ expected: [Double], within tolerance: Double) -> String? {
    guard found.count >= expected.count, !expected.isEmpty else {
      return "\(found.count) numbers where \(expected.count) are expected"
    }
    for (index, (found, expected)) in zip(found, expected).enumerated() {
      // Written so that a NaN is a difference.
      guard abs(Double(found) - expected) <= tolerance * max(1, abs(expected)) else {
        return "element \(index) is \(found), should be \(expected)"
      }
    }
    return nil
  }

  /// Where two results differ in a bit; nil where they do not.
  package static func bitDifference(_ found: [Float], _ reference: [Float]) -> String? {
    guard found.count == reference.count else { return "\(found.count) numbers instead of \(reference.count)" }
    guard let index = found.indices.first(where: { found[$0].bitPattern != reference[$0].bitPattern }) else {
      return nil
    }
    return "element \(index) is \(found[index]), in the standard configuration \(reference[index])"
  }
}
