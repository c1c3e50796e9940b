// SPDX-License-Identifier: Apache-2.0

/// Tokens per second of each engine on each shape, as bars.
enum BenchPlot {
  private static let colours = ["#2f6fb0", "#c58b3b", "#3a8f5c"]

  static func svg(_ result: BenchResult) -> String {
    let (left, top, height, group) = (80.0, 56.0, 260.0, 120.0)
    let width = left + group * Double(max(result.rows.count, 1)) + 20
    let engines = result.rows.first?.timings.map(\.engine) ?? []
    let largest = result.rows.flatMap { row in row.timings.map { Double(row.shape.tokens) / $0.median } }.max() ?? 1
    var parts = [
      #"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 \#(Int(width)) 372" font-family="sans-serif" font-size="12">"#,
      ##"<rect width="100%" height="100%" fill="white"/>"##,
      text(left, 20, "start", "Tokens per second: \(result.model)", weight: "bold"),
    ]
    for (index, engine) in engines.enumerated() {
      let x = left + 170 * Double(index)
      parts.append(rectangle(x, 30, 10, 10, colours[index % colours.count]))
      parts.append(text(x + 15, 39, "start", engine))
    }
    for share in [0.0, 0.5, 1] {
      let y = top + height * (1 - share)
      parts.append(##"<path d="M\##(left) \##(y)H\##(width - 10)" stroke="#d8dbe0"/>"##)
      parts.append(text(left - 8, y + 4, "end", grouped(Int(largest * share))))
    }
    for (index, row) in result.rows.enumerated() {
      let start = left + group * Double(index) + 12
      let bar = (group - 24) / Double(max(row.timings.count, 1))
      for (place, timing) in row.timings.enumerated() {
        let speed = Double(row.shape.tokens) / timing.median
        let size = height * speed / largest
        let x = start + bar * Double(place)
        parts.append(rectangle(x, top + height - size, bar - 4, size, colours[place % colours.count]))
        parts.append(text(x + (bar - 4) / 2, top + height - size - 4, "middle", grouped(Int(speed)), size: 9))
      }
      parts.append(text(start + (group - 24) / 2, top + height + 18, "middle", row.shape.name))
    }
    return parts.joined(separator: "\n") + "\n</svg>\n"
  }

  private static func rectangle(_ x: Double, _ y: Double, _ width: Double, _ height: Double, _ colour: String) -> String
  {
    #"<rect x="\#(fixed(x, 1))" y="\#(fixed(y, 1))" width="\#(fixed(width, 1))" height="\#(fixed(height, 1))" fill="\#(colour)"/>"#
  }

  private static func text(
    _ x: Double, _ y: Double, _ anchor: String, _ content: String, weight: String = "normal", size: Int = 12
  ) -> String {
    let escaped = content.replacing("&", with: "&amp;").replacing("<", with: "&lt;").replacing(">", with: "&gt;")
    return
      #"<text x="\#(fixed(x, 1))" y="\#(fixed(y, 1))" text-anchor="\#(anchor)" font-weight="\#(weight)" font-size="\#(size)">\#(escaped)</text>"#
  }
}
