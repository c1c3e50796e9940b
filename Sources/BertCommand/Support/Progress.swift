// SPDX-License-Identifier: Apache-2.0

/// Lines done and lines per second, on one line of a terminal that is overwritten; nothing where nobody watches.
struct Progress {
  private let clock = ContinuousClock()
  private let start: ContinuousClock.Instant
  private var lastShown: ContinuousClock.Instant
  private var lines = 0
  private let isShown: Bool

  init(isShown: Bool = StandardError.isTerminal) {
    start = clock.now
    lastShown = start
    self.isShown = isShown
  }

  mutating func add(_ count: Int) {
    lines += count
    let now = clock.now
    guard isShown, now - lastShown > .milliseconds(200) else { return }
    lastShown = now
    StandardError.writeRaw("\r\(text(now))\u{1B}[K")
  }

  /// Takes the line away, so that messages start on a clean one.
  func finish() {
    if isShown, lastShown > start { StandardError.writeRaw("\r\u{1B}[K") }
  }

  private func text(_ now: ContinuousClock.Instant) -> String {
    "\(grouped(lines)) lines, \(grouped(Int(Double(lines) / max((now - start).seconds, 1e-3)))) lines/s"
  }
}

extension Duration {
  /// To the nanosecond, which is what the clock counts, so that the decimal is a short one.
  var seconds: Double { Double(components.seconds * 1_000_000_000 + components.attoseconds / 1_000_000_000) / 1e9 }
}
