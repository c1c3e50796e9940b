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
    case unitFloat16 = "float16 of four warps"
    /// Of bfloat16, four warps together.
    case unitBfloat16 = "bfloat16 of four warps"

    var isOfUnits: Bool { self == .unitFloat16 || self == .unitBfloat16 }

    var precision: Precision {
      switch self {
      case .float16, .unitFloat16: .float16
      case .bfloat16, .unitBfloat16: .bfloat16
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
    profile.matrixProduct = product == .tf32 ? .tf32 : product.isOfUnits ? .wgmma : .mma
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
      if product.isOfUnits {
        let values = try unitProducts(of: known, buffers, out, executor)
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

  /// Four warps read the tiles that a dense layer lays out, so their probe is a dense layer.
  private static func unitProducts(
    of known: KnownProducts, _ operands: [Buffer], _ out: Buffer, _ executor: OpenCLExecutor
  ) throws -> [Float] {
    guard let tile = MMAConfiguration.unitCandidates.first(where: { ($0.tileRows, $0.tileColumns) == (64, 64) }) else {
      preconditionFailure("no tile of 64 x 64")  // a literal of this module
    }
    let layer = ["ACTIVATION": Int(Activation.identity.rawValue), "HAS_BIAS": 0, "WHOLE_CHUNKS": 1]
    let kernel = try executor.library.kernel(
      "linear_mma", defines: layer.merging(executor.profile.mmaDefines) { $1 }.merging(tile.defines) { $1 })
    let sizes = [KnownProducts.unitSide, KnownProducts.unitSide, known.steps * 16, 0, 0]
    try kernel.bind(
      (operands + [operands[0], out]).map(KernelValue.buffer) + sizes.map { KernelValue.int32(Int32($0)) })
    try executor.queue.launch(kernel, global: WorkSize(tile.workGroupItems), local: WorkSize(tile.workGroupItems))
    let bits = try executor.queue.read(out, count: known.expected.count, of: UInt16(0))
    return bits.withUnsafeBytes { executor.profile.precision.floats($0, count: bits.count) }
  }
}
