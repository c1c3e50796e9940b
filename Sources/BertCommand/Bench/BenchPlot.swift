// SPDX-License-Identifier: Apache-2.0

/// Drawings of what `bert bench` measured.
enum BenchPlot {
  private static let left = 80.0
  private static let top = 60.0
  private static let bottom = 340.0

  /// Tokens per second of each engine on each shape, as bars.
  static func bars(_ result: BenchResult) -> String {
    let group = 130.0
    let right = left + group * Double(result.rows.count)
    var svg = SVG(width: max(right + 20, 560), height: bottom + 40)
    svg.text(left, 22, .start, title(result), isBold: true, size: 14)
    let colours = ["#2f6fb0", "#c58b3b"]
    for (index, engine) in result.engines.enumerated() {
      svg.rectangle(left + 180 * Double(index), 34, 10, 10, colours[index % colours.count])
      svg.text(left + 180 * Double(index) + 15, 43, .start, engine.name.shortened(to: 24))
    }
    let largest = result.rows.flatMap { row in row.timings.map(row.tokensPerSecond) }.max() ?? 1
    let place = svg.scale(to: largest, left: left, right: right, top: top, bottom: bottom)
    for (index, row) in result.rows.enumerated() {
      let start = left + group * Double(index) + 12
      let bar = (group - 24) / Double(row.timings.count)
      for (number, timing) in row.timings.enumerated() {
        let speed = row.tokensPerSecond(timing)
        let x = start + bar * Double(number)
        svg.rectangle(x, place(speed), bar - 4, bottom - place(speed), colours[timing.engine % colours.count])
        svg.text(x + (bar - 4) / 2, place(speed) - 4, .middle, grouped(Int(speed.rounded())), size: 10)
      }
      svg.text(start + (group - 24) / 2, bottom + 18, .middle, row.shape.name)
    }
    return svg.document
  }

  /// Tokens per second over the length of the sequences, a line for each batch.
  static func lines(_ result: BenchResult) -> String {
    let column = 96.0
    let lengths = Set(result.rows.map(\.shape.longest)).sorted()
    let batches = Set(result.rows.map(\.shape.sequences)).sorted()
    let right = left + column * Double(lengths.count)
    var svg = SVG(width: max(right + 120, 640), height: bottom + 50)
    svg.text(left, 22, .start, title(result), isBold: true, size: 14)
    svg.text(left, 43, .start, result.engines.first.map { "\($0.name), \($0.device)" } ?? "")
    let largest = result.rows.map { $0.tokensPerSecond($0.timings[0]) }.max() ?? 1
    let place = svg.scale(to: largest, left: left, right: right, top: top, bottom: bottom)
    let x = { (length: Int) in left + column * (Double(lengths.firstIndex(of: length) ?? 0) + 0.5) }
    for length in lengths { svg.text(x(length), bottom + 18, .middle, "\(length)") }
    svg.text((left + right) / 2, bottom + 38, .middle, "tokens of each sequence")
    // From light to dark with the batch; the names at the side, because the lines end close together.
    svg.text(right + 12, top, .start, "sequences")
    for (index, batch) in batches.enumerated() {
      let rows = result.rows.filter { $0.shape.sequences == batch }.sorted { $0.shape.longest < $1.shape.longest }
      let points = rows.map { (x: x($0.shape.longest), y: place($0.tokensPerSecond($0.timings[0]))) }
      let colour = shade(batches.count > 1 ? Double(index) / Double(batches.count - 1) : 1)
      svg.line(points, colour, width: 2)
      for point in points { svg.rectangle(point.x - 2.5, point.y - 2.5, 5, 5, colour) }
      let y = top + 20 * Double(batches.count - index)
      svg.line([(right + 12, y - 4), (right + 32, y - 4)], colour, width: 2)
      svg.text(right + 38, y, .start, "\(batch)")
    }
    return svg.document
  }

  /// The model's folder without the path to it, which may be long.
  private static func title(_ result: BenchResult) -> String {
    "Tokens per second: \(modelName(of: result.model))"
  }

  /// From yellow to dark blue.
  private static func shade(_ share: Double) -> String {
    let (light, dark) = ([222.0, 184, 60], [28.0, 50, 120])
    return "rgb(" + zip(light, dark).map { "\(Int($0 + ($1 - $0) * share))" }.joined(separator: ",") + ")"
  }
}
