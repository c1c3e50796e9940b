// SPDX-License-Identifier: Apache-2.0
import BERT
import Checkpoints
import StrictJSON

/// `training.svg`: loss and learning rate over the steps, drawn from the lines that the training has written.
enum TrainingPlot {
  private static let (left, right, bottom) = (80.0, 760.0, 300.0)
  /// Points of a curve: a pixel each.
  private static let most = 680

  static func write(_ directory: String) throws {
    let records = lines(of: directory + "/metrics.jsonl")
    let steps = records.compactMap { $0["step"] }
    guard let last = steps.last, last > 0 else { return }
    let losses = points(records, "loss")
    let evaluations = points(lines(of: directory + "/evaluations.jsonl"), "eval_loss")
    var svg = SVG(width: right + 40, height: 2 * bottom + 60)
    svg.text(
      left, 22, .start, "Training: \(modelName(of: directory))", isBold: true, size: 14)
    panel(
      &svg, top: 60, "loss", [("training", losses, "#2f6fb0"), ("evaluation", evaluations, "#c58b3b")], last, unit: 1)
    let rates = points(records, "lr")
    // So that the scale has round numbers: 2e-05 is 2 in units of 1e-05.
    var (unit, exponent) = (1.0, 0)
    let largest = rates.map(\.y).max() ?? 1
    while unit > largest, exponent > -12 { (unit, exponent) = (unit / 10, exponent - 1) }
    panel(
      &svg, top: bottom + 80, exponent == 0 ? "learning rate" : "learning rate, in units of 1e\(exponent)",
      [("", rates, "#2f6fb0")], last, unit: unit)
    try AtomicFile.write(Array(svg.document.utf8), to: directory + "/training.svg")
  }

  private static func panel(
    _ svg: inout SVG, top: Double, _ title: String,
    _ curves: [(name: String, points: [(x: Double, y: Double)], colour: String)],
    _ last: Double, unit: Double
  ) {
    let bottom = top + 220
    svg.text(left, top - 12, .start, title)
    var x = left + 300
    for curve in curves where !curve.name.isEmpty && !curve.points.isEmpty {
      svg.line([(x, top - 16), (x + 20, top - 16)], curve.colour, width: 2)
      svg.text(x + 26, top - 12, .start, curve.name)
      x += 120
    }
    let largest = curves.flatMap(\.points).map { $0.y / unit }.max() ?? 1
    let place = svg.scale(to: max(largest, 1e-9), left: left, right: right, top: top, bottom: bottom)
    for curve in curves where !curve.points.isEmpty {
      let points = curve.points.map { (x: left + (right - left) * $0.x / last, y: place($0.y / unit)) }
      svg.line(points, curve.colour, width: 1.5)
      if points.count < 40 { for point in points { svg.rectangle(point.x - 2, point.y - 2, 4, 4, curve.colour) } }
    }
    svg.text(left, bottom + 18, .middle, "0")
    svg.text(right, bottom + 18, .middle, grouped(Int(last)))
    svg.text((left + right) / 2, bottom + 18, .middle, "step")
  }

  /// A number over the steps, means of neighbours where there are more than can be seen.
  private static func points(_ records: [[String: Double]], _ name: String) -> [(x: Double, y: Double)] {
    let all = records.compactMap { record -> (x: Double, y: Double)? in
      guard let step = record["step"], let value = record[name], value.isFinite else { return nil }
      return (step, value)
    }
    let group = (all.count + most - 1) / most
    guard group > 1 else { return all }
    return stride(from: 0, to: all.count, by: group).map { start in
      let part = all[start..<min(start + group, all.count)]
      return (part.last?.x ?? 0, part.reduce(0) { $0 + $1.y } / Double(part.count))
    }
  }

  /// The numbers of each line; none where there is no file.
  private static func lines(of path: String) -> [[String: Double]] {
    guard let bytes = try? BoundedFile.read(path: path, limit: 1 << 30) else { return [] }
    return bytes.split(separator: UInt8(ascii: "\n")).compactMap { line in
      guard let fields = try? JSON.parse(Array(line)).objectValue else { return nil }
      return fields.reduce(into: [:]) { numbers, field in
        if let number = field.value.numberValue { numbers[field.key] = number.double }
      }
    }
  }
}
