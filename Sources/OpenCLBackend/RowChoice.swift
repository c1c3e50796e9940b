// SPDX-License-Identifier: Apache-2.0

/// In which configurations of its kernel one dense layer runs, by the number of its rows.
public struct RowChoice<Configuration: Hashable & Sendable>: Hashable, Sendable {
  /// Up to how many rows a configuration serves.
  public struct RowClass: Hashable, Sendable {
    /// The most rows of the class.
    public var rows: Int
    /// How the products of the class are cut.
    public var configuration: Configuration

    /// A class that ends with `rows` rows, at least 1, and begins where the one before it ends.
    public init(rows: Int, configuration: Configuration) {
      self.rows = rows
      self.configuration = configuration
    }
  }

  /// Ascending; the last one also serves all larger numbers of rows.
  public let classes: [RowClass]
  /// The configurations of the classes, each once: a layer has a kernel for each.
  public let configurations: [Configuration]
  private let indices: [Int]

  /// - Parameter classes: at least one, ascending.
  public init(_ classes: [RowClass]) {
    precondition(!classes.isEmpty && zip(classes, classes.dropFirst()).allSatisfy { $0.rows < $1.rows })
    self.classes = classes
    var configurations: [Configuration] = []
    indices = classes.map { each in
      if let index = configurations.firstIndex(of: each.configuration) { return index }
      configurations.append(each.configuration)
      return configurations.count - 1
    }
    self.configurations = configurations
  }

  /// Which of the configurations serves this many rows.
  public func index(rows: Int) -> Int {
    indices[classes.firstIndex { rows <= $0.rows } ?? classes.count - 1]
  }

  /// A choice for each power of two of rows: the tuned configuration where there is one that fits, else the cheapest of
  /// `options` by `cost`.
  ///
  /// - Parameters:
  ///   - options: at least one.
  ///   - tuned: by class of sizes; nil where there is none, or none that fits.
  ///   - cost: of a configuration for so many rows.
  init(_ options: [Configuration], tuned: (Int) -> Configuration?, cost: (Configuration, Int) -> Double) {
    self.init(
      (0...16).map { power in
        let rows = 1 << power
        let best = options.min { cost($0, rows) < cost($1, rows) } ?? options[0]
        return RowClass(rows: rows, configuration: tuned(TuningKey.sizeClass(of: rows)) ?? best)
      })
  }
}
