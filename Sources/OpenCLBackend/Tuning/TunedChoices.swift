// SPDX-License-Identifier: Apache-2.0

/// The configurations of one step: by class of sizes where they were measured, else the standard one.
struct TunedChoices<Configuration: TunedConfiguration> {
  private let tuned: [Int: Configuration]
  private let standard: (Int) -> Configuration

  /// - Parameters:
  ///   - isUsable: whether the device takes a configuration; a tuned one that it does not is passed over.
  init(
    _ tuning: Tuning, _ shape: [Int], isUsable: (Configuration) -> Bool, standard: @escaping (Int) -> Configuration
  ) {
    tuned = tuning.choices(Configuration.self, shape).filter { isUsable($0.value) }
    self.standard = standard
  }

  /// What runs at this size.
  func configuration(size: Int) -> Configuration {
    let size = TuningKey.sizeClass(of: size)
    return tuned[size] ?? standard(size)
  }

  /// All that may run at some size, each once.
  var all: [Configuration] {
    var known: Set<Configuration> = []
    return TuningKey.sizes.map(configuration).filter { known.insert($0).inserted }
  }
}
