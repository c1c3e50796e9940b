// SPDX-License-Identifier: Apache-2.0

/// In which configurations of `linear_tiled` one dense layer runs, by the number of its rows.
public struct TiledChoice: Hashable, Sendable {
  /// Up to how many rows a configuration serves.
  public struct RowClass: Hashable, Sendable {
    /// The most rows of the class.
    public var rows: Int
    /// How the products of the class are cut.
    public var configuration: TiledConfiguration

    /// A class that ends with `rows` rows, at least 1, and begins where the one before it ends.
    public init(rows: Int, configuration: TiledConfiguration) {
      self.rows = rows
      self.configuration = configuration
    }
  }

  /// Ascending; the last one also serves all larger numbers of rows.
  public let classes: [RowClass]
  /// The configurations of the classes, each once: a layer has a kernel for each.
  public let configurations: [TiledConfiguration]
  private let indices: [Int]

  /// - Parameter classes: at least one, ascending.
  public init(_ classes: [RowClass]) {
    precondition(!classes.isEmpty && zip(classes, classes.dropFirst()).allSatisfy { $0.rows < $1.rows })
    self.classes = classes
    var configurations: [TiledConfiguration] = []
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
}

extension DeviceProfile {
  /// The choice for a dense layer with a weight of `[columns, depth]`: the one configuration that is forced, or by size
  /// the one that was chosen by measurement, or what costs least by count.
  public func tiledChoice(columns: Int, depth: Int, _ tuning: Tuning = .none) -> TiledChoice {
    if let tiledConfiguration { return TiledChoice([.init(rows: .max, configuration: tiledConfiguration)]) }
    let tuned = tuning.choices(LinearConfiguration.self, [columns, depth])
    func fitting(_ configurations: [TiledConfiguration]) -> [TiledConfiguration] {
      configurations.filter { $0.fits(maxWorkGroupSize: maxWorkGroupSize, localMemory: localMemory) }
    }
    // Where nothing fits, the launch says so with the numbers in it.
    let options = [fitting(TiledConfiguration.untuned), fitting(TiledConfiguration.candidates)].first { !$0.isEmpty }
    return TiledChoice(
      (0...16).map { power in
        let rows = 1 << power
        if case .tiled(let choice)? = tuned[TuningKey.sizeClass(of: rows)], !fitting([choice]).isEmpty {
          return .init(rows: rows, configuration: choice)
        }
        func cost(_ configuration: TiledConfiguration) -> Double {
          configuration.estimatedCost(rows: rows, columns: columns, computeUnits: computeUnits)
        }
        let best = options?.min { cost($0) < cost($1) }
        return .init(rows: rows, configuration: best ?? TiledConfiguration.candidates[0])
      })
  }
}
