// SPDX-License-Identifier: Apache-2.0
import BERT
import ComputeGraph
import GoldenCases
import OpenCLBackend
import OperationCases

/// One thing that a device must compute as it is defined.
struct VerifyCase: Sendable {
  let name: String
  /// Largest relative Frobenius error.
  let bound: Double
  /// The error that an engine shows.
  let error: @Sendable (Engine) async throws -> Double
}

/// Cases that one line of the report stands for.
struct VerifyGroup: Sendable {
  /// An operation's name, `models:SECTION`, or `gradients`.
  let name: String
  let cases: [VerifyCase]
}

extension VerifyGroup {
  /// Everything that is computed in a precision, what models run first.
  ///
  /// - Parameters:
  ///   - product: the matrix product that is forced, if one is.
  ///   - goldens: the folder of all goldens; no models are run where nil.
  ///   - gradients: whether each operation's gradient is run as well.
  /// - Throws: what reading a golden's description throws.
  static func all(
    _ precision: Precision, _ product: MatrixProduct? = nil, goldens: String?, gradients: Bool
  ) throws -> [VerifyGroup] {
    let bound = precision.bound(product)
    let rows = OperationCase.all.filter { precision == .float32 || !$0.operation.needsFloat32 }
    let names = rows.map(\.operation.name).reduce(into: [String]()) { if !$0.contains($1) { $0.append($1) } }
    let first = ["linear", "attention", "add_layer_norm", "embedding_layer_norm", "feed_forward", "pooling"]
    let order = first.filter(names.contains) + names.filter { !first.contains($0) }
    var groups = order.map { name in
      VerifyGroup(name: name, cases: rows.filter { $0.operation.name == name }.map { VerifyCase($0, precision, bound) })
    }
    // Behind the operations of models, before those of training. Models of 18 hidden numbers, in which roundings do not
    // average out: PyTorch in half precision is up to 1.4 times the bound off on them as well.
    let models = try goldens.map { root in
      try GoldenCase.sections.map { section in
        let cases = try GoldenCase.names(section, in: root).map {
          VerifyCase(try GoldenCase($0, in: root), 2.5 * bound)
        }
        return VerifyGroup(name: modelPrefix + section, cases: cases)
      }
    }
    let training = groups.firstIndex { group in
      rows.contains { $0.operation.name == group.name && $0.operation.needsFloat32 }
    }
    groups.insert(contentsOf: (models ?? []).filter { !$0.cases.isEmpty }, at: training ?? groups.endIndex)
    if gradients, precision == .float32 {
      groups.append(
        VerifyGroup(name: "gradients", cases: OperationCase.differentiable.map { VerifyCase(gradient: $0, bound) }))
    }
    return groups
  }

  static let modelPrefix = "models:"
}

extension VerifyCase {
  /// A row of the table of operations, on operands that the precision holds exactly: what storing them costs is no error
  /// of the operation.
  init(_ row: OperationCase, _ precision: Precision, _ bound: Double) {
    name = "\(row)"
    self.bound = max(row.tolerance, bound)
    error = { engine in
      var prepared = try row.prepare()
      try prepared.round(precision.rounded)
      let wanted = try await row.result(of: prepared, on: Engine.oracle.executor)
      let found = try await row.result(of: prepared, on: engine.executor)
      guard found.shape == wanted.shape else { return .infinity }
      return relativeError(found.doubles, wanted.doubles)
    }
  }

  /// The gradients of a row, the worst of them.
  init(gradient row: OperationCase, _ bound: Double) {
    name = "gradient of \(row)"
    self.bound = max(row.gradientTolerance, bound)
    error = { engine in
      let prepared = try row.prepareGradient()
      let found = try await prepared.runGradient(on: engine.executor)
      return try await prepared.runGradient(on: Engine.oracle.executor).reduce(0) { worst, gradient in
        max(worst, relativeError(found[gradient.key] ?? [], gradient.value))
      }
    }
  }

  /// A whole model, the worst of its outputs.
  init(_ golden: GoldenCase, _ bound: Double) {
    name = golden.name
    self.bound = max(golden.tolerance, bound)
    error = { engine in
      try golden.errors(of: await golden.run(on: engine)).map(\.error).reduce(0, max)
    }
  }
}

extension Precision {
  /// Largest relative Frobenius error of numbers of so few bits, in memory or in products; single precision has bounds of
  /// each case's own.
  func bound(_ product: MatrixProduct?) -> Double {
    switch self {
    case .float32: product == .tf32 ? 2e-3 : 0
    case .float16: 2e-3
    case .bfloat16: 1.5e-2
    }
  }
}
