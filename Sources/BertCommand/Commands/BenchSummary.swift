// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import StrictJSON

/// `bert bench-summary`: tables and drawings of measurements that lie in a file.
struct BenchSummary: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "bench-summary",
    abstract: "Make tables and drawings of measurements.",
    discussion: """
      Reads lines of JSON: what `bert bench --inputs` (several), `bert bench-gemm`, `bert verify` and `bert devices` write \
      with --json, and lines of the same form with an "engine" of their own from other programs. Writes tables in \
      Markdown to standard output. --plots also makes a drawing (SVG) for each model and one of the matrix products.

        bert bench-summary results.jsonl --plots folder > summary.md
      """)

  @Argument(help: "File of JSON lines; lines that are none are counted and passed over.")
  var results: String

  @Option(help: ArgumentHelp("Folder for the drawings; must be there.", valueName: "folder"))
  var plots: String?

  func run() throws {
    let records = try ResultRecords(results)
    if let plots {
      for plot in records.plots { try writeText(plot.svg, to: plots + "/" + plot.name) }
    }
    try StandardOutput.write(records.markdown)
  }
}
