// SPDX-License-Identifier: Apache-2.0

/// How `linear_mma` cuts a product into work-groups and warps. The bits do not depend on it.
///
/// Four warps may multiply together (`MatrixProduct.wgmma`): what is said of a warp is the warpgroup's then.
public struct MMAConfiguration: Hashable, Sendable, CustomStringConvertible {
  /// Rows of the result that a work-group makes: a multiple of `warpRows`.
  public var tileRows: Int
  /// Columns of the result that a work-group makes: a multiple of `warpColumns`.
  public var tileColumns: Int
  /// Rows of the result that a warp makes: 16, 32 or 64; a warpgroup 64 or 128.
  public var warpRows: Int
  /// Columns of the result that a warp makes: 16, 32 or 64; a warpgroup 16, 32, 64, 128 or 256.
  public var warpColumns: Int
  /// Chunks of 16 bytes of each row that pass through local memory at a time: 4 or 8.
  public var tileChunks: Int
  /// Pairs of tiles in local memory, all but one of which are on their way: 2, 3 or 4.
  public var stages: Int
  /// Warps that multiply together: 1 or 4.
  public var warpgroupSize = 1

  /// Takes the sizes as they are: that they are what each property says is up to the caller, and whether they fit a
  /// device is for ``fits(maxWorkGroupSize:localMemory:splits:)``.
  public init(
    tileRows: Int, tileColumns: Int, warpRows: Int, warpColumns: Int, tileChunks: Int, stages: Int,
    warpgroupSize: Int = 1
  ) {
    self.tileRows = tileRows
    self.tileColumns = tileColumns
    self.warpRows = warpRows
    self.warpColumns = warpColumns
    self.tileChunks = tileChunks
    self.stages = stages
    self.warpgroupSize = warpgroupSize
  }

  /// What is worth timing, from large products to a few rows. Registers and occupancy of each, for two NVIDIA
  /// architectures: `Benchmarks/results/2026-11-28-gpu-offline`; times on an H200: `Benchmarks/results/2026-11-28-h200`.
  public static let candidates: [MMAConfiguration] = [
    .init(tileRows: 128, tileColumns: 256, warpRows: 64, warpColumns: 64, tileChunks: 4, stages: 2),
    .init(tileRows: 256, tileColumns: 128, warpRows: 64, warpColumns: 64, tileChunks: 4, stages: 2),
    .init(tileRows: 128, tileColumns: 128, warpRows: 64, warpColumns: 64, tileChunks: 4, stages: 3),
    .init(tileRows: 128, tileColumns: 128, warpRows: 64, warpColumns: 32, tileChunks: 4, stages: 3),
    .init(tileRows: 128, tileColumns: 64, warpRows: 32, warpColumns: 32, tileChunks: 4, stages: 3),
    .init(tileRows: 64, tileColumns: 64, warpRows: 32, warpColumns: 32, tileChunks: 8, stages: 3),
    .init(tileRows: 64, tileColumns: 64, warpRows: 32, warpColumns: 32, tileChunks: 8, stages: 2),
    .init(tileRows: 32, tileColumns: 64, warpRows: 16, warpColumns: 32, tileChunks: 8, stages: 4),
    .init(tileRows: 32, tileColumns: 32, warpRows: 16, warpColumns: 16, tileChunks: 8, stages: 4),
    .init(tileRows: 16, tileColumns: 64, warpRows: 16, warpColumns: 16, tileChunks: 8, stages: 4),
    .init(tileRows: 16, tileColumns: 32, warpRows: 16, warpColumns: 16, tileChunks: 8, stages: 4),
    .init(tileRows: 16, tileColumns: 16, warpRows: 16, warpColumns: 16, tileChunks: 8, stages: 4),
  ]

  /// The same for warpgroups. No GPU has run them.
  public static let warpgroupCandidates: [MMAConfiguration] = [
    .init(tileRows: 128, tileColumns: 256, warpRows: 64, warpColumns: 256, tileChunks: 4, stages: 2, warpgroupSize: 4),
    .init(tileRows: 256, tileColumns: 128, warpRows: 128, warpColumns: 128, tileChunks: 4, stages: 2, warpgroupSize: 4),
    .init(tileRows: 128, tileColumns: 128, warpRows: 128, warpColumns: 128, tileChunks: 4, stages: 3, warpgroupSize: 4),
    .init(tileRows: 128, tileColumns: 128, warpRows: 64, warpColumns: 128, tileChunks: 4, stages: 3, warpgroupSize: 4),
    .init(tileRows: 64, tileColumns: 256, warpRows: 64, warpColumns: 256, tileChunks: 4, stages: 2, warpgroupSize: 4),
    .init(tileRows: 64, tileColumns: 128, warpRows: 64, warpColumns: 128, tileChunks: 8, stages: 2, warpgroupSize: 4),
    .init(tileRows: 64, tileColumns: 64, warpRows: 64, warpColumns: 64, tileChunks: 8, stages: 3, warpgroupSize: 4),
    .init(tileRows: 64, tileColumns: 32, warpRows: 64, warpColumns: 32, tileChunks: 8, stages: 4, warpgroupSize: 4),
    .init(tileRows: 64, tileColumns: 16, warpRows: 64, warpColumns: 16, tileChunks: 8, stages: 4, warpgroupSize: 4),
  ]

  /// What a layer that nobody has tuned chooses from: each of them is a program that is built when a model is loaded.
  ///
  /// - Parameter splits: as in ``fits(maxWorkGroupSize:localMemory:splits:)``.
  static func untuned(splits: Bool) -> [MMAConfiguration] {
    (splits ? [4, 6, 8, 10] : [2, 3, 5, 8, 10]).map { candidates[$0] }
  }

  /// The same for warpgroups.
  static var untunedWarpgroups: [MMAConfiguration] { [2, 5, 6, 7, 8].map { warpgroupCandidates[$0] } }

  /// Work-items of a group.
  public var workGroupItems: Int { 32 * warpgroupSize * (tileRows / warpRows) * (tileColumns / warpColumns) }

  /// Bytes of local memory of a group on an engine; the emulation needs more.
  public var localByteCount: Int { stages * (tileRows + tileColumns) * tileChunks * 16 }

  /// Bytes that the emulation exchanges fragments through, besides: `WARP_WORDS` of warp.cl for each warp; a warpgroup
  /// has no fragments.
  var emulationByteCount: Int {
    warpgroupSize == 1 ? workGroupItems * (4 * (warpRows / 16) + 2 * (warpColumns / 8)) * 4 : 0
  }

  /// Whether a device with these limits, in work-items and bytes, can run it.
  ///
  /// - Parameter splits: whether products of float32 are made of three: a work-item then has its sums twice. AMD's
  ///   fragments take as many registers.
  public func fits(maxWorkGroupSize: Int, localMemory: Int, splits: Bool) -> Bool {
    workGroupItems <= maxWorkGroupSize && localByteCount <= localMemory
      && (!splits || warpRows * warpColumns <= 64 * 32)
  }

  /// Whether a matrix product multiplies by warps, or by warpgroups, as this does.
  func isOf(_ product: MatrixProduct) -> Bool { (warpgroupSize == 4) == (product == .wgmma) }

  /// Work-groups for a result of this size.
  func groups(rows: Int, columns: Int) -> Int {
    (columns + tileColumns - 1) / tileColumns * ((rows + tileRows - 1) / tileRows)
  }

  /// What a result of this size costs, by count and in no unit: as often as the device must be filled with groups, a
  /// group's products and the operands that it reads for each of them.
  func estimatedCost(rows: Int, columns: Int, computeUnits: Int) -> Double {
    let fillings = (groups(rows: rows, columns: columns) + computeUnits - 1) / computeUnits
    let reads = 64 / Double(tileRows) + 64 / Double(tileColumns)
    return Double(fillings * tileRows * tileColumns) * (1 + reads)
  }

  /// Macros of `linear_mma.cl`.
  var defines: [String: Int] {
    [
      "TILE_ROWS": tileRows, "TILE_COLUMNS": tileColumns, "WARP_ROWS": warpRows, "WARP_COLUMNS": warpColumns,
      "TILE_CHUNKS": tileChunks, "STAGES": stages, "WARPGROUP_SIZE": warpgroupSize,
    ]
  }

  public var description: String {
    "\(tileRows)x\(tileColumns)/\(warpRows)x\(warpColumns)/\(tileChunks)x\(stages)"
  }
}

extension MMAConfiguration: LosslessStringConvertible {
  /// Rows and columns of the tile and of a warp, chunks and stages, as `description` writes them.
  public init?(_ description: String) {
    let all = MMAConfiguration.candidates + MMAConfiguration.warpgroupCandidates
    guard let known = all.first(where: { $0.description == description }) else { return nil }
    self = known
  }
}
