// SPDX-License-Identifier: Apache-2.0

/// In which configurations of `linear_tiled` one dense layer runs.
public typealias TiledChoice = RowChoice<TiledConfiguration>

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
    let options =
      [fitting(TiledConfiguration.untuned), fitting(TiledConfiguration.candidates), TiledConfiguration.candidates]
      .first { !$0.isEmpty } ?? []
    return TiledChoice(
      options,
      tuned: { size in
        guard case .tiled(let choice)? = tuned[size], !fitting([choice]).isEmpty else { return nil }
        return choice
      }, cost: { $0.estimatedCost(rows: $1, columns: columns, computeUnits: computeUnits) })
  }
}
