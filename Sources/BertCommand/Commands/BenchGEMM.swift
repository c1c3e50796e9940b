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
      Times y [M, N] = x [M, K] W [N, K]^T + b by the device's own events, with all operands on the device, and checks \
      some elements against double precision. Default: BERT-base's four dense layers at 16, 128 and 4096 tokens, and \
      squares of 1024 to 8192.

        bert bench-gemm
        bert bench-gemm --precision float16 --shapes 4096x4096x4096,512x768x768 --json -

      Each line of the JSON has "gemm" [M, N, K], "device", "precision", "matrix_product", "seconds" of each run, \
      "tflops" of the median, and the largest "relative_error".
      """)

  @Option(help: ArgumentHelp("MxNxK with commas between them.", valueName: "shapes"))
  var shapes: String?

  @Option(help: ArgumentHelp("Seconds of device time a shape, after 3 runs; at most 100 runs.", valueName: "seconds"))
  var seconds = 0.5

  @Option(help: ArgumentHelp("Where the JSON lines go; - is standard output.", valueName: "file"))
  var json: String?

  @OptionGroup(title: "Device options")
  var engine: EngineOptions

  mutating func validate() throws {
    for name in shapes?.split(separator: ",", omittingEmptySubsequences: false) ?? []
    where GEMMShape(argument: String(name)) == nil {
      throw ValidationError("--shapes: \"\(name)\" is not MxNxK, such as 128x768x3072, of 1 to 65536 each.")
    }
    guard seconds > 0 else { throw ValidationError("--seconds must be above 0.") }
    guard engine.device != .cpu else {
      throw ValidationError("The CPU executor makes no events: name an OpenCL device.")
    }
    guard engine.matrixProduct != .clblast else {
      throw ValidationError("CLBlast's launches have no events: use another --matrix-product.")
    }
  }

  func run() async throws {
    let engine = try engine.open(recordsCommands: true)
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
    if json != "-" {
      try StandardOutput.write("\(engine.name), \(self.engine.precision.rawValue), \(product): M x N x K\n")
    }
    for (index, shape) in chosen.enumerated() {
      status.show("\(shape.name), \(index + 1) of \(chosen.count)")
      var line: JSONObject = [
        "gemm": .array([shape.rows, shape.columns, shape.depth].map { .integer($0) }), "device": .string(engine.name),
        "precision": .string(self.engine.precision.rawValue), "matrix_product": .string(product),
      ]
      do {
        let (times, error) = try await measure(shape, executor)
        let rate = shape.floatingPointOperations / times.median / 1e12
        line["seconds"] = .array(times.seconds.map { .number(JSONNumber($0)) })
        line["tflops"] = .number(JSONNumber(rate))
        let bound = max(self.engine.precision.bound(profile.matrixProduct), 1e-5)
        // Written so that a NaN is a problem.
        if !(error <= bound) {
          problems.append("\(shape.name): relative error \(scientific(error)), \(scientific(bound)) is allowed")
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
