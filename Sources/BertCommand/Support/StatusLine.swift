// SPDX-License-Identifier: Apache-2.0

/// What is being done, on one line of a terminal that is overwritten; nothing where nobody watches.
struct StatusLine {
  private let clock = ContinuousClock()
  private var lastShown: ContinuousClock.Instant?
  private let isShown: Bool

  init(isShown: Bool = StandardError.isTerminal) { self.isShown = isShown }

  /// Shows the text, but not more than ten times a second.
  mutating func show(_ text: String) {
    let now = clock.now
    guard isShown, lastShown.map({ now - $0 > .milliseconds(100) }) ?? true else { return }
    lastShown = now
    StandardError.writeRaw("\r\(text)\u{1B}[K")
  }

  /// Takes the line away.
  func finish() {
    if lastShown != nil { StandardError.writeRaw("\r\u{1B}[K") }
  }
}
