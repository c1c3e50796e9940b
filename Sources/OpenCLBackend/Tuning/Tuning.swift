// SPDX-License-Identifier: Apache-2.0
import ComputeGraph

/// What measuring has found out about one device: the fastest configuration of each kind and size of step.
///
/// A value, which does not change once an executor has it: the same executor does the same in every run.
public struct Tuning: Sendable, Equatable {
  /// One configuration that was tried.
  public struct Candidate: Sendable, Equatable {
    /// What became of it.
    public enum Outcome: Sendable, Equatable {
      /// The shortest of its runs.
      case seconds(Double)
      /// It does not compute what the standard configuration computes, or does not run at all.
      case refused(String)
    }
    /// Its name, as the tuner writes it.
    public let configuration: String
    /// Its time, or why it is out.
    public let outcome: Outcome

    /// - Parameters: what the properties say.
    public init(_ configuration: String, _ outcome: Outcome) {
      self.configuration = configuration
      self.outcome = outcome
    }
  }

  /// The candidates of one key, and the one that is taken.
  public struct Measurement: Sendable, Equatable {
    /// What runs from now on.
    public let choice: String
    /// What runs where nothing was measured.
    public let standard: String
    /// Everything that was tried.
    public let candidates: [Candidate]

    /// - Parameter choice: one of the candidates.
    public init(choice: String, standard: String, candidates: [Candidate]) {
      self.choice = choice
      self.standard = standard
      self.candidates = candidates
    }

    /// The time of the standard configuration over that of the choice; 1 where they are the same.
    public var gain: Double {
      guard choice != standard, let standard = seconds(of: standard), let best = seconds(of: choice), best > 0 else {
        return 1
      }
      return standard / best
    }

    /// The time of one candidate, in seconds.
    public func seconds(of configuration: String) -> Double? {
      for candidate in candidates where candidate.configuration == configuration {
        if case .seconds(let seconds) = candidate.outcome { return seconds }
      }
      return nil
    }
  }

  /// By kind and size of step.
  public private(set) var measurements: [TuningKey: Measurement]

  /// A tuning of measurements that somebody has made.
  public init(_ measurements: [TuningKey: Measurement] = [:]) { self.measurements = measurements }

  /// Nothing measured: every step runs in its standard configuration.
  public static let none = Tuning()

  /// Whether nothing was measured.
  public var isEmpty: Bool { measurements.isEmpty }

  /// What another tuning knows, and what this one knows besides.
  public func merging(_ newer: Tuning) -> Tuning {
    Tuning(measurements.merging(newer.measurements) { $1 })
  }

  /// The choices for one kind of step, by class of sizes. A choice that this version cannot read is none.
  func choices<Configuration: TunedConfiguration>(
    _ type: Configuration.Type, _ shape: [Int]
  ) -> [Int: Configuration] {
    measurements.reduce(into: [:]) { choices, entry in
      let (key, measurement) = entry
      guard key.operation == Configuration.operation, key.shape == shape else { return }
      choices[key.size] = Configuration(measurement.choice)
    }
  }
}
