// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import BERT
import OpenCLBackend

extension Precision: ExpressibleByArgument {}
extension MatrixProduct: ExpressibleByArgument {}
extension BertHead: ExpressibleByArgument {}

extension MatrixProduct {
  /// Refuses a precision that it does not take.
  func validate(with precision: Precision) throws {
    guard !takes(precision) else { return }
    let precisions = Precision.allCases.filter(takes).map(\.rawValue).joined(separator: " or ")
    throw ValidationError(
      "--matrix-product \(rawValue) computes in \(precisions) only; choose --precision \(precisions), or another product."
    )
  }
}

/// Where a model runs: the same options for every command that runs one.
struct EngineOptions: ParsableArguments {
  @Option(
    name: .long,
    help: ArgumentHelp(
      "Where to run: auto, cpu, opencl or opencl:PLATFORM:DEVICE.",
      discussion: "auto takes the best OpenCL device (GPU, then accelerator, then CPU) and, where there is none, cpu.",
      valueName: "device"),
    transform: { try DeviceChoice($0) })
  var device = DeviceChoice.automatic

  @Option(
    name: .long,
    help: ArgumentHelp(
      "How an OpenCL device stores weights and activations; float16 and bfloat16 take half the memory.",
      discussion: """
        Computed in float32 whatever is stored. Training and the cpu device have float32 alone. An OpenCL device that is a \
        CPU saves memory by it and gets slower.
        """))
  var precision = Precision.float32

  @Option(
    name: .long,
    help: "Force a matrix product of the OpenCL device (default: the one that suits it; `bert info` shows it).")
  var matrixProduct: MatrixProduct?

  mutating func validate() throws {
    try matrixProduct?.validate(with: precision)
    guard precision != .float32 else { return }
    guard device != .cpu else {
      throw ValidationError(
        "--device cpu computes in float32 only; drop --precision \(precision.rawValue) or choose an OpenCL device.")
    }
  }

  /// Refuses what training does not have, before anything is read.
  func validateForTraining() throws {
    guard precision == .float32 else {
      throw ValidationError("Training computes in float32 only; drop --precision \(precision.rawValue).")
    }
  }

  /// Opens the device.
  ///
  /// - Parameters:
  ///   - tuning: see `Engine.open`.
  ///   - recordsCommands: see `Engine.open`.
  /// - Throws: `CommandError.matrixProduct`; what `Engine.open` throws.
  func open(tuning: TuningStore? = .standard, recordsCommands: Bool = false) throws -> Engine {
    let engine = try Engine.open(
      device, matrixProduct: matrixProduct, precision: precision, tuning: tuning, recordsCommands: recordsCommands)
    if let matrixProduct, engine.profile == nil {
      throw CommandError.matrixProduct(matrixProduct, engine: engine.name)
    }
    return engine
  }
}
