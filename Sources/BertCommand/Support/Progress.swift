// SPDX-License-Identifier: Apache-2.0

/// Lines done and lines per second, on one line of a terminal that is overwritten; nothing where nobody watches.
struct Progress {
  private let clock = ContinuousClock()
  private let start: ContinuousClock.Instant
  private var status = StatusLine()
  private var lines = 0

  init() { start = clock.now }

  mutating func add(_ count: Int) {
    lines += count
    let perSecond = Double(lines) / max((clock.now - start).seconds, 1e-3)
    status.show("\(grouped(lines)) lines, \(grouped(Int(perSecond))) lines/s")
  }

  /// Takes the line away, so that messages start on a clean one.
  func finish() { status.finish() }
}

extension Duration {
  /// To the nanosecond, which is what the clock counts, so that the decimal is a short one.
  var seconds: Double { Double(components.seconds * 1_000_000_000 + components.attoseconds / 1_000_000_000) / 1e9 }
}
