// SPDX-License-Identifier: Apache-2.0

/// How a dense layer runs. `panels` and `tiled` give the same bits whatever their numbers; `clblast` does not.
enum LinearConfiguration: Hashable, Sendable {
  case panels(PanelConfiguration)
  case tiled(TiledConfiguration)
  case clblast
}

/// How the panels and the row tiles of `linear_panels` are dealt out over work-items.
struct PanelConfiguration: Hashable, Sendable {
  /// Rows that a work-item goes through for each of its panels: they should stay in the second-level cache.
  var rowsPerBlock: Int
  /// Blocks of panels for each core: more of them even out the cores' ends, fewer read x less often.
  var blocksPerUnit: Int

  /// Good on every processor that was measured.
  static func standard(rows: Int) -> PanelConfiguration {
    PanelConfiguration(rowsPerBlock: 128, blocksPerUnit: rows <= 32 ? 2 : 4)
  }

  /// All that a tuner tries for so many rows. Blocks larger than the rows are all the same: one of them is enough.
  static func candidates(rows: Int) -> [PanelConfiguration] {
    let heights = [64, 128, 256, 512]
    let useful = heights.prefix { $0 < rows } + heights.drop { $0 < rows }.prefix(1)
    return useful.flatMap { height in
      [1, 2, 4, 8].map { PanelConfiguration(rowsPerBlock: height, blocksPerUnit: $0) }
    }
  }

  /// Column blocks and row blocks of the launch.
  func blocks(rows: Int, panels: Int, computeUnits: Int) -> (columns: Int, rows: Int) {
    (min(panels, blocksPerUnit * computeUnits), (rows + rowsPerBlock - 1) / rowsPerBlock)
  }
}

extension LinearConfiguration: TunedConfiguration {
  static let operation = TuningKey.Operation.linear

  /// As it stands on disk: `panels 128 4`, `tiled 64x64x16 4x4`, `clblast`.
  var description: String {
    switch self {
    case .panels(let panels): "panels \(panels.rowsPerBlock) \(panels.blocksPerUnit)"
    case .tiled(let tiled): "tiled \(tiled)"
    case .clblast: "clblast"
    }
  }

  init?(_ description: String) {
    let words = description.split(separator: " ", maxSplits: 1).map(String.init)
    switch (words.first, words.count) {
    case ("clblast", 1): self = .clblast
    case ("panels", 2):
      let numbers = words[1].split(separator: " ").map { Int($0) }
      guard numbers.count == 2, let rows = numbers[0], let blocks = numbers[1],
        (1...1 << 20).contains(rows), (1...1 << 10).contains(blocks)
      else { return nil }
      self = .panels(PanelConfiguration(rowsPerBlock: rows, blocksPerUnit: blocks))
    case ("tiled", 2):
      guard let tiled = TiledConfiguration(words[1]) else { return nil }
      self = .tiled(tiled)
    default: return nil
    }
  }
}

extension Tuning {
  /// How `linear_panels` was chosen to run for a weight of `[columns, depth]`, by class of rows.
  func panelChoices(columns: Int, depth: Int) -> [Int: PanelConfiguration] {
    choices(LinearConfiguration.self, [columns, depth]).compactMapValues { choice in
      if case .panels(let panels) = choice { panels } else { nil }
    }
  }

  /// The classes of rows for which CLBlast was chosen.
  func sizesForCLBlast(columns: Int, depth: Int) -> Set<Int> {
    Set(choices(LinearConfiguration.self, [columns, depth]).filter { $0.value == .clblast }.keys)
  }
}

extension DeviceProfile {
  /// What a dense layer runs where nothing was measured.
  func standardLinear(rows: Int, columns: Int, depth: Int) -> LinearConfiguration {
    switch matrixProduct {
    case .panels: return .panels(.standard(rows: rows))
    case .tiled:
      let choice = tiledChoice(columns: columns, depth: depth)
      return .tiled(choice.configurations[choice.index(rows: rows)])
    case .clblast: return .clblast
    }
  }

  /// What a tuner tries, that this device takes.
  func linearCandidates(rows: Int) -> [LinearConfiguration] {
    switch matrixProduct {
    case .panels: PanelConfiguration.candidates(rows: rows).map(LinearConfiguration.panels)
    case .tiled:
      TiledConfiguration.candidates.filter { $0.fits(maxWorkGroupSize: maxWorkGroupSize, localMemory: localMemory) }
        .map(LinearConfiguration.tiled)
    case .clblast: []
    }
  }
}
