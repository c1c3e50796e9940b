// SPDX-License-Identifier: Apache-2.0

/// In which configurations of `linear_mma` one dense layer runs.
public typealias MMAChoice = RowChoice<MMAConfiguration>

extension DeviceProfile {
  /// The choice for a dense layer with a weight of `[columns, depth]`: the one configuration that is forced, or by size
  /// the one that was chosen by measurement, or what costs least by count.
  public func mmaChoice(columns: Int, depth: Int, _ tuning: Tuning = .none) -> MMAChoice {
    if let mmaConfiguration, mmaConfiguration.isOf(matrixProduct) {
      return MMAChoice([.init(rows: .max, configuration: mmaConfiguration)])
    }
    let tuned = tuning.choices(LinearConfiguration.self, [columns, depth])
    // Where nothing fits, the launch says so with the numbers in it.
    let untuned =
      matrixProduct == .wgmma ? MMAConfiguration.untunedWarpgroups : MMAConfiguration.untuned(splits: splits)
    let options = [untuned.filter(fits), mmaCandidates, untuned].first { !$0.isEmpty } ?? []
    return MMAChoice(
      options,
      tuned: { size in
        guard case .mma(let choice)? = tuned[size], fits(choice) else { return nil }
        return choice
      }, cost: { $0.estimatedCost(rows: $1, columns: columns, computeUnits: computeUnits) })
  }

  /// All that a tuner tries.
  package var mmaCandidates: [MMAConfiguration] {
    (MMAConfiguration.candidates + MMAConfiguration.warpgroupCandidates).filter(fits)
  }

  /// Whether this device can run a configuration, in its precision and by its product.
  package func fits(_ configuration: MMAConfiguration) -> Bool {
    configuration.isOf(matrixProduct)
      && configuration.fits(
        maxWorkGroupSize: maxWorkGroupSize,
        localMemory: localMemory - (matrixEngine == .emulated ? configuration.emulationByteCount : 0),
        splits: splits)
  }

  /// Whether a work-item of `linear_mma` needs twice the registers.
  private var splits: Bool { (precision == .float32 && matrixProduct == .mma) || matrixEngine == .amd }
}
