// SPDX-License-Identifier: Apache-2.0

/// How `linear_tiled` cuts a product into work-groups and work-items. The bits do not depend on it.
public struct TiledConfiguration: Hashable, Sendable, CustomStringConvertible {
  /// Rows of the result that a work-group makes: a power of two.
  public var tileRows: Int
  /// Columns of the result that a work-group makes: a power of two.
  public var tileColumns: Int
  /// Columns of the operands that pass through local memory at a time: a multiple of 8.
  public var tileDepth: Int
  /// Rows of the result that a work-item makes: 1, 2 or a multiple of 4.
  public var itemRows: Int
  /// Columns of the result that a work-item makes: 1, 2 or a multiple of 4.
  public var itemColumns: Int

  /// Takes the sizes as they are: that they are what each property says is up to the caller, and whether they fit a
  /// device is for ``fits(maxWorkGroupSize:localMemory:)``.
  public init(tileRows: Int, tileColumns: Int, tileDepth: Int, itemRows: Int, itemColumns: Int) {
    self.tileRows = tileRows
    self.tileColumns = tileColumns
    self.tileDepth = tileDepth
    self.itemRows = itemRows
    self.itemColumns = itemColumns
  }

  /// What is worth timing on a GPU, from large products to single rows. Registers and occupancy of each, for two NVIDIA
  /// architectures: `Benchmarks/results/2026-11-24-gpu-offline`.
  public static let candidates: [TiledConfiguration] = [
    large,
    .init(tileRows: 128, tileColumns: 128, tileDepth: 16, itemRows: 8, itemColumns: 8),
    .init(tileRows: 128, tileColumns: 64, tileDepth: 16, itemRows: 8, itemColumns: 8),
    .init(tileRows: 64, tileColumns: 128, tileDepth: 16, itemRows: 8, itemColumns: 8),
    .init(tileRows: 64, tileColumns: 64, tileDepth: 16, itemRows: 8, itemColumns: 8),
    medium,
    .init(tileRows: 64, tileColumns: 64, tileDepth: 16, itemRows: 4, itemColumns: 4),
    .init(tileRows: 32, tileColumns: 64, tileDepth: 16, itemRows: 4, itemColumns: 4),
    .init(tileRows: 16, tileColumns: 64, tileDepth: 16, itemRows: 4, itemColumns: 4),
    small,
    .init(tileRows: 16, tileColumns: 32, tileDepth: 32, itemRows: 2, itemColumns: 2),
    rows,
  ]

  /// What a layer that nobody has tuned chooses from: each of them is a program that is built when a model is loaded.
  static let untuned = [large, medium, small, rows]

  private static let large = TiledConfiguration(
    tileRows: 128, tileColumns: 128, tileDepth: 8, itemRows: 8, itemColumns: 8)
  private static let medium = TiledConfiguration(
    tileRows: 64, tileColumns: 64, tileDepth: 16, itemRows: 8, itemColumns: 4)
  private static let small = TiledConfiguration(
    tileRows: 16, tileColumns: 64, tileDepth: 16, itemRows: 2, itemColumns: 4)
  /// For a few rows, where what counts is how much of the weights is on its way at once.
  private static let rows = TiledConfiguration(
    tileRows: 8, tileColumns: 16, tileDepth: 64, itemRows: 1, itemColumns: 1)

  /// Work-items of a group.
  public var workGroupItems: Int { itemsAcross * itemsDown }
  var itemsAcross: Int { tileColumns / itemColumns }
  var itemsDown: Int { tileRows / itemRows }

  /// Bytes of local memory of a group: two tiles of each operand, whose columns are padded by a float4.
  public var localByteCount: Int { 2 * tileDepth * (tileRows + 4 + tileColumns + 4) * 4 }

  /// Whether a device with these limits, in work-items and bytes, can run it.
  public func fits(maxWorkGroupSize: Int, localMemory: Int) -> Bool {
    workGroupItems <= maxWorkGroupSize && localByteCount <= localMemory
  }

  /// Work-groups for a result of this size.
  func groups(rows: Int, columns: Int) -> (across: Int, down: Int) {
    ((columns + tileColumns - 1) / tileColumns, (rows + tileRows - 1) / tileRows)
  }

  /// What a result of this size costs, by count and in no unit: as often as the device must be filled with groups, a
  /// group's products and the operands that an item reads for each of them.
  func estimatedCost(rows: Int, columns: Int, computeUnits: Int) -> Double {
    let (across, down) = groups(rows: rows, columns: columns)
    let fillings = (across * down + computeUnits - 1) / computeUnits
    let reads = 1 / Double(itemRows) + 1 / Double(itemColumns)
    return Double(fillings * tileRows * tileColumns) * (1 + reads)
  }

  /// Macros of `linear_tiled.cl`.
  var defines: [String: Int] {
    [
      "TILE_ROWS": tileRows, "TILE_COLUMNS": tileColumns, "TILE_DEPTH": tileDepth, "ITEM_ROWS": itemRows,
      "ITEM_COLUMNS": itemColumns,
    ]
  }

  public var description: String { "\(tileRows)x\(tileColumns)x\(tileDepth)/\(itemRows)x\(itemColumns)" }
}
