// SPDX-License-Identifier: Apache-2.0
import StrictJSON

extension ResultRecords {
  /// Everything as tables.
  var markdown: String {
    var sections = deviceLines + parityLines
    for model in distinct(forwards.map(\.model)) { sections += forwardLines(model) }
    sections += gemmLines
    if !phases.isEmpty {
      sections += ["", "## Phases", ""]
      sections += table(
        ["phase", "came to", "seconds"], phases.map { [$0.name, $0.status, fixed($0.seconds, 1)] })
    }
    if !problems.isEmpty { sections += ["", "## Failed measurements", ""] + problems.map { "- \($0)" } }
    if brokenLines > 0 { sections += ["", "\(counted(brokenLines, "line")) of the results could not be read."] }
    return sections.map { $0 + "\n" }.joined()
  }

  private var deviceLines: [String] {
    var lines = ["# swift-bert, measured"]
    for record in devices {
      let auto = record["auto"]?.stringValue ?? ""
      for platform in record["platforms"]?.arrayValue ?? [] {
        for device in platform["devices"]?.arrayValue ?? [] {
          let selector = device["selector"]?.stringValue ?? ""
          let text = ["name", "driver", "version"].compactMap { device[$0]?.stringValue }.joined(separator: ", ")
          lines += ["", "`\(selector)`\(selector == auto ? " (used)" : ""): \(text)"]
        }
      }
    }
    return lines
  }

  private var parityLines: [String] {
    guard !verifications.isEmpty else { return [] }
    var rows: [[String]] = []
    for record in verifications {
      for pass in record["passes"]?.arrayValue ?? [] {
        let head = [pass["precision"]?.stringValue ?? "", pass["matrix_product"]?.stringValue ?? "-"]
        if let problem = pass["problem"]?.stringValue { rows.append(head + ["-", "-", problem]) }
        for group in pass["groups"]?.arrayValue ?? [] {
          let failed = group["failed"]?.arrayValue ?? []
          let errors = [group["largest_error"], group["bound"]].map { $0?.doubleValue.map(scientific) ?? "-" }
          let (run, count) = (group["run"]?.intValue ?? 0, group["cases"]?.intValue ?? 0)
          // What time was too short for is not known to hold.
          let outcome = run == count ? "holds" : run == 0 ? "not reached" : "holds as far as it was run"
          let names = failed.prefix(3).compactMap { $0["case"]?.stringValue }
          rows.append(
            head + [
              group["group"]?.stringValue ?? "", "\(run) of \(count)",
              errors[0], errors[1],
              failed.isEmpty ? outcome : "\(failed.count) FAILED: " + names.joined(separator: ", "),
            ])
        }
      }
    }
    return ["", "## Parity with the oracle", ""]
      + table(["precision", "product", "group", "cases run", "largest error", "bound", ""], rows)
  }

  /// Median milliseconds by input and engine; a table for each precision.
  private func forwardLines(_ model: String) -> [String] {
    var lines = ["", "## \(model)"]
    let all = forwards.filter { $0.model == model }
    for precision in distinct(all.map { ResultRecords.family($0.precision) }) {
      let rows = all.filter { ResultRecords.family($0.precision) == precision }
      func column(_ row: Forward) -> String { row.engine + (row.precision == precision ? "" : " \(row.precision)") }
      let engines = distinct(rows.map(column))
      let columns = engines.filter { $0 == ResultRecords.ours } + engines.filter { $0 != ResultRecords.ours }
      let areCompared = columns.count > 1 && columns[0] == ResultRecords.ours
      lines += ["", "\(precision): median milliseconds of a forward pass (sequences a second)", ""]
      lines += table(
        ["batch x tokens"] + columns + (areCompared ? ["fastest other / ours"] : []),
        distinct(rows.map(\.input)).map { input in
          let found = columns.map { name in rows.last { $0.input == input && column($0) == name } }
          let cells = found.map { row in
            row.map {
              "\(fixed(1e3 * $0.times.median, 2)) (\(fixed(Double($0.sequences) / $0.times.median, 0)))"
            } ?? "-"
          }
          guard areCompared else { return [input] + cells }
          let others = found.dropFirst().compactMap { $0?.times.median }.min()
          let ratio = others.flatMap { other in found[0].map { fixed(other / $0.times.median, 2) } }
          return [input] + cells + [ratio ?? "-"]
        })
    }
    return lines
  }

  /// tf32 is a way to compute in float32: they belong into one table.
  static func family(_ precision: String) -> String { precision == "tf32" ? "float32" : precision }

  private var gemmLines: [String] {
    guard !gemms.isEmpty else { return [] }
    let columns = distinct(gemms.map(\.column))
    return ["", "## Matrix products, TFLOP/s (M x N x K)", ""]
      + table(
        ["shape"] + columns,
        distinct(gemms.map(\.shape)).map { shape in
          [shape]
            + columns.map { column in
              gemms.last { $0.shape == shape && $0.column == column }.map { fixed($0.tflops, 2) } ?? "-"
            }
        })
  }

  private func table(_ head: [String], _ rows: [[String]]) -> [String] {
    let cells = rows.map { row in head.indices.map { $0 < row.count ? row[$0].replacing("|", with: "/") : "" } }
    let lines = [head, head.map { _ in "---" }] + cells
    return lines.map { "| " + $0.joined(separator: " | ") + " |" }
  }
}
