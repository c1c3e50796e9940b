// SPDX-License-Identifier: Apache-2.0

/// Units of a device that multiply small matrices, and how kernels reach them: `MATRIX_ENGINE` of warp.cl.
public enum MatrixEngine: Int, Sendable, CaseIterable, CustomStringConvertible {
  /// None: the same lanes and fragments exchanged through local memory. Slow; for tests, where there is no such GPU.
  case emulated = 0
  /// NVIDIA's tensor cores, by inline PTX: `mma.sync`, `ldmatrix`, `cp.async`; compute capability 8.0 and later. `wgmma`, of four
  /// warps: 9.0 alone.
  case nvidia = 1
  /// The WMMA units of AMD's RDNA 3, by the compiler's builtins; 16 bits only. Attention has no kernel for them.
  case amd = 2

  public var description: String {
    switch self {
    case .emulated: "emulated"
    case .nvidia: "NVIDIA tensor cores"
    case .amd: "AMD WMMA"
    }
  }

  /// Products that it may have.
  var products: [MatrixEngineProbe.Product] {
    self == .amd ? [.float16, .bfloat16] : MatrixEngineProbe.Product.allCases
  }
}
