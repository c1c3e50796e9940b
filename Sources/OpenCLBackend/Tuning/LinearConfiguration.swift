// SPDX-License-Identifier: Apache-2.0

/// How a dense layer runs. Each kernel gives the same bits whatever the numbers.
///
/// CLBlast is none of them: it picks another kernel for another number of rows, and a choice that nobody sees must not
/// make a sentence's bits depend on its batch. Who wants it says so: `MatrixProduct.clblast`.
enum LinearConfiguration: Hashable, Sendable {
  case panels(PanelConfiguration)
  case tiled(TiledConfiguration)
  case mma(MMAConfiguration)
}

/// How the panels and the row tiles of `linear_panels` are dealt out over work-items.
struct PanelConfiguration: Hashable, Sendable {
  /// Rows that a work-item goes through for each of its panels: they should stay in the second-level cache.
  var rowsPerBlock: Int
  /// Blocks of panels for each core: more of them even out the cores' ends, fewer read x less often.
  var blocksPerUnit: Int

  private static let heights = [64, 128, 256, 512]
  private static let counts = [1, 2, 4, 8]

  /// Whether it is one that a tuner tries.
  var isKnown: Bool {
    PanelConfiguration.heights.contains(rowsPerBlock) && PanelConfiguration.counts.contains(blocksPerUnit)
  }

  /// Good on every processor that was measured. Few rows are soon done, and a core that has to be woken for them comes
  /// 20 microseconds late in a virtual machine: small blocks let the others take its share (1.1 to 1.2 times as fast).
  static func standard(rows: Int) -> PanelConfiguration {
    PanelConfiguration(rowsPerBlock: 128, blocksPerUnit: rows <= 32 ? 8 : 4)
  }

  /// All that a tuner tries for so many rows. Blocks larger than the rows are all the same: one of them is enough.
  static func candidates(rows: Int) -> [PanelConfiguration] {
    let useful = heights.prefix { $0 < rows } + heights.drop { $0 < rows }.prefix(1)
    return useful.flatMap { height in
      counts.map { PanelConfiguration(rowsPerBlock: height, blocksPerUnit: $0) }
    }
  }

  /// Column blocks and row blocks of the launch.
  func blocks(rows: Int, panels: Int, computeUnits: Int) -> (columns: Int, rows: Int) {
    (min(panels, blocksPerUnit * computeUnits), (rows + rowsPerBlock - 1) / rowsPerBlock)
  }
}

extension LinearConfiguration: TunedConfiguration {
  static let operation = TuningKey.Operation.linear

  /// As it stands on disk: `panels 128 4`, `tiled 64x64x16/8x4`, `mma 128x128/64x32/4x3`.
  var description: String {
    switch self {
    case .panels(let panels): "panels \(panels.rowsPerBlock) \(panels.blocksPerUnit)"
    case .tiled(let tiled): "tiled \(tiled)"
    case .mma(let mma): "mma \(mma)"
    }
  }

  init?(_ description: String) {
    let words = description.split(separator: " ", maxSplits: 1).map(String.init)
    switch (words.first, words.count) {
    case ("panels", 2):
      let numbers = words[1].split(separator: " ").map { Int($0) ?? 0 }
      guard numbers.count == 2 else { return nil }
      let panels = PanelConfiguration(rowsPerBlock: numbers[0], blocksPerUnit: numbers[1])
      guard panels.isKnown else { return nil }
      self = .panels(panels)
    case ("tiled", 2):
      guard let tiled = TiledConfiguration(words[1]) else { return nil }
      self = .tiled(tiled)
    case ("mma", 2):
      guard let mma = MMAConfiguration(words[1]) else { return nil }
      self = .mma(mma)
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
}

extension DeviceProfile {
  /// What a tuner tries for a dense layer: what runs where nothing was measured, then all that this device takes. Nothing
  /// where CLBlast does the products, which tunes itself.
  func linearCandidates(rows: Int, columns: Int, depth: Int) -> [LinearConfiguration] {
    switch matrixProduct {
    case .panels:
      return ([.standard(rows: rows)] + PanelConfiguration.candidates(rows: rows)).map(LinearConfiguration.panels)
    case .tiled:
      let choice = tiledChoice(columns: columns, depth: depth)
      let candidates = TiledConfiguration.candidates.filter {
        $0.fits(maxWorkGroupSize: maxWorkGroupSize, localMemory: localMemory)
      }
      return ([choice.configurations[choice.index(rows: rows)]] + candidates).map(LinearConfiguration.tiled)
    case .mma, .tf32, .wgmma:
      let choice = mmaChoice(columns: columns, depth: depth)
      return ([choice.configurations[choice.index(rows: rows)]] + mmaCandidates).map(LinearConfiguration.mma)
    case .clblast: return []
    }
  }
}
