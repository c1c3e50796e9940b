// SPDX-License-Identifier: Apache-2.0
import OpenCLRuntime

/// What was found out about a device's matrix engines.
public struct MatrixEngineProbe: Sendable {
  /// The engine that gave every known answer; nil where none did.
  public let engine: MatrixEngine?
  /// Why an engine that was tried is not used.
  public let note: String?

  /// Engines worth trying on a device. The vendor's name says which instructions to try; whether they are there and right
  /// is for the probe.
  static func candidates(_ device: Device) -> [MatrixEngine] {
    device.kind == .gpu && device.vendor.uppercased().contains("NVIDIA") ? [.nvidia] : []
  }

  /// Tries the device's engines on numbers whose products are known. Costs a fraction of a second where there is one to try.
  ///
  /// - Parameter cache: where built programs are kept; nil builds anew.
  public static func run(_ device: Device, cache: ProgramCache? = .standard) -> MatrixEngineProbe {
    run(device, candidates(device), cache: cache)
  }

  /// Tries engines, in order, until one is right.
  package static func run(
    _ device: Device, _ engines: [MatrixEngine], cache: ProgramCache?
  ) -> MatrixEngineProbe {
    var notes: [String] = []
    for engine in engines {
      do {
        guard let wrong = try difference(device, engine, cache: cache) else {
          return MatrixEngineProbe(engine: engine, note: nil)
        }
        notes.append("\(engine) gives wrong products (\(wrong)): not used")
      } catch { notes.append("\(engine) cannot be used: \(error)") }
    }
    return MatrixEngineProbe(engine: nil, note: notes.isEmpty ? nil : notes.joined(separator: "; "))
  }

  /// What is wrong with an engine's products; nil if nothing is.
  private static func difference(_ device: Device, _ engine: MatrixEngine, cache: ProgramCache?) throws -> String? {
    for (precision, passes) in [(Precision.float16, 1), (.bfloat16, 1), (.float32, 1), (.float32, 3)] {
      var profile = DeviceProfile(device, workGroupSize: 32, precision: precision)
      profile.matrixEngine = engine
      profile.matrixProduct = passes == 1 ? .tf32 : .mma
      let executor = try OpenCLExecutor(device, profile: profile, cache: cache)
      let numbers = KnownProducts(precision, passes: passes)
      let found = try executor.thread.runBlocking { try products(of: numbers, on: executor) }
      if let wrong = Agreement.difference(found, numbers.expected, within: numbers.tolerance) {
        return "\(precision.rawValue)\(precision == .float32 ? " in \(passes) tf32" : ""): \(wrong)"
      }
    }
    return nil
  }

  private static func products(of numbers: KnownProducts, on executor: OpenCLExecutor) throws -> [Float] {
    let queue = executor.queue
    let kernel = try executor.library.kernel("probe_mma", defines: executor.profile.mmaDefines)
    let bytes = executor.profile.precision.byteCount
    let buffers = try [numbers.x, numbers.weight, numbers.value].map { matrix in
      let buffer = try Buffer(executor.context, byteCount: matrix.count * bytes, access: .readOnly, label: "probe")
      let staging = try HostBuffer(queue, byteCount: matrix.count * bytes)
      executor.profile.precision.store(matrix, into: staging.bytes)
      try queue.upload(staging, byteCount: matrix.count * bytes, to: buffer, observed: false)
      try queue.finish()
      return buffer
    }
    let out = try Buffer(executor.context, byteCount: 512 * 4, label: "probe's products")
    try kernel.bind((buffers + [out]).map(KernelValue.buffer))
    try queue.launch(kernel, global: WorkSize(32), local: WorkSize(32))
    let found = try queue.read(out, count: numbers.expected.count, of: Float(0))
    executor.library.storeBinaries()
    return found
  }
}

/// Matrices whose products every right engine computes: small whole numbers, exact in each type; for the products of three
/// tf32, numbers of 24 bits.
private struct KnownProducts {
  let x: [Float]
  let weight: [Float]
  let value: [Float]
  /// The products of probe_mma, row-major.
  let expected: [Double]
  let tolerance: Double

  init(_ precision: Precision, passes: Int) {
    let depth = precision == .float32 ? 8 : 16
    let isFine = precision == .float32 && passes == 3
    // Different in every element and in no simple order, so that an exchanged row, column or word shows.
    func matrix(_ count: Int, _ factor: Int) -> [Float] {
      (0..<count).map { index in
        let whole = Float((index * factor + index / 7) % 15 - 7)
        return isFine ? whole + Float(index % 11) * 0x1p-20 : whole
      }
    }
    x = matrix(16 * depth, 11)
    weight = matrix(16 * depth, 13)
    value = precision == .float32 ? weight : matrix(16 * 16, 4)
    var expected: [Double] = []
    for matrix in precision == .float32 ? 0..<1 : 0..<2 {
      for row in 0..<16 {
        for column in 0..<16 {
          expected.append(
            (0..<depth).reduce(0.0) { sum, k in
              let right = matrix == 0 ? weight[column * depth + k] : value[k * 16 + column]
              return sum + Double(x[row * depth + k]) * Double(right)
            })
        }
      }
    }
    self.expected = expected
    tolerance = isFine ? 3e-5 : 0
  }
}
