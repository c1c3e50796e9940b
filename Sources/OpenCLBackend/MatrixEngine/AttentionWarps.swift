// SPDX-License-Identifier: Apache-2.0

/// How `attention_mma` cuts the queries of a sequence into work-groups and warps. The bits do not depend on it.
public struct AttentionWarps: Hashable, Sendable {
  /// Warps of a work-group: 1, 2, 4 or 8.
  public let warps: Int
  /// Queries of a warp: 16 or 32.
  public let warpQueries: Int

  /// Takes the numbers as they are: that they are what each property says is up to the caller.
  public init(warps: Int, warpQueries: Int) {
    self.warps = warps
    self.warpQueries = warpQueries
  }

  /// Whether the kernel takes heads of this size: whole steps of the engines, and a row of the result in registers.
  public static func serves(headSize: Int) -> Bool { headSize.isMultiple(of: 16) && (16...128).contains(headSize) }

  /// What is worth timing for a head size, ascending by queries: 32 queries a warp are twice the work for each operand
  /// that is read, and more registers than there are for heads above 64.
  public static func candidates(headSize: Int) -> [AttentionWarps] {
    let widest = headSize <= 64 ? [(4, 32), (8, 32)] : [(8, 16)]
    return ([(1, 16), (2, 16), (4, 16)] + widest).map(AttentionWarps.init)
  }

  /// What attention that nobody has tuned chooses from: each of them is a program that is built when a model is loaded.
  static func untuned(headSize: Int) -> [AttentionWarps] {
    candidates(headSize: headSize).filter { $0.warps == 2 || $0.warps == 4 }
  }

  /// Queries of a work-group.
  var queries: Int { warps * warpQueries }
  var workGroupItems: Int { 32 * warps }

  /// Bytes of local memory of a group on an engine, for two pairs of tiles of K and V; the emulation needs more.
  static func localByteCount(headSize: Int) -> Int {
    let keys = headSize > 64 ? 32 : 64
    return 4 * keys * (headSize / 8 + 1) * 16
  }

  /// Whether a device with these limits, in work-items and bytes, can run it.
  func fits(headSize: Int, maxWorkGroupSize: Int, localMemory: Int) -> Bool {
    workGroupItems <= maxWorkGroupSize && AttentionWarps.localByteCount(headSize: headSize) <= localMemory
  }
}

extension DeviceProfile {
  /// Whether attention runs on the matrix engine: numbers of 16 bits and heads that the kernel takes. Else `attention_tiled`
  /// serves.
  public func usesAttentionWarps(headSize: Int) -> Bool {
    workGroupSize > 1 && matrixEngine != nil && matrixEngine != .amd && precision != .float32
      && AttentionWarps.serves(headSize: headSize)
      && AttentionWarps(warps: 1, warpQueries: 16).fits(
        headSize: headSize, maxWorkGroupSize: maxWorkGroupSize, localMemory: localMemory)
  }

  /// Those of the configurations that the device can run; the smallest where none of them is.
  func fittingWarps(_ configurations: [AttentionWarps], headSize: Int) -> [AttentionWarps] {
    let fitting = configurations.filter {
      $0.fits(headSize: headSize, maxWorkGroupSize: maxWorkGroupSize, localMemory: localMemory)
    }
    return fitting.isEmpty ? [AttentionWarps(warps: 1, warpQueries: 16)] : fitting
  }
}
