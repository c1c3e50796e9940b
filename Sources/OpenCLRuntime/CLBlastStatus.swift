// SPDX-License-Identifier: Apache-2.0

import COpenCL

/// What a CLBlast call returned. Kept apart from ``OpenCLStatus``: some numbers are shared, the meanings are not all.
///
/// Source: `clblast_c.h` of CLBlast 1.5.3.
public struct CLBlastStatus: RawRepresentable, Hashable, Sendable, CustomStringConvertible {
  /// The code as CLBlast returned it: 0 is success, failures are negative.
  public let rawValue: Int32

  public init(rawValue: Int32) { self.rawValue = rawValue }

  public static let success = CLBlastStatus(rawValue: 0)

  /// The symbolic name, such as `CLBlastInvalidMatrixA`, or null for a code the header does not name.
  public var name: String? { Self.names[rawValue] }

  /// Name and number: `CLBlastInvalidMatrixA (-1022)`.
  public var description: String { "\(name ?? "unknown status") (\(rawValue))" }

  private static let names: [Int32: String] = [
    0: "CLBlastSuccess",
    -3: "CLBlastOpenCLCompilerNotAvailable",
    -4: "CLBlastTempBufferAllocFailure",
    -5: "CLBlastOpenCLOutOfResources",
    -6: "CLBlastOpenCLOutOfHostMemory",
    -11: "CLBlastOpenCLBuildProgramFailure",
    -30: "CLBlastInvalidValue",
    -36: "CLBlastInvalidCommandQueue",
    -38: "CLBlastInvalidMemObject",
    -42: "CLBlastInvalidBinary",
    -43: "CLBlastInvalidBuildOptions",
    -44: "CLBlastInvalidProgram",
    -45: "CLBlastInvalidProgramExecutable",
    -46: "CLBlastInvalidKernelName",
    -47: "CLBlastInvalidKernelDefinition",
    -48: "CLBlastInvalidKernel",
    -49: "CLBlastInvalidArgIndex",
    -50: "CLBlastInvalidArgValue",
    -51: "CLBlastInvalidArgSize",
    -52: "CLBlastInvalidKernelArgs",
    -53: "CLBlastInvalidLocalNumDimensions",
    -54: "CLBlastInvalidLocalThreadsTotal",
    -55: "CLBlastInvalidLocalThreadsDim",
    -56: "CLBlastInvalidGlobalOffset",
    -57: "CLBlastInvalidEventWaitList",
    -58: "CLBlastInvalidEvent",
    -59: "CLBlastInvalidOperation",
    -61: "CLBlastInvalidBufferSize",
    -63: "CLBlastInvalidGlobalWorkSize",
    -1024: "CLBlastNotImplemented",
    -1022: "CLBlastInvalidMatrixA",
    -1021: "CLBlastInvalidMatrixB",
    -1020: "CLBlastInvalidMatrixC",
    -1019: "CLBlastInvalidVectorX",
    -1018: "CLBlastInvalidVectorY",
    -1017: "CLBlastInvalidDimension",
    -1016: "CLBlastInvalidLeadDimA",
    -1015: "CLBlastInvalidLeadDimB",
    -1014: "CLBlastInvalidLeadDimC",
    -1013: "CLBlastInvalidIncrementX",
    -1012: "CLBlastInvalidIncrementY",
    -1011: "CLBlastInsufficientMemoryA",
    -1010: "CLBlastInsufficientMemoryB",
    -1009: "CLBlastInsufficientMemoryC",
    -1008: "CLBlastInsufficientMemoryX",
    -1007: "CLBlastInsufficientMemoryY",
    -2050: "CLBlastInsufficientMemoryTemp",
    -2049: "CLBlastInvalidBatchCount",
    -2048: "CLBlastInvalidOverrideKernel",
    -2047: "CLBlastMissingOverrideParameter",
    -2046: "CLBlastInvalidLocalMemUsage",
    -2045: "CLBlastNoHalfPrecision",
    -2044: "CLBlastNoDoublePrecision",
    -2043: "CLBlastInvalidVectorScalar",
    -2042: "CLBlastInsufficientMemoryScalar",
    -2041: "CLBlastDatabaseError",
    -2040: "CLBlastUnknownError",
    -2039: "CLBlastUnexpectedError",
    Int32(SHIM_NO_LIBRARY): "no library",
    Int32(SHIM_NO_FUNCTION): "no such function in the library",
  ]
}
