// SPDX-License-Identifier: Apache-2.0

extension ResultRecords {
  /// Drawings by name of file: one for each model, and one of the matrix products.
  var plots: [(name: String, svg: String)] {
    var plots = distinct(forwards.map(\.model)).map { model in
      let rows = forwards.filter { $0.model == model }
      // Each engine in the precision in which it is fastest.
      return (
        "\(fileName(model)).svg",
        ResultRecords.bars(
          "Tokens per second: \(model), each engine in its fastest precision", groups: distinct(rows.map(\.input)),
          series: distinct(rows.map(\.engine))
        ) { input, engine in
          rows.filter { $0.input == input && $0.engine == engine }.map(\.tokensPerSecond).max()
        }
      )
    }
    if !gemms.isEmpty {
      plots.append(
        (
          "matrix-products.svg",
          ResultRecords.bars(
            "Matrix products, TFLOP/s (M x N x K)", groups: distinct(gemms.map(\.shape)),
            series: distinct(gemms.map(\.column))
          ) { shape, column in gemms.last { $0.shape == shape && $0.column == column }?.tflops }
        ))
    }
    return plots
  }

  private func fileName(_ model: String) -> String {
    String(model.map { $0.isASCII && ($0.isLetter || $0.isNumber || "-._".contains($0)) ? $0 : "-" })
  }

  private static let colours = [
    "#2f6fb0", "#c58b3b", "#4c9a5b", "#a3508c", "#7a7f87", "#b5483f", "#5fb3c9", "#8a6d3b", "#3b3f8f", "#9fae3d",
  ]

  /// Bars side by side for each group.
  private static func bars(
    _ title: String, groups: [String], series: [String], value: (String, String) -> Double?
  ) -> String {
    let (left, top, bottom) = (80.0, 64.0 + 16 * Double((series.count + 2) / 3), 380.0)
    let bar = 14.0
    let group = max(bar * Double(series.count) + 16, 96)
    let right = left + group * Double(groups.count)
    var svg = SVG(width: max(right + 20, 720), height: bottom + 50)
    svg.text(left, 24, .start, title, isBold: true, size: 14)
    for (index, name) in series.enumerated() {
      let (x, y) = (left + 210 * Double(index % 3), 38 + 16 * Double(index / 3))
      svg.rectangle(x, y, 10, 10, colours[index % colours.count])
      svg.text(x + 15, y + 9, .start, name)
    }
    let largest = groups.flatMap { group in series.compactMap { value(group, $0) } }.max() ?? 1
    let place = svg.scale(to: largest, left: left, right: right, top: top, bottom: bottom)
    for (index, name) in groups.enumerated() {
      let start = left + group * Double(index) + 8
      for (number, engine) in series.enumerated() {
        guard let height = value(name, engine) else { continue }
        let x = start + bar * Double(number)
        svg.rectangle(x, place(height), bar - 2, bottom - place(height), colours[number % colours.count])
      }
      // On two lines, because the names are wider than the bars.
      svg.text(start + (group - 16) / 2, bottom + 16 + (index.isMultiple(of: 2) ? 0 : 16), .middle, name, size: 10)
    }
    return svg.document
  }
}
