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
      double precision, and compares. --goldens adds whole models: every head and switch, compared with what Hugging \
      Face computes in double precision, from the folder Tests/Goldens of the sources.

      A case is one operation at one size, or one model on one input. Its error is relative: the norm of what the \
      device is off by, over the norm of what is right (Frobenius norms of the whole result). A line for each group \
      shows how many of its cases were checked ("9 of 27" where time was too short for all), and of the case that is \
      nearest to its limit the error and what is allowed. Allowed are 1e-6 for an operation in float32, twice that \
      for most gradients, 5e-6 for a model; 2e-3 in float16 and with --matrix-product tf32, 1.5e-2 in bfloat16, and 2.5 \
      times these two for the goldens' very small models, on which PyTorch is off as far. In half precision, operations \
      get operands that the precision holds exactly.

        bert verify
        bert verify --device opencl:0:0 --precision float32 --precision float16 --goldens Tests/Goldens
        bert verify --matrix-product tiled --matrix-product clblast --groups linear,feed_forward

      The exit status is 1 where a bound is broken; the cases are named.

      With --time-limit, cases are checked in the report's order: what models are made of, whole models, operations of \
      training, gradients. Those that were not reached are no error, so the exit status is 0 without them; the last \
      line says how many they are, and the line of each group how many of its own.
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

  @Flag(help: "Also run each operation's gradient, the group gradients, in float32: takes longer than all the rest.")
  var gradients = false

  @Option(
    help: ArgumentHelp("Run these groups alone, with commas between them; the report names them.", valueName: "groups"))
  var groups: String?

  @Option(
    help: ArgumentHelp(
      "Stop after this time; cases that were not reached are counted, group by group, and are no error.",
      valueName: "seconds"))
  var timeLimit: Double?

  @Option(help: ArgumentHelp("Where the JSON object goes; - is standard output.", valueName: "file"))
  var json: String?

  private var precisions: [Precision] { precision.isEmpty ? [.float32] : precision }
  private var chosenGroups: [String]? {
    groups?.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
  }

  mutating func validate() throws {
    guard timeLimit.map({ $0 > 0 }) ?? true else { throw ValidationError("--time-limit must be above 0.") }
    for product in matrixProduct {
      for precision in precisions { try product.validate(with: precision) }
    }
    if gradients, !precisions.contains(.float32) {
      throw ValidationError("--gradients: training computes in float32 only; add --precision float32.")
    }
    guard let chosen = chosenGroups else { return }
    let known = try Set(VerifyGroup.all(.float32, goldens: goldens, gradients: gradients).map(\.name))
    if let name = chosen.first(where: { !known.contains($0) }) {
      let missing = name.hasPrefix("models") ? "; models are there with --goldens" : ""
      throw ValidationError("--groups: \"\(name)\" is none of \(known.sorted().joined(separator: ", "))\(missing).")
    }
    if gradients, !chosen.contains("gradients") {
      throw ValidationError("--gradients adds the group gradients, which --groups leaves out; add it there.")
    }
    for precision in precisions where precision != .float32 {
      let names = try Set(VerifyGroup.all(precision, goldens: goldens, gradients: false).map(\.name))
      if let name = chosen.first(where: { !names.contains($0) && $0 != "gradients" }) {
        throw ValidationError("--groups: \(name) is of training, which computes in float32 only; drop one of them.")
      }
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
    var report = VerifyReport(engine: first.name, device: first.device?.name ?? "CPU executor")
    if json != "-" { try StandardOutput.write(VerifyReport.legend) }
    for precision in precisions {
      for product in matrixProduct.isEmpty ? [nil] : matrixProduct.map(Optional.some) {
        try await run(precision, product, until: end, &report)
      }
    }
    if let json { try writeDocument(report.json, to: json) }
    // The text's lines say so as well.
    if json == "-" { for cut in report.cuts { StandardError.note(cut) } }
    guard report.failures.isEmpty else {
      throw CommandError.parity(report.failures, of: report.caseCount, unchecked: report.cutCount)
    }
    StandardError.note(report.summary)
  }

  /// One pass over all groups, each of which is reported as it ends.
  private func run(
    _ precision: Precision, _ product: MatrixProduct?, until end: ContinuousClock.Instant?, _ report: inout VerifyReport
  ) async throws {
    var options = EngineOptions()
    (options.device, options.precision, options.matrixProduct) = (device, precision, product)
    let engine: Engine
    do {
      engine = try options.open()
      // `auto` goes on in float32 where there is no OpenCL device: that would check another precision than the report says.
      guard engine.precision == precision else { throw PrecisionError.cpu(precision) }
    } catch {
      report.passes.append(VerifyReport.Pass(precision: precision, matrixProduct: product, problem: "\(error)"))
      return
    }
    report.passes.append(
      VerifyReport.Pass(precision: precision, matrixProduct: product ?? engine.profile?.matrixProduct))
    let place = report.passes.count - 1
    let chosen = chosenGroups
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
