// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import BERT
import ComputeGraph
import OpenCLBackend
import StrictJSON

/// `bert verify`: whether a device computes what it should.
struct Verify: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Check that a device computes every operation right.",
    discussion: """
      Runs the table of operations that the tests run, at BERT's sizes and at odd ones, on the device and on the CPU in \
      double precision, and compares. --goldens adds whole models: every head and switch as Hugging Face computes them, \
      from the folder Tests/Goldens of the sources. A line for each group shows how many cases it has and the largest \
      relative error (Frobenius norm) beside what is allowed. In half precision, operations get operands that the \
      precision holds exactly; the bounds are 2e-3 for float16 (and for --matrix-product tf32) and 1.5e-2 for \
      bfloat16, and for the goldens' very small models, on which PyTorch is off as far, 2.5 times that.

        bert verify
        bert verify --device opencl:0:0 --precision float32 --precision float16 --goldens Tests/Goldens
        bert verify --matrix-product tiled --matrix-product clblast --groups linear,feed_forward

      The exit status is 1 where a bound is broken; the cases are named.
      """)

  @Option(
    help: ArgumentHelp("Where to run: auto, cpu, opencl or opencl:PLATFORM:DEVICE.", valueName: "device"),
    transform: { try DeviceChoice($0) })
  var device = DeviceChoice.automatic

  @Option(help: "Precision on the device; may be given several times (default: float32).")
  var precision: [Precision] = []

  @Option(help: "Force a matrix product of the device; may be given several times (default: the one that suits it).")
  var matrixProduct: [MatrixProduct] = []

  @Option(help: ArgumentHelp("Folder of goldens, which whole models are compared with.", valueName: "folder"))
  var goldens: String?

  @Flag(help: "Also run each operation's gradient, in float32: takes longer than all the rest.")
  var gradients = false

  @Option(
    help: ArgumentHelp("Run these groups alone, with commas between them; the report names them.", valueName: "groups"))
  var groups: String?

  @Option(
    help: ArgumentHelp("Stop after this time; what was not reached is counted and is no error.", valueName: "seconds"))
  var timeLimit: Double?

  @Option(help: ArgumentHelp("Where the JSON object goes; - is standard output.", valueName: "file"))
  var json: String?

  mutating func validate() throws {
    guard timeLimit.map({ $0 > 0 }) ?? true else { throw ValidationError("--time-limit must be above 0.") }
    guard let groups else { return }
    let known = try Set(VerifyGroup.all(.float32, goldens: goldens, gradients: gradients).map(\.name))
    for name in groups.split(separator: ",", omittingEmptySubsequences: false) where !known.contains(String(name)) {
      throw ValidationError("--groups: \"\(name)\" is none of \(known.sorted().joined(separator: ", ")).")
    }
  }

  func run() async throws {
    if let json { try checkDestination(json) }
    if let goldens, try VerifyGroup.all(.float32, goldens: goldens, gradients: false).allSatisfy({ !$0.isOfModels }) {
      throw CommandError.noGoldens(path: goldens)
    }
    let clock = ContinuousClock()
    let end = timeLimit.map { clock.now + .seconds($0) }
    let first = try Engine.open(device)
    var report = VerifyReport(engine: first.name, device: first.device?.name ?? "CPU executor, float32")
    for precision in precision.isEmpty ? [.float32] : precision {
      for product in matrixProduct.isEmpty ? [nil] : matrixProduct.map(Optional.some) {
        try await run(precision, product, until: end, &report)
      }
    }
    if let json { try writeDocument(report.json, to: json) }
    if report.cutCount > 0 { StandardError.note("\(report.cutCount) cases were not reached within the time limit") }
    guard report.failures.isEmpty else { throw CommandError.parity(report.failures, of: report.caseCount) }
    StandardError.note("\(counted(report.caseCount, "case")) on \(report.engine), \(report.device): all within bounds")
  }

  /// One pass over all groups, each of which is reported as it ends.
  private func run(
    _ precision: Precision, _ product: MatrixProduct?, until end: ContinuousClock.Instant?, _ report: inout VerifyReport
  ) async throws {
    var options = EngineOptions()
    (options.device, options.precision, options.matrixProduct) = (device, precision, product)
    let engine: Engine
    do { engine = try options.open() } catch {
      report.passes.append(VerifyReport.Pass(precision: precision, matrixProduct: product, problem: "\(error)"))
      return
    }
    report.passes.append(
      VerifyReport.Pass(precision: precision, matrixProduct: product ?? engine.profile?.matrixProduct))
    let place = report.passes.count - 1
    let chosen = groups.map { $0.split(separator: ",").map(String.init) }
    let groups = try VerifyGroup.all(precision, product, goldens: goldens, gradients: gradients)
      .filter { chosen?.contains($0.name) ?? true }
    let total = groups.reduce(0) { $0 + $1.cases.count }
    if json != "-" {
      let name = engine.profile.map { " \($0.matrixProduct.rawValue)" } ?? ""
      try StandardOutput.write("\(engine.name), \(report.device), \(precision.rawValue)\(name)\n")
    }
    var status = StatusLine()
    defer { status.finish() }
    var done = 0
    let clock = ContinuousClock()
    var written = clock.now
    for group in groups {
      var result = VerifyReport.Group(name: group.name, count: group.cases.count)
      let index = report.passes[place].groups.count
      report.passes[place].groups.append(result)
      let start = clock.now
      for row in group.cases where end.map({ clock.now < $0 }) ?? true {
        status.show("\(progressBar(done, of: total)) \(row.name.shortened(to: 60))")
        do { result.add(row.name, error: try await row.error(engine), bound: row.bound) } catch {
          result.add(row.name, problem: "\(error)")
        }
        done += 1
        result.seconds = (clock.now - start).seconds
        report.passes[place].groups[index] = result
        // A process that is stopped from outside leaves what it has found.
        if let json, json != "-", clock.now - written > .seconds(2) {
          try writeDocument(report.json, to: json)
          written = clock.now
        }
      }
      status.finish()
      if json != "-" {
        let lines = [result.text] + result.failed.map { "  FAILED \($0.name): \($0.problem)" }
        try StandardOutput.write(lines.map { "  \($0)\n" }.joined())
      }
    }
  }
}

extension VerifyGroup {
  fileprivate var isOfModels: Bool { name.hasPrefix(VerifyGroup.modelPrefix) }
}
