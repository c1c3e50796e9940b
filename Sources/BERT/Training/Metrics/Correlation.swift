// SPDX-License-Identifier: Apache-2.0

/// How well numbers follow others, in -1...1; NaN where either side is constant, as in SciPy.
public enum Correlation {
  /// Pearson's: of the numbers themselves.
  ///
  ///     sum (x - mean x) (y - mean y) / sqrt(sum (x - mean x)^2 sum (y - mean y)^2)
  public static func pearson(_ x: [Double], _ y: [Double]) -> Double {
    precondition(x.count == y.count, "a number stands against each")
    let (meanX, meanY) = (mean(x), mean(y))
    var (products, squaresX, squaresY) = (0.0, 0.0, 0.0)
    for (x, y) in zip(x, y) {
      products += (x - meanX) * (y - meanY)
      squaresX += (x - meanX) * (x - meanX)
      squaresY += (y - meanY) * (y - meanY)
    }
    let correlation = products / (squaresX.squareRoot() * squaresY.squareRoot())
    return correlation.isNaN ? .nan : min(1, max(-1, correlation))
  }

  /// Spearman's: Pearson's of the ranks, equal numbers sharing the mean of theirs.
  public static func spearman(_ x: [Double], _ y: [Double]) -> Double { pearson(ranks(x), ranks(y)) }

  private static func mean(_ values: [Double]) -> Double { values.reduce(0, +) / Double(values.count) }

  private static func ranks(_ values: [Double]) -> [Double] {
    let order = values.indices.sorted { values[$0] < values[$1] }
    var ranks = [Double](repeating: 0, count: values.count)
    var start = 0
    while start < order.count {
      var end = start + 1
      while end < order.count, values[order[end]] == values[order[start]] { end += 1 }
      // Ranks start + 1 ... end.
      for index in order[start..<end] { ranks[index] = Double(start + end + 1) / 2 }
      start = end
    }
    return ranks
  }
}
