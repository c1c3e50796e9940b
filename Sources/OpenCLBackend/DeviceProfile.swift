// SPDX-License-Identifier: Apache-2.0
import OpenCLRuntime

/// Which program multiplies matrices.
public enum MatrixProduct: String, Sendable, CaseIterable {
  /// `linear_panels`: weights packed into panels of columns, register tiles, no local memory. For CPU devices.
  case panels
  /// `linear_tiled`: tiles through local memory. For GPUs.
  case tiled
  /// `linear_mma`: tensor cores and their like. Elements of 16 bits as they are; float32 in three products of tf32, which
  /// have its accuracy. For devices with a `MatrixEngine`.
  case mma
  /// `linear_mma` with one product of tf32: float32 in memory, 11 bits of each operand in a product. For devices with a
  /// `MatrixEngine`.
  case tf32
  /// `linear_mma` by warpgroups, four warps together: NVIDIA's `wgmma` (sm_90a), for numbers of 16 bits. Never taken by
  /// itself: no GPU has run it.
  case wgmma
  /// CLBlast's `Sgemm`, with bias and activation as a launch of their own. For GPUs it is tuned for; on a CPU device it
  /// compiles for many seconds and runs at a tenth of `panels`. It picks another kernel for another number of rows, so it
  /// cannot promise that a sequence's bits are the same in every batch; the others do.
  case clblast

  /// Whether it runs on a matrix engine.
  public var usesMatrixEngine: Bool {
    switch self {
    case .mma, .tf32, .wgmma: true
    case .panels, .tiled, .clblast: false
    }
  }

  /// Whether it multiplies such numbers.
  public func takes(_ precision: Precision) -> Bool {
    switch self {
    case .panels, .tiled, .mma: true
    case .wgmma: precision != .float32
    case .tf32, .clblast: precision == .float32
    }
  }
}

/// How the kernels are built and launched on one device. Chosen from what the device says; each number can be forced.
public struct DeviceProfile: Sendable, Hashable {
  /// Work-items per row in the row kernels: 1 on CPU devices, where a vector is the unit; a power of two on GPUs.
  public let workGroupSize: Int
  /// Floats in a kernel's vector, whatever the precision: 1, 4, 8 or 16.
  public let vectorWidth: Int
  public var matrixProduct: MatrixProduct
  /// How real numbers are stored in the device's memory.
  public let precision: Precision
  /// Work-groups that the device runs at once.
  public var computeUnits: Int
  /// Whether weights are written into the device's memory by the host, which shares it; else they travel through staging.
  public var mapsWeights: Bool
  /// Whether values that are not needed at the same time lie in parts of one buffer that overlap. Not on NVIDIA's devices,
  /// where they lie in buffers of their own: the driver (580.159.04) ends the process in `clReleaseMemObject` when kernels
  /// that have overlapping parts of a buffer as arguments are released by and by, each with its parts. Parts that do not
  /// overlap it survives, and overlapping ones where all kernels go first. That costs memory: the sum of the places in place
  /// of their peak.
  public var sharesArena: Bool
  /// Work-items of the largest group that the device takes.
  public let maxWorkGroupSize: Int
  /// Bytes of local memory that a group can have.
  public let localMemory: Int
  /// What multiplies small matrices, found by known answers; nil where there is no such unit.
  public var matrixEngine: MatrixEngine?
  /// The one configuration of `linear_mma` that every dense layer runs in; nil, or one that is not of the matrix product's
  /// kind, leaves the choice to the layer's size.
  public var mmaConfiguration: MMAConfiguration?
  /// The one configuration of `linear_tiled` that every dense layer runs in; nil leaves the choice to the layer's size.
  public var tiledConfiguration: TiledConfiguration?
  /// The one number of queries (1, 2, 4 or 8) that a work-item of `attention_tiled` takes; nil leaves the choice to the
  /// sequences' lengths.
  public var attentionItemQueries: Int?
  /// The one configuration of `attention_mma` that attention runs in where it runs on the matrix engine; nil leaves the
  /// choice to the sequences' lengths.
  public var attentionWarps: AttentionWarps?
  /// Every sub-buffer starts at a multiple of it, in bytes.
  public let alignment: Int

  /// The profile for a device, with what the caller forces.
  ///
  /// - Parameters:
  ///   - workGroupSize: forces the GPU form of the kernels on a CPU device (above 1, rounded down to a power of two,
  ///     which the kernels' reductions need) or the reverse (1).
  ///   - vectorWidth: forces the floats in a vector of the CPU form: 1, 4, 8 or 16; others are rounded down to one of them.
  ///   - matrixProduct: forces the choice of matrix product.
  ///   - precision: how weights, activations and caches are stored.
  public init(
    _ device: Device, workGroupSize: Int? = nil, vectorWidth: Int? = nil, matrixProduct: MatrixProduct? = nil,
    precision: Precision = .float32
  ) {
    self.precision = precision
    let isCPU = device.kind == .cpu
    // 128 work-items hide latency on a row of a few hundred floats; a small device takes what it has.
    let items = max(workGroupSize ?? (isCPU ? 1 : min(device.maxWorkGroupSize, 128)), 1)
    self.workGroupSize = 1 << (Int.bitWidth - 1 - items.leadingZeroBitCount)
    let width = vectorWidth ?? max(device.nativeFloatWidth, 4)
    self.vectorWidth = self.workGroupSize == 1 ? [16, 8, 4].first { $0 <= width } ?? 1 : 1
    self.matrixProduct = matrixProduct ?? (isCPU ? .panels : .tiled)
    // In the form of the kernels that GPUs run, weights take a GPU's way as well: tests force it on a CPU device. Oclgrind
    // passes for a GPU too, which is as well: it takes what the host writes into a mapped buffer for uninitialized.
    mapsWeights = isCPU && self.workGroupSize == 1 && device.hasUnifiedMemory
    sharesArena = !device.vendor.uppercased().contains("NVIDIA")
    computeUnits = max(device.computeUnits, 1)
    maxWorkGroupSize = device.maxWorkGroupSize
    localMemory = device.localMemory
    alignment = max(device.baseAlignment, 64)
  }

  /// Columns of a panel of `linear_panels`, and of its register tile: 8 x 48 floats fill the 32 registers of AVX-512, 6 x 2
  /// vectors the 16 of AVX2.
  public var panelWidth: Int { (vectorWidth == 16 ? 3 : 2) * vectorWidth }

  /// Tiles of `attention_tiled`, the GPU form, for a head size.
  func attentionTiles(headSize: Int) -> [AttentionTile] {
    let tiles = AttentionTile.tiles(headSize: headSize, workGroupSize: workGroupSize)
    guard let attentionItemQueries else { return tiles }
    return [AttentionTile(queryItems: tiles[0].queryItems, itemQueries: attentionItemQueries)]
  }

  /// Work-items of a group of attention's halves: each holds vectors in registers, so fewer than elsewhere.
  var attentionGroupSize: Int { min(workGroupSize, 64) }

  /// Macros that every kernel gets. No relaxed mathematics: infinities and the order of sums matter.
  var defines: [String: Int] {
    ["WG_SIZE": workGroupSize, "VECTOR_WIDTH": vectorWidth, "PRECISION": precision.define]
  }
}
