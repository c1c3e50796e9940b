// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import BERT
import OpenCLBackend

/// How numbers are stored on the device.
enum Precision: String, CaseIterable, ExpressibleByArgument {
  case float32, float16, bfloat16
}

extension MatrixProduct: ExpressibleByArgument {}
extension BertHead: ExpressibleByArgument {}

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

  @Option(name: .long, help: "Precision on the device; this version computes in float32 only.")
  var precision = Precision.float32

  @Option(
    name: .long,
    help: "Force a matrix product of the OpenCL device (default: the one that suits it; `bert info` shows it).")
  var matrixProduct: MatrixProduct?

  /// Opens the device.
  ///
  /// - Parameters:
  ///   - tuning: see `Engine.open`.
  ///   - recordsCommands: see `Engine.open`.
  /// - Throws: `CommandError.precision`, `.matrixProduct`; what `Engine.open` throws.
  func open(tuning: TuningStore? = .standard, recordsCommands: Bool = false) throws -> Engine {
    guard precision == .float32 else { throw CommandError.precision(precision) }
    let engine = try Engine.open(
      device, matrixProduct: matrixProduct, tuning: tuning, recordsCommands: recordsCommands)
    if let matrixProduct, engine.profile == nil {
      throw CommandError.matrixProduct(matrixProduct, engine: engine.name)
    }
    return engine
  }
}
