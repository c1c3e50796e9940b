// SPDX-License-Identifier: Apache-2.0
import ComputeGraph
import OpenCLRuntime

/// What was found out about a device's matrix engine, by products whose answers are known.
public struct MatrixEngineProbe: Sendable, Equatable {
  /// A kind of product that an engine may have.
  public enum Product: String, Sendable, CaseIterable {
    /// Of binary16, sums in float32.
    case float16
    /// Of bfloat16, sums in float32.
    case bfloat16
    /// Of float32, each cut to 11 bits.
    case tf32
    /// Of float32, in three products of tf32.
    case tf32x3
    /// Of binary16, four warps together.
    case wgmmaFloat16 = "float16 by wgmma"
    /// Of bfloat16, four warps together.
    case wgmmaBfloat16 = "bfloat16 by wgmma"

    var isOfWarpgroups: Bool { self == .wgmmaFloat16 || self == .wgmmaBfloat16 }

    var precision: Precision {
      switch self {
      case .float16, .wgmmaFloat16: .float16
      case .bfloat16, .wgmmaBfloat16: .bfloat16
      case .tf32, .tf32x3: .float32
      }
    }
  }

  /// The engine that was tried and has at least one product; nil where there is none.
  public let engine: MatrixEngine?
  /// The products that gave their known answers.
  public let products: Set<Product>
  /// What was wrong with products that are therefore not used, a sentence each.
  public let notes: [String]
  /// Why products are not there at all, a sentence each: most devices have no such instructions.
  public let absences: [String]

  package init(engine: MatrixEngine?, products: Set<Product>, notes: [String] = [], absences: [String] = []) {
    (self.engine, self.products, self.notes, self.absences) = (engine, products, notes, absences)
  }

  /// Engines worth trying on a device. The vendor's name says which instructions to try; whether they are there and right
  /// is for the probe.
  static func candidates(_ device: Device) -> [MatrixEngine] {
    guard device.kind == .gpu else { return [] }
    let vendor = device.vendor.uppercased()
    if vendor.contains("NVIDIA") { return [.nvidia] }
    return vendor.contains("ADVANCED MICRO DEVICES") || vendor.contains("AMD") ? [.amd] : []
  }

  /// Tries the device's engines. Costs a fraction of a second where there is one to try, nothing elsewhere.
  ///
  /// - Parameters:
  ///   - wanted: the products to try: each costs a context and a program.
  ///   - cache: where built programs are kept; nil builds anew.
  public static func run(
    _ device: Device, _ wanted: Set<Product> = Set(Product.allCases), cache: ProgramCache? = .standard
  ) -> MatrixEngineProbe {
    run(device, wanted.isEmpty ? [] : candidates(device), wanted, cache: cache)
  }

  /// Tries engines, in order, until one has a product.
  ///
  /// - Parameter numbers: what each product multiplies, and what is right.
  package static func run(
    _ device: Device, _ engines: [MatrixEngine], _ wanted: Set<Product> = Set(Product.allCases), cache: ProgramCache?,
    numbers: (Product) -> KnownProducts = KnownProducts.init
  ) -> MatrixEngineProbe {
    var (notes, absences): ([String], [String]) = ([], [])
    for engine in engines {
      var right: Set<Product> = []
      for product in engine.products where wanted.contains(product) {
        do {
          let known = numbers(product)
          let found = try products(of: known, product, engine, device, cache: cache)
          if let wrong = known.difference(found, engine) {
            notes.append("\(engine) gives wrong products of \(product.rawValue), which are not used: \(wrong)")
          } else {
            right.insert(product)
          }
        } catch { absences.append("\(engine) has no products of \(product.rawValue): \(error)") }
      }
      if !right.isEmpty { return MatrixEngineProbe(engine: engine, products: right, notes: notes, absences: absences) }
    }
    return MatrixEngineProbe(engine: nil, products: [], notes: notes, absences: absences)
  }

  private static func products(
    of known: KnownProducts, _ product: Product, _ engine: MatrixEngine, _ device: Device, cache: ProgramCache?
  ) throws -> [Float] {
    var profile = DeviceProfile(device, workGroupSize: 32, precision: product.precision)
    profile.matrixEngine = engine
    profile.matrixProduct = product == .tf32 ? .tf32 : product.isOfWarpgroups ? .wgmma : .mma
    let executor = try OpenCLExecutor(device, profile: profile, cache: cache)
    return try executor.thread.runBlocking {
      let queue = executor.queue
      let buffers = try [known.x, known.weight, known.value].filter { !$0.isEmpty }.map { matrix in
        let byteCount = matrix.count * product.precision.byteCount
        let buffer = try Buffer(executor.context, byteCount: byteCount, access: .readOnly, label: "probe")
        let staging = try HostBuffer(queue, byteCount: byteCount)
        matrix.withUnsafeBufferPointer { product.precision.encode($0, into: staging.bytes) }
        try queue.upload(staging, byteCount: byteCount, to: buffer, observed: false)
        try queue.finish()
        return buffer
      }
      let out = try Buffer(executor.context, byteCount: max(512, known.expected.count) * 4, label: "probe's products")
      if product.isOfWarpgroups {
        let values = try warpgroupProducts(of: known, buffers, out, executor)
        executor.library.storeBinaries()
        return values
      }
      let kernel = try executor.library.kernel("probe_mma", defines: executor.profile.mmaDefines)
      try kernel.bind((buffers + [out]).map(KernelValue.buffer) + [.int32(Int32(known.steps))])
      try queue.launch(kernel, global: WorkSize(32), local: WorkSize(32))
      let found = try queue.read(out, count: known.expected.count, of: Float(0))
      executor.library.storeBinaries()
      return found
    }
  }

  /// The tiles of a probe of warpgroups: one of each way in which chunks are exchanged, and together with more than one
  /// product down, another width, several groups, and pairs of tiles that are filled again.
  private static let warpgroupTiles = [
    MMAConfiguration(
      tileRows: 64, tileColumns: 64, warpRows: 64, warpColumns: 64, tileChunks: 8, stages: 3, warpgroupSize: 4),
    MMAConfiguration(
      tileRows: 128, tileColumns: 128, warpRows: 128, warpColumns: 128, tileChunks: 4, stages: 3, warpgroupSize: 4),
  ]

  /// A warpgroup reads the tiles that a dense layer lays out, so its probe is a dense layer, in one tile after the other.
  private static func warpgroupProducts(
    of known: KnownProducts, _ operands: [Buffer], _ out: Buffer, _ executor: OpenCLExecutor
  ) throws -> [Float] {
    let (side, precision) = (KnownProducts.warpgroupSide, executor.profile.precision)
    let layer = ["ACTIVATION": Int(Activation.identity.rawValue), "HAS_BIAS": 0, "WHOLE_CHUNKS": 1]
    let values = (operands + [operands[0], out]).map(KernelValue.buffer)
    var found: [Float] = []
    for tile in warpgroupTiles {
      let kernel = try executor.library.kernel(
        "linear_mma", defines: layer.merging(executor.profile.mmaDefines) { $1 }.merging(tile.defines) { $1 })
      try kernel.bind(values + [side, side, known.steps * 16, 0, 0].map { KernelValue.int32(Int32($0)) })
      try executor.queue.fill(out, with: Float.nan)
      let groups = tile.groups(rows: side, columns: side)
      try executor.queue.launch(
        kernel, global: WorkSize(groups * tile.workGroupItems), local: WorkSize(tile.workGroupItems))
      let bits = try executor.queue.read(out, count: side * side, of: UInt16(0))
      found += bits.withUnsafeBytes { precision.floats($0, count: bits.count) }
    }
    return found
  }
}
