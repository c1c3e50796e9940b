// SPDX-License-Identifier: Apache-2.0

extension BenchResult {
  /// For people.
  var text: String { (heading + rows.flatMap(lines)).map { $0 + "\n" }.joined() }

  /// The median speeds of a sweep as a table: a line per batch, a column per length.
  var sweepText: String {
    let lengths = Set(rows.map(\.shape.longest)).sorted()
    let batches = Set(rows.map(\.shape.sequences)).sorted()
    var lines = heading + ["tokens/s; down: sequences, across: tokens of each"]
    lines.append("".padded(to: 6) + lengths.map { "\($0)".aligned(to: 9) }.joined())
    for batch in batches {
      let speeds = lengths.map { length in
        let row = rows.first { $0.shape.sequences == batch && $0.shape.longest == length }
        return (row.map { fixed($0.tokensPerSecond($0.timings[0]), 0) } ?? "").aligned(to: 9)
      }
      lines.append("\(batch)".padded(to: 6) + speeds.joined())
    }
    return lines.map { $0 + "\n" }.joined()
  }

  private var heading: [String] {
    [model]
      + engines.map { engine in
        "\(engine.name): \(engine.device), \(engine.precision.rawValue), weights \(byteText(UInt64(engine.weightByteCount)))"
          + (engine.peak.map { ", fused multiply-adds alone reach \(fixed($0 / 1e9, 0)) GFLOP/s" } ?? "")
          + (engine.tunedChoices > 0 ? ", \(counted(engine.tunedChoices, "tuned choice"))" : "")
      } + (busy.map { [$0] } ?? [])
  }

  /// Said where the peak was not the same all the time: a forward pass then had less of the machine than the peak.
  private var busy: String? {
    guard let peaks = engines.first(where: { !$0.peaks.isEmpty })?.peaks, let least = peaks.min(),
      let most = peaks.max(), least < 0.9 * most
    else { return nil }
    return
      "others use this machine: the peak was between \(fixed(least / 1e9, 0)) and \(fixed(most / 1e9, 0)) GFLOP/s, "
      + "and shares of it are of the largest"
  }

  private func lines(_ row: Row) -> [String] {
    let shape = row.shape
    let columns = ["tokens/s", "seq/s", "p50 ms", "p90 ms", "p99 ms", "spread", "GFLOP/s", "of peak", "arena", "turns"]
    var lines = [
      "",
      "\(shape.name): \(counted(shape.sequences, "sequence")), \(counted(shape.tokens, "token")), "
        + "\(fixed(row.floatingPointOperations / 1e9, 2)) GFLOP",
      "  " + "engine".padded(to: 12) + columns.map { $0.aligned(to: 11) }.joined(),
    ]
    lines += row.timings.map { "  " + line($0, row) }
    if row.timings.count == 2 {
      let (first, second) = (row.timings[0], row.timings[1])
      lines.append(
        "  \(engines[second.engine].name) takes \(fixed(second.times.median / first.times.median, 2)) times as long as "
          + engines[first.engine].name)
    }
    return lines + row.timings.filter { !$0.operations.isEmpty }.flatMap(profile)
  }

  private func line(_ timing: Timing, _ row: Row) -> String {
    let times = timing.times
    let rate = row.rate(timing)
    let fields = [
      fixed(row.tokensPerSecond(timing), 0), fixed(row.sequencesPerSecond(timing), 1),
      fixed(1e3 * times.median, 2), percentile(90, of: times), percentile(99, of: times), percent(times.spread),
      fixed(rate / 1e9, 1), shareOfPeak(rate, timing).map(percent) ?? "-",
      timing.arenaByteCount.map { byteText(UInt64($0)) } ?? "-", "\(times.seconds.count)",
    ]
    return engines[timing.engine].name.padded(to: 12) + fields.map { $0.aligned(to: 11) }.joined()
  }

  /// Of fewer turns than it takes for one to lie beyond, it would be the worst of them by another name.
  private func percentile(_ percent: Int, of times: BenchTimes) -> String {
    times.seconds.count * (100 - percent) >= 100 ? fixed(1e3 * times.percentile(percent), 2) : "-"
  }

  private func profile(_ timing: Timing) -> [String] {
    let total = timing.operations.reduce(0) { $0 + $1.seconds }
    return [
      "  time on \(engines[timing.engine].name), \(fixed(1e3 * total, 2)) ms a run (the rest lies between the commands "
        + "and on the host), by operation:"
    ]
      + timing.operations.map { time in
        let name = time.operation + (time.weight.map { " " + $0.map(String.init).joined(separator: " x ") } ?? "")
        let launches = time.launches == 1 ? "1 launch" : "\(time.launches) launches"
        return "    " + name.padded(to: 26) + "\(fixed(1e3 * time.seconds, 3)) ms".aligned(to: 13)
          + percent(time.seconds / max(total, 1e-12)).aligned(to: 7) + launches.aligned(to: 14)
          + (time.rate.map { "\(fixed($0 / 1e9, 1)) GFLOP/s".aligned(to: 17) } ?? "")
          + (time.rate.flatMap { shareOfPeak($0, timing) }.map { ", \(percent($0)) of peak" } ?? "")
      }
  }

  private func percent(_ share: Double) -> String { fixed(100 * share, 0) + " %" }
}
