// SPDX-License-Identifier: Apache-2.0
import OpenCLBackend

/// What timing one model on some engines and shapes gave.
struct BenchResult {
  /// Who computed.
  struct Engine {
    /// `opencl:0:0` or `cpu`.
    let name: String
    let device: String
    /// How it stores weights and activations.
    let precision: Precision
    /// Bytes of all weights, in the layout that they have there.
    let weightByteCount: Int
    /// Kernel configurations that were chosen by measurement.
    let tunedChoices: Int
    /// Operations per second of fused multiply-adds alone, measured some times; none without an OpenCL device.
    var peaks: [Double] = []

    /// The largest: others who use the machine make it smaller, and nothing makes it larger.
    var peak: Double? { peaks.max() }
  }

  /// One engine's turns on one shape.
  struct Timing {
    /// Index into `engines`.
    let engine: Int
    /// Wall time of each turn, from host tensors to host tensors.
    let times: BenchTimes
    /// Bytes of everything that a run computes; nil on the CPU executor, which makes its memory anew each time.
    let arenaByteCount: Int?
    /// Time by operation, most first; empty unless profiled.
    fileprivate(set) var operations: [OperationTime]
  }

  /// What one operation took of a run, as the device's events say.
  struct OperationTime {
    let operation: String
    /// `[N, K]` of a dense layer, which tells those of one model apart.
    let weight: [Int]?
    let launches: Int
    /// Time on the device, without what lies between commands.
    let seconds: Double
    /// Of all launches; 0 for operations that are not counted.
    let floatingPointOperations: Double

    var rate: Double? { floatingPointOperations > 0 && seconds > 0 ? floatingPointOperations / seconds : nil }
  }

  struct Row {
    let shape: BenchShape
    /// Operations of the matrix products and of attention.
    let floatingPointOperations: Double
    fileprivate(set) var timings: [Timing]

    func tokensPerSecond(_ timing: Timing) -> Double { Double(shape.tokens) / timing.times.median }
    func sequencesPerSecond(_ timing: Timing) -> Double { Double(shape.sequences) / timing.times.median }
    func rate(_ timing: Timing) -> Double { floatingPointOperations / timing.times.median }
  }

  let model: String
  var engines: [Engine]
  var rows: [Row] = []

  /// Leaves the profile out, where only the trace was wanted.
  mutating func dropOperations() {
    for row in rows.indices {
      for timing in rows[row].timings.indices { rows[row].timings[timing].operations = [] }
    }
  }

  func shareOfPeak(_ rate: Double, _ timing: Timing) -> Double? { engines[timing.engine].peak.map { rate / $0 } }
}

/// Seconds that some turns took.
struct BenchTimes {
  /// As they came.
  let seconds: [Double]
  private let sorted: [Double]

  /// - Precondition: at least one turn.
  init(_ seconds: [Double]) {
    precondition(!seconds.isEmpty)
    self.seconds = seconds
    sorted = seconds.sorted()
  }

  var best: Double { sorted[0] }
  var worst: Double { sorted[sorted.count - 1] }
  var median: Double { percentile(50) }

  /// The shortest time that at least so many percent of the turns stayed within (nearest rank).
  func percentile(_ percent: Int) -> Double { sorted[max((percent * sorted.count + 99) / 100, 1) - 1] }

  /// How far the middle half of the turns lies apart, as a share of the median.
  var spread: Double { (percentile(75) - percentile(25)) / median }
}
