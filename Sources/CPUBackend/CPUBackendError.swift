// SPDX-License-Identifier: Apache-2.0
import COpenBLAS

/// What can keep the CPU executor from running.
public enum CPUBackendError: Error, Equatable, CustomStringConvertible {
  /// OpenBLAS is not there: `reason` is the dynamic linker's sentence.
  case noOpenBLAS(reason: String)

  public var description: String {
    switch self {
    case .noOpenBLAS(let reason):
      "the CPU executor needs OpenBLAS (Debian: libopenblas0-pthread), which cannot be opened: \(reason)"
    }
  }
}

/// The kernels that OpenBLAS picked for this CPU, such as `SkylakeX`; nil where OpenBLAS is not there.
public var matrixLibraryCore: String? { shim_openblas_core().map { String(cString: $0) } }
