// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import BERT
import OpenCLBackend

extension Precision: ExpressibleByArgument {}
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

  @Option(
    name: .long,
    help: ArgumentHelp(
      "How an OpenCL device stores weights and activations; float16 and bfloat16 take half the memory.",
      discussion: "Computed in float32 whatever is stored. Training and the cpu device have float32 alone."))
  var precision = Precision.float32

  @Option(
    name: .long,
    help: "Force a matrix product of the OpenCL device (default: the one that suits it; `bert info` shows it).")
  var matrixProduct: MatrixProduct?

  mutating func validate() throws {
    guard precision != .float32 else { return }
    guard device != .cpu else {
      throw ValidationError(
        "--device cpu computes in float32 only; drop --precision \(precision.rawValue) or choose an OpenCL device.")
    }
    guard matrixProduct != .clblast else {
      throw ValidationError(
        "--matrix-product clblast computes in float32 only; drop --precision \(precision.rawValue) or choose another.")
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
  /// - Parameter tuning: see `Engine.open`.
  /// - Throws: `CommandError.matrixProduct`; what `Engine.open` throws.
  func open(tuning: TuningStore? = .standard) throws -> Engine {
    let engine = try Engine.open(device, matrixProduct: matrixProduct, precision: precision, tuning: tuning)
    if let matrixProduct, engine.profile == nil {
      throw CommandError.matrixProduct(matrixProduct, engine: engine.name)
    }
    return engine
  }
}
