// SPDX-License-Identifier: Apache-2.0
import BERT

/// How far a training is: on one line of a terminal, with the time that is left; evaluations as lines that stay.
struct TrainingView {
  private let clock = ContinuousClock()
  private let start: ContinuousClock.Instant
  private let total: Int
  private let outputDirectory: String
  private var status = StatusLine()
  private var first: Int?
  /// The step that was taken last.
  private(set) var step: Int

  init(_ trainer: Trainer, outputDirectory: String) {
    start = clock.now
    total = trainer.totalSteps
    step = trainer.firstStep - 1
    self.outputDirectory = outputDirectory
    status.show("0 of \(grouped(total)) steps")
  }

  mutating func show(_ event: Trainer.Event) {
    switch event {
    case .step(let record, let total):
      let first = first ?? record.step
      self.first = first
      step = record.step
      let perStep = (clock.now - start).seconds / Double(record.step - first + 1)
      status.show(
        "step \(grouped(record.step)) of \(grouped(total))  loss \(fixed(record.loss, 4))  lr \(short(record.learningRate))  "
          + "\(fixed(1 / max(perStep, 1e-9), 2)) steps/s  \(TrainingView.clockTime(perStep * Double(total - record.step))) left"
      )
    case .evaluation(let step, let numbers):
      keep("step \(grouped(step)): " + numbers.map { "\($0.name) \(fixed($0.value, 4))" }.joined(separator: ", "))
    case .saved(let path): keep("saved \(path)")
    case .stoppedEarly(let step): keep("stopped after step \(grouped(step)): no evaluation was better for a while")
    case .note(let text): keep(text)
    }
  }

  func finish() { status.finish() }

  private func keep(_ text: String) {
    status.finish()
    StandardError.note(text)
  }

  /// `2e-05`
  private func short(_ number: Double) -> String {
    guard number > 0 else { return "0" }
    var (mantissa, exponent) = (number, 0)
    while mantissa < 1 { (mantissa, exponent) = (mantissa * 10, exponent - 1) }
    while mantissa >= 10 { (mantissa, exponent) = (mantissa / 10, exponent + 1) }
    return "\(fixed(mantissa, 2))e\(exponent)"
  }

  /// `1:02:03` or `2:03`.
  static func clockTime(_ seconds: Double) -> String {
    let whole = Int(min(max(seconds.rounded(.up), 0), 1e9))
    func two(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }
    let (hours, rest) = whole.quotientAndRemainder(dividingBy: 3600)
    let tail = two(rest % 60)
    return hours > 0 ? "\(hours):\(two(rest / 60)):\(tail)" : "\(rest / 60):\(tail)"
  }
}
