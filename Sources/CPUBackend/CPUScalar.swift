// SPDX-License-Identifier: Apache-2.0
import COpenBLAS
import ComputeGraph
import Glibc

/// A precision of the CPU executor: `Double` for the oracle, `Float` for the fallback.
public protocol CPUScalar: BinaryFloatingPoint, Sendable {
  static func exponential(_ x: Self) -> Self
  static func hyperbolicTangent(_ x: Self) -> Self
  static func errorFunction(_ x: Self) -> Self
  static func logarithm(_ x: Self) -> Self
  static func logarithmOnePlus(_ x: Self) -> Self

  /// `C = alpha op(A) op(B) + beta C`, row-major: op(A) `[rows, depth]`, op(B) `[depth, columns]`, C `[rows, columns]`, where
  /// op transposes what is stored or not; strides in elements.
  static func matrixProduct(
    _ a: UnsafePointer<Self>, stride aStride: Int, transposed aTransposed: Bool, _ b: UnsafePointer<Self>,
    stride bStride: Int, transposed bTransposed: Bool, into c: UnsafeMutablePointer<Self>, stride cStride: Int,
    rows: Int, columns: Int, depth: Int, alpha: Self, beta: Self)

  /// Reads a parameter in this precision.
  static func tensor(_ elements: [Self], shape: [Int]) throws -> Tensor
  static func elements(of tensor: Tensor) -> [Self]
  static func read(
    _ parameter: Graph.Parameter, from source: any ParameterSource, into destination: UnsafeMutableBufferPointer<Self>
  ) throws
}

extension CPUScalar {
  /// `C = alpha A op(B)`.
  static func matrixProduct(
    _ a: UnsafePointer<Self>, stride aStride: Int, _ b: UnsafePointer<Self>, stride bStride: Int, transposed: Bool,
    into c: UnsafeMutablePointer<Self>, stride cStride: Int, rows: Int, columns: Int, depth: Int, alpha: Self
  ) {
    matrixProduct(
      a, stride: aStride, transposed: false, b, stride: bStride, transposed: transposed, into: c, stride: cStride,
      rows: rows, columns: columns, depth: depth, alpha: alpha, beta: 0)
  }
}

extension Float: CPUScalar {
  public static func exponential(_ x: Float) -> Float { expf(x) }
  public static func hyperbolicTangent(_ x: Float) -> Float { tanhf(x) }
  public static func errorFunction(_ x: Float) -> Float { erff(x) }
  public static func logarithm(_ x: Float) -> Float { logf(x) }
  public static func logarithmOnePlus(_ x: Float) -> Float { log1pf(x) }

  public static func matrixProduct(
    _ a: UnsafePointer<Float>, stride aStride: Int, transposed aTransposed: Bool, _ b: UnsafePointer<Float>,
    stride bStride: Int, transposed bTransposed: Bool, into c: UnsafeMutablePointer<Float>, stride cStride: Int,
    rows: Int, columns: Int, depth: Int, alpha: Float, beta: Float
  ) {
    shim_sgemm(
      Int32(rows), Int32(columns), Int32(depth), alpha, a, Int32(aStride), aTransposed ? 1 : 0, b, Int32(bStride),
      bTransposed ? 1 : 0, beta, c, Int32(cStride))
  }

  public static func tensor(_ elements: [Float], shape: [Int]) throws -> Tensor {
    try Tensor(.float32(elements), shape: shape)
  }
  public static func elements(of tensor: Tensor) -> [Float] { tensor.floats }
  public static func read(
    _ parameter: Graph.Parameter, from source: any ParameterSource, into destination: UnsafeMutableBufferPointer<Float>
  ) throws {
    try source.read(parameter, into: destination)
  }
}

extension Double: CPUScalar {
  public static func exponential(_ x: Double) -> Double { exp(x) }
  public static func hyperbolicTangent(_ x: Double) -> Double { Glibc.tanh(x) }
  public static func errorFunction(_ x: Double) -> Double { erf(x) }
  public static func logarithm(_ x: Double) -> Double { log(x) }
  public static func logarithmOnePlus(_ x: Double) -> Double { log1p(x) }

  public static func matrixProduct(
    _ a: UnsafePointer<Double>, stride aStride: Int, transposed aTransposed: Bool, _ b: UnsafePointer<Double>,
    stride bStride: Int, transposed bTransposed: Bool, into c: UnsafeMutablePointer<Double>, stride cStride: Int,
    rows: Int, columns: Int, depth: Int, alpha: Double, beta: Double
  ) {
    shim_dgemm(
      Int32(rows), Int32(columns), Int32(depth), alpha, a, Int32(aStride), aTransposed ? 1 : 0, b, Int32(bStride),
      bTransposed ? 1 : 0, beta, c, Int32(cStride))
  }

  public static func tensor(_ elements: [Double], shape: [Int]) throws -> Tensor {
    try Tensor(.float64(elements), shape: shape)
  }
  public static func elements(of tensor: Tensor) -> [Double] { tensor.doubles }
  public static func read(
    _ parameter: Graph.Parameter, from source: any ParameterSource, into destination: UnsafeMutableBufferPointer<Double>
  ) throws {
    try source.read(parameter, into: destination)
  }
}
