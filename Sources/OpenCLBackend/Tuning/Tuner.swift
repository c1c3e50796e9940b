// SPDX-License-Identifier: Apache-2.0
import ComputeGraph
import OpenCLRuntime

/// What is tuned, and how.
public struct TuningOptions: Sendable {
  /// Rows of a dense layer: classes up to this one.
  public var mostRows = TuningKey.largestSize
  /// Tokens of a sequence: classes up to this one.
  public var longestSequence = 512
  /// Turns that each candidate takes.
  public var rounds = 5

  /// All sizes.
  public init() {}
}

/// What `OpenCLExecutor.tune` has just measured.
public struct TuningProgress: Sendable {
  /// What was measured,
  public let key: TuningKey
  /// and with which result.
  public let measurement: Tuning.Measurement
  /// How many of `total` have been measured.
  public let done: Int
  /// How many there are to measure.
  public let total: Int
}

extension OpenCLExecutor {
  /// Measures every configuration of the steps that a graph has, for every class of sizes.
  ///
  /// A configuration counts only if it computes what the standard one does, bit for bit, and the standard one only if it
  /// agrees with `oracle`. Candidates take turns, so that a busy machine troubles all alike, and one is
  /// chosen over the standard if it is at least 3 % faster, and once more in a duel.
  ///
  /// - Parameters:
  ///   - oracle: what numbers are compared with: the CPU executor in double precision.
  ///   - progress: hears of each measurement.
  /// - Throws: `TuningError.wrong`, `OpenCLError`; `CancellationError` between two measurements.
  public func tune(
    _ graph: Graph, _ options: TuningOptions = TuningOptions(), oracle: any Executor,
    progress: @Sendable (TuningProgress) -> Void = { _ in }
  ) async throws -> Tuning {
    let work = TuningSubject.all(in: graph).flatMap { subject in
      subject.sizes(options).map { (subject: subject, size: $0) }
    }.filter { !$0.subject.configurations(size: $0.size, profile).isEmpty }
    var measurements: [TuningKey: Tuning.Measurement] = [:]
    for (index, (subject, size)) in work.enumerated() {
      try Task.checkCancellation()
      let key = TuningKey(subject.operation, subject.shape, size: size)
      let expected = try await subject.expected(size: size, by: oracle)
      let measurement = try await thread.run {
        try Trial(subject, size: size, options, on: self).measure(expected)
      }
      measurements[key] = measurement
      progress(TuningProgress(key: key, measurement: measurement, done: index + 1, total: work.count))
    }
    return Tuning(measurements)
  }
}

extension TuningSubject {
  /// Classes of sizes to measure, smallest first.
  func sizes(_ options: TuningOptions) -> [Int] {
    let most = operation == .linear ? options.mostRows : options.longestSequence
    return TuningKey.sizes.filter { $0 <= TuningKey.sizeClass(of: most) }
  }

  /// The first rows of y0, in double precision.
  func expected(size: Int, by oracle: any Executor) async throws -> [Double] {
    let graph = try graph(copies: 1)
    let loaded = try await oracle.load(graph, parameters: TrialNumbers(depth: shape[1]))
    let results = try await loaded.run(inputs(size: checkedSize(size)), outputs: ["y0"])
    return results["y0"]?.doubles ?? []
  }

  /// The configurations of a device for a size, the standard one first.
  func configurations(size: Int, _ profile: DeviceProfile) -> [String] {
    switch self {
    case .linear(let columns, let depth, _):
      return profile.linearCandidates(rows: size, columns: columns, depth: depth).map(\.description).unique()
    case .attention(let attention):
      let choice = profile.attentionChoice(attention, .none)
      let standard = choice.configurations[choice.index(longest: size, sequences: sequences(size))]
      let all = [standard] + profile.attentionCandidates(headSize: attention.headSize)
      return all.map(\.description).unique()
    }
  }
}

extension [String] {
  fileprivate func unique() -> [String] {
    var known: Set<String> = []
    return filter { known.insert($0).inserted }
  }
}
