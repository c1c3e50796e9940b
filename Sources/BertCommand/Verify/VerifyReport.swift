// SPDX-License-Identifier: Apache-2.0
import OpenCLBackend
import StrictJSON

/// What `bert verify` found.
struct VerifyReport {
  /// The engine's name, `opencl:0:0`, and what the driver calls the device.
  let engine: String
  let device: String
  var passes: [Pass] = []

  /// All groups in one precision, on one matrix product.
  struct Pass {
    let precision: Precision
    /// The one that runs; nil on the CPU executor.
    let matrixProduct: MatrixProduct?
    var groups: [Group] = []
    /// Why nothing could be run.
    var problem: String?
  }

  /// A group's cases.
  struct Group {
    let name: String
    /// Those that were run, of all.
    var run = 0
    let count: Int
    /// The case nearest to its bound, or farthest beyond.
    var worst: Result?
    var failed: [Failure] = []
    var seconds = 0.0
  }

  struct Result {
    let name: String
    let error: Double
    let bound: Double
  }

  struct Failure {
    let name: String
    /// The error and its bound, or what was thrown.
    let problem: String
  }

  var caseCount: Int { passes.flatMap(\.groups).reduce(0) { $0 + $1.run } }
  /// Cases that time was too short for.
  var cutCount: Int { passes.flatMap(\.groups).reduce(0) { $0 + $1.count - $1.run } }
  /// A line for each pass that time was too short for: of which groups how many cases were checked.
  var cuts: [String] {
    passes.compactMap { pass in
      let cut = pass.groups.filter { $0.run < $0.count }.map { "\($0.name) \($0.run) of \($0.count)" }
      let product = pass.matrixProduct.map { " \($0.rawValue)" } ?? ""
      guard !cut.isEmpty else { return nil }
      return "\(pass.precision.rawValue)\(product), not all cases checked: \(cut.joined(separator: ", "))"
    }
  }
  /// What it comes to where nothing failed.
  var summary: String {
    let checked = "\(caseCount) of \(counted(caseCount + cutCount, "case")) checked on \(engine), \(device)"
    guard cutCount > 0 else { return "\(checked): all within bounds" }
    return checked + (caseCount > 0 ? "; those are within bounds" : "")
      + ", \(caseCount > 0 ? "the other " : "")\(cutCount) were NOT checked, because of --time-limit: raise it, or choose with --groups"
  }
  var failures: [String] {
    passes.flatMap { pass in
      pass.groups.flatMap(\.failed).map { "\(pass.precision.rawValue) \($0.name): \($0.problem)" }
        + (pass.problem.map { ["\(pass.precision.rawValue): \($0)"] } ?? [])
    }
  }
}

extension VerifyReport {
  /// What the lines of groups say.
  static let legend = """
    A case is one operation at one size, or one model on one input. Its error: norm of (found - right) / norm of right,
    right in double precision. Error and allowed on a line are those of the group's case that is nearest to its limit.

    """
}

extension VerifyReport.Group {
  /// Takes a case's error.
  mutating func add(_ name: String, error: Double, bound: Double) {
    run += 1
    if worst.map({ error * $0.bound > $0.error * bound }) ?? true {
      worst = VerifyReport.Result(name: name, error: error, bound: bound)
    }
    // Not `error > bound`, which no NaN is.
    if !(error <= bound) {
      failed.append(
        VerifyReport.Failure(
          name: name, problem: "relative error \(scientific(error)), at most \(scientific(bound)) is right"))
    }
  }

  /// Takes a case that ended with an error.
  mutating func add(_ name: String, problem: String) {
    run += 1
    failed.append(VerifyReport.Failure(name: name, problem: problem))
  }

  /// For people, on one line; `VerifyReport.legend` says how to read it.
  var text: String {
    var line = name.padded(to: 28) + "\(run) of \(count)".aligned(to: 10) + " cases checked"
    if let worst { line += ", error \(scientific(worst.error)), allowed \(scientific(worst.bound))" }
    if run > 0 { line += ", \(fixed(seconds, 1)) s" }
    if run < count { line += "; \(count - run) NOT checked" }
    return failed.isEmpty ? line : line + "; \(failed.count) FAILED"
  }
}

extension VerifyReport {
  var json: JSON {
    .object([
      "engine": .string(engine), "device": .string(device), "holds": .bool(failures.isEmpty),
      "cases": .integer(caseCount), "cut": .integer(cutCount), "failures": .integer(failures.count),
      "passes": .array(passes.map(json)),
    ])
  }

  private func json(_ pass: Pass) -> JSON {
    var object: JSONObject = ["precision": .string(pass.precision.rawValue)]
    if let product = pass.matrixProduct { object["matrix_product"] = .string(product.rawValue) }
    if let problem = pass.problem { object["problem"] = .string(problem) }
    object["groups"] = .array(
      pass.groups.map { group in
        var object: JSONObject = [
          "group": .string(group.name), "cases": .integer(group.count), "run": .integer(group.run),
          "seconds": .number(JSONNumber(group.seconds)),
        ]
        if let worst = group.worst {
          // An infinite error is no JSON number: the list of failures names it.
          object["largest_error"] = worst.error.isFinite ? .number(JSONNumber(worst.error)) : .null
          object["bound"] = .number(JSONNumber(worst.bound))
          object["worst_case"] = .string(worst.name)
        }
        object["failed"] = .array(
          group.failed.map { .object(["case": .string($0.name), "problem": .string($0.problem)]) })
        return .object(object)
      })
    return .object(object)
  }
}
