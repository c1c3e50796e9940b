// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import BERT
import OpenCLBackend
import StrictJSON

/// `bert bench-gemm`: what the dense layers reach by themselves.
struct BenchGEMM: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "bench-gemm",
    abstract: "Time matrix products on an OpenCL device.",
    discussion: """
      Times y [M, N] = x [M, K] W [N, K]^T + b by the device's own events, with all operands on the device. Default: \
      BERT-base's four dense layers at 16, 128 and 4096 tokens, and squares of 1024 to 8192.

      Some elements are checked against double precision; the error is relative (norm of the difference over the norm \
      of what is right). The operands are multiples of 1/64 from -1 to 63/64, of which float32 holds every product and sum \
      exactly, in whatever order they are added: a float32 error of 0 is right, and one above 1e-5 fails. With \
      --precision float16 or bfloat16, what is left is the rounding of the results to 16 bits. How products of other \
      numbers round is for `bert verify` to say.

        bert bench-gemm
        bert bench-gemm --precision float16 --shapes 4096x4096x4096,512x768x768 --json -

      Each line of the JSON has "gemm" [M, N, K], "device", "precision", "matrix_product", "matrix_engine" where the \
      product runs on one ("emulated" where the device has none), "seconds" of each run, "tflops" of the median, and \
      the largest "relative_error".
      """)

  @Option(help: ArgumentHelp("MxNxK with commas between them.", valueName: "shapes"))
  var shapes: String?

  @Option(help: ArgumentHelp("Seconds of device time a shape, after 3 runs; at most 100 runs.", valueName: "seconds"))
  var seconds = 0.5

  @Option(help: ArgumentHelp("Where the JSON lines go; - is standard output.", valueName: "file"))
  var json: String?

  // Not `EngineOptions`: the CPU executor, which has no events, is not offered.
  @Option(
    help: ArgumentHelp(
      "The OpenCL device: auto for the best one, or opencl:PLATFORM:DEVICE as `bert devices` lists it.",
      valueName: "device"),
    transform: { try DeviceChoice($0) })
  var device = DeviceChoice.automatic

  @Option(help: "How the device stores operands and results; sums are float32 in all.")
  var precision = Precision.float32

  @Option(
    help: "Force a matrix product (default: the one that suits the device); clblast cannot be timed here.")
  var matrixProduct: MatrixProduct?

  mutating func validate() throws {
    for name in shapes?.split(separator: ",", omittingEmptySubsequences: false) ?? []
    where GEMMShape(argument: String(name)) == nil {
      throw ValidationError("--shapes: \"\(name)\" is not MxNxK, such as 128x768x3072, of 1 to 65536 each.")
    }
    guard seconds > 0 else { throw ValidationError("--seconds must be above 0.") }
    guard device != .cpu else {
      throw ValidationError("The CPU executor makes no events: name an OpenCL device, as `bert devices` lists them.")
    }
    guard matrixProduct != .clblast else {
      throw ValidationError("CLBlast's launches have no events: use another --matrix-product.")
    }
    try matrixProduct?.validate(with: precision)
  }

  func run() async throws {
    var options = EngineOptions()
    // No fallback: the CPU executor could not be timed.
    options.device = device == .automatic ? .opencl(selector: "opencl") : device
    (options.precision, options.matrixProduct) = (precision, matrixProduct)
    let engine = try options.open(recordsCommands: true)
    guard let executor = engine.executor as? OpenCLExecutor, let profile = engine.profile else {
      throw CommandError.noEvents
    }
    if let json { try checkDestination(json) }
    let chosen = shapes?.split(separator: ",").compactMap { GEMMShape(argument: String($0)) } ?? GEMMShape.usual
    var lines = json.map(ResultLines.init(path:))
    var status = StatusLine()
    defer { status.finish() }
    var problems: [String] = []
    let product = profile.matrixProduct.rawValue
    let unit = profile.matrixEngine?.description
    if json != "-" {
      let by = unit.map { " (\($0))" } ?? ""
      try StandardOutput.write("\(engine.name), \(precision.rawValue), \(product)\(by): M x N x K\n")
    }
    for (index, shape) in chosen.enumerated() {
      status.show("\(shape.name), \(index + 1) of \(chosen.count)")
      var line: JSONObject = [
        "gemm": .array([shape.rows, shape.columns, shape.depth].map { .integer($0) }), "device": .string(engine.name),
        "precision": .string(precision.rawValue), "matrix_product": .string(product),
      ]
      if let unit { line["matrix_engine"] = .string(unit) }
      do {
        let (times, error) = try await measure(shape, executor)
        let rate = shape.floatingPointOperations / times.median / 1e12
        line["seconds"] = .array(times.seconds.map { .number(JSONNumber($0)) })
        line["tflops"] = .number(JSONNumber(rate))
        // tf32 holds these operands exactly as well.
        let bound = max(precision.bound(nil), 1e-5)
        // Written so that a NaN is a problem.
        if !(error <= bound) {
          problems.append("\(shape.name): relative error \(scientific(error)), at most \(scientific(bound)) is right")
        }
        line["relative_error"] = error.isFinite ? .number(JSONNumber(error)) : .null
        status.finish()
        if json != "-" {
          try StandardOutput.write(
            "  " + shape.name.padded(to: 20) + "\(fixed(1e3 * times.median, 3)) ms".aligned(to: 14)
              + "\(fixed(rate, 3)) TFLOP/s".aligned(to: 18) + "   error \(scientific(error))\n")
        }
      } catch {
        problems.append("\(shape.name): \(error)")
        line["problem"] = .string("\(error)")
      }
      try lines?.add(line)
    }
    if json != "-" {
      let rest = precision == .float32 ? "0 is right" : "what is left is the results' rounding to 16 bits"
      try StandardOutput.write("Errors are relative, on operands that float32 multiplies and adds exactly: \(rest)\n")
    }
    guard problems.isEmpty else { throw CommandError.inputsFailed(problems, of: chosen.count) }
  }

  private func measure(_ shape: GEMMShape, _ executor: OpenCLExecutor) async throws -> (BenchTimes, Double) {
    let run = try await GEMMRun(shape, on: executor)
    let error = try await run.error()
    var times: [Double] = []
    while times.count < 3 || (times.count < 100 && times.reduce(0, +) < seconds) { times.append(try await run.time()) }
    return (BenchTimes(times), error)
  }
}
