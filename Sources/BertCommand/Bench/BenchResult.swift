// SPDX-License-Identifier: Apache-2.0
import OpenCLBackend
import StrictJSON

/// What timing one model on some engines and shapes gave.
struct BenchResult {
  /// One engine's turns on one shape.
  struct Timing {
    let engine: String
    /// Wall time of each turn, from host tensors to host tensors.
    let seconds: [Double]
    /// Bytes of everything that a run computes; nil on the CPU executor, which makes its memory anew each time.
    let arenaByteCount: Int?
    /// Time by operation, most first; empty unless profiled.
    let operations: [OperationTime]

    private var sorted: [Double] { seconds.sorted() }
    var median: Double { percentile(0.5) }

    /// The least time that so large a share of the turns stayed within.
    func percentile(_ share: Double) -> Double {
      let sorted = sorted
      guard !sorted.isEmpty else { return .nan }
      return sorted[min(Int((share * Double(sorted.count)).rounded(.up)), sorted.count) - (share > 0 ? 1 : 0)]
    }
  }

  /// What one operation took of a run, as the device's events say.
  struct OperationTime {
    let operation: String
    let launches: Int
    let seconds: Double
  }

  struct Row {
    let shape: BenchShape
    /// Operations of the matrix products and of attention.
    let floatingPointOperations: Double
    let timings: [Timing]
  }

  let model: String
  let device: String
  /// Operations per second of fused multiply-adds alone, by engine; an engine without an OpenCL device has none.
  let peaks: [String: Double]
  let weightByteCount: Int
  var rows: [Row] = []
}

extension BenchResult {
  /// Without the profile, where only the trace was wanted.
  var withoutOperations: BenchResult {
    var result = self
    result.rows = rows.map { row in
      Row(
        shape: row.shape, floatingPointOperations: row.floatingPointOperations,
        timings: row.timings.map {
          Timing(engine: $0.engine, seconds: $0.seconds, arenaByteCount: $0.arenaByteCount, operations: [])
        })
    }
    return result
  }

  var json: JSON {
    var object: JSONObject = [
      "model": .string(model), "device": .string(device), "precision": .string("float32"),
      "weight_bytes": .integer(weightByteCount),
    ]
    object["peak_gflops"] = .object(
      JSONObject(peaks.sorted { $0.key < $1.key }.map { ($0.key, number($0.value / 1e9)) }))
    object["shapes"] = .array(rows.map(json))
    return .object(object)
  }

  private func json(_ row: Row) -> JSON {
    .object([
      "shape": .string(row.shape.name), "sequences": .integer(row.shape.sequences),
      "tokens": .integer(row.shape.tokens), "longest": .integer(row.shape.longest),
      "gflop": number(row.floatingPointOperations / 1e9),
      "engines": .array(row.timings.map { json($0, row) }),
    ])
  }

  private func json(_ timing: Timing, _ row: Row) -> JSON {
    let median = timing.median
    let rate = row.floatingPointOperations / median
    var object: JSONObject = [
      "engine": .string(timing.engine), "tokens_per_second": number(Double(row.shape.tokens) / median),
      "sequences_per_second": number(Double(row.shape.sequences) / median),
      "seconds": .object([
        "p50": number(median), "p90": number(timing.percentile(0.9)), "p99": number(timing.percentile(0.99)),
        "best": number(timing.percentile(0)), "worst": number(timing.percentile(1)),
      ]),
      "turns": .integer(timing.seconds.count), "gflops": number(rate / 1e9),
    ]
    if let peak = peaks[timing.engine] { object["share_of_peak"] = number(rate / peak) }
    if let arena = timing.arenaByteCount { object["arena_bytes"] = .integer(arena) }
    if !timing.operations.isEmpty {
      object["operations"] = .array(
        timing.operations.map { time in
          .object([
            "operation": .string(time.operation), "launches": .integer(time.launches), "seconds": number(time.seconds),
          ])
        })
    }
    return .object(object)
  }

  private func number(_ value: Double) -> JSON { .number(JSONNumber(value)) }

  /// For people.
  var text: String {
    var lines = ["\(model) on \(device), weights \(byteText(UInt64(weightByteCount)))"]
    for (engine, peak) in peaks.sorted(by: { $0.key < $1.key }) {
      lines.append("fused multiply-adds alone reach \(fixed(peak / 1e9, 0)) GFLOP/s on \(engine)")
    }
    for row in rows {
      let shape = row.shape
      lines.append("")
      lines.append(
        "\(shape.name): \(counted(shape.sequences, "sequence")), \(counted(shape.tokens, "token")), "
          + "\(fixed(row.floatingPointOperations / 1e9, 2)) GFLOP")
      lines.append(
        "  " + "engine".padded(to: 14)
          + ["tokens/s", "seq/s", "p50 ms", "p90 ms", "p99 ms", "GFLOP/s", "of peak", "arena"]
          .map { $0.aligned(to: 11) }.joined())
      for timing in row.timings { lines.append("  " + line(timing, row)) }
      if row.timings.count == 2 {
        lines.append(
          "  \(row.timings[1].engine) takes \(fixed(row.timings[1].median / row.timings[0].median, 2)) times as long as \(row.timings[0].engine)"
        )
      }
      for timing in row.timings where !timing.operations.isEmpty { lines += profile(timing) }
    }
    return lines.joined(separator: "\n") + "\n"
  }

  private func line(_ timing: Timing, _ row: Row) -> String {
    let median = timing.median
    let rate = row.floatingPointOperations / median
    let fields = [
      fixed(Double(row.shape.tokens) / median, 0), fixed(Double(row.shape.sequences) / median, 1),
      fixed(1e3 * median, 2), fixed(1e3 * timing.percentile(0.9), 2), fixed(1e3 * timing.percentile(0.99), 2),
      fixed(rate / 1e9, 1), peaks[timing.engine].map { fixed(100 * rate / $0, 0) + " %" } ?? "",
      timing.arenaByteCount.map { byteText(UInt64($0)) } ?? "",
    ]
    return timing.engine.padded(to: 14) + fields.map { $0.aligned(to: 11) }.joined()
  }

  private func profile(_ timing: Timing) -> [String] {
    let total = timing.operations.reduce(0) { $0 + $1.seconds }
    return ["  device time by operation, ms a run:"]
      + timing.operations.map { time in
        "    " + time.operation.padded(to: 26) + fixed(1e3 * time.seconds, 3).aligned(to: 10)
          + (fixed(100 * time.seconds / max(total, 1e-12), 1) + " %").aligned(to: 9)
          + "  \(counted(time.launches, "launch"))".replacing("launchs", with: "launches")
      }
  }
}
