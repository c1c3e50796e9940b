// SPDX-License-Identifier: Apache-2.0

extension DeviceProfile {
  /// The products that this device would use if its engine had them.
  ///
  /// - Parameter isForced: as in ``use(_:isForced:)``.
  public func productsToTry(isForced: Bool) -> Set<MatrixEngineProbe.Product> {
    if matrixProduct.usesMatrixEngine { return products(of: matrixProduct) }
    return !isForced && matrixProduct == .tiled ? products(of: .mma) : []
  }

  /// Takes what a probe found: where the device has products of this precision, and of float32's accuracy, they become the
  /// matrix product.
  ///
  /// - Parameter isForced: whether the caller asked for the matrix product that is set: it stays. One that uses a matrix
  ///   engine is emulated where the device has none that is right.
  public mutating func use(_ probe: MatrixEngineProbe, isForced: Bool) {
    if !isForced, matrixProduct == .tiled, probe.products.isSuperset(of: products(of: .mma)) { matrixProduct = .mma }
    guard matrixProduct.usesMatrixEngine else { return }
    matrixEngine = probe.products.isSuperset(of: products(of: matrixProduct)) ? probe.engine : .emulated
  }

  /// What an engine must have for a matrix product in this precision, and for attention beside it.
  private func products(of matrixProduct: MatrixProduct) -> Set<MatrixEngineProbe.Product> {
    switch precision {
    case .float16: matrixProduct == .wgmma ? [.float16, .wgmmaFloat16] : [.float16]
    case .bfloat16: matrixProduct == .wgmma ? [.bfloat16, .wgmmaBfloat16] : [.bfloat16]
    case .float32: [matrixProduct == .tf32 ? .tf32 : .tf32x3]
    }
  }

  /// Macros of warp.cl.
  var mmaDefines: [String: Int] {
    ["MATRIX_ENGINE": (matrixEngine ?? .emulated).rawValue, "PASSES": matrixProduct == .tf32 ? 1 : 3]
  }
}
