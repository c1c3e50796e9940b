// SPDX-License-Identifier: Apache-2.0

/// A drawing, piece by piece. Lengths are in pixels, y counts downwards.
struct SVG {
  private let width: Double
  private let height: Double
  private var pieces: [String] = []

  enum Anchor: String {
    case start, middle, end
  }

  init(width: Double, height: Double) {
    (self.width, self.height) = (width, height)
    rectangle(0, 0, width, height, "white")
  }

  mutating func rectangle(_ x: Double, _ y: Double, _ width: Double, _ height: Double, _ colour: String) {
    pieces.append(
      #"<rect x="\#(px(x))" y="\#(px(y))" width="\#(px(width))" height="\#(px(height))" fill="\#(colour)"/>"#)
  }

  mutating func line(_ points: [(x: Double, y: Double)], _ colour: String, width: Double = 1) {
    let path = points.map { "\(px($0.x)),\(px($0.y))" }.joined(separator: " ")
    pieces.append(
      #"<polyline points="\#(path)" fill="none" stroke="\#(colour)" stroke-width="\#(px(width))"/>"#)
  }

  mutating func text(
    _ x: Double, _ y: Double, _ anchor: Anchor, _ content: String, isBold: Bool = false, size: Int = 12
  ) {
    pieces.append(
      #"<text x="\#(px(x))" y="\#(px(y))" text-anchor="\#(anchor)" font-size="\#(size)""#
        + (isBold ? #" font-weight="bold""# : "") + ">\(SVG.escaped(content))</text>")
  }

  /// A scale for 0 to `largest` with a line at each of some round numbers; the pixels of a value.
  mutating func scale(
    to largest: Double, left: Double, right: Double, top: Double, bottom: Double
  ) -> (Double) -> Double {
    let step = SVG.roundStep(largest / 4)
    let end = max((largest / step).rounded(.up), 1) * step
    let place = { (value: Double) in bottom - (bottom - top) * value / end }
    for value in stride(from: 0, through: end + step / 2, by: step) {
      line([(left, place(value)), (right, place(value))], "#d8dbe0")
      text(left - 8, place(value) + 4, .end, step < 1 ? fixed(value, 2) : grouped(Int(value)))
    }
    return place
  }

  var document: String {
    ([
      #"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 \#(px(width)) \#(px(height))" font-family="sans-serif">"#
    ] + pieces + ["</svg>"]).map { $0 + "\n" }.joined()
  }

  private func px(_ value: Double) -> String { fixed(value, 1) }

  /// 1, 2 or 5 times a power of ten, not below `least`.
  private static func roundStep(_ least: Double) -> Double {
    var power = 0.01
    while power * 10 <= least, power < 1e15 { power *= 10 }
    return [1, 2, 5, 10].map { $0 * power }.first { $0 >= least } ?? power * 10
  }

  /// Control characters, which XML cannot hold, are left out.
  private static func escaped(_ text: String) -> String {
    var result = ""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "&": result += "&amp;"
      case "<": result += "&lt;"
      case ">": result += "&gt;"
      default:
        if scalar.value >= 0x20, scalar.value & 0xFFFE != 0xFFFE { result.unicodeScalars.append(scalar) }
      }
    }
    return result
  }
}
