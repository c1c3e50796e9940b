// SPDX-License-Identifier: Apache-2.0
import BERT
import GoldenCases
import Testing

/// The engines that every golden runs on.
enum TestEngine: String, CaseIterable {
  case oracle, cpu, opencl

  var engine: Engine {
    get throws {
      switch self {
      case .oracle: .oracle
      case .cpu: .cpu
      case .opencl: try SharedEngine.opencl.get()
      }
    }
  }
}

/// One OpenCL engine for all tests: a device that is absent fails each of them.
enum SharedEngine {
  static let opencl = Result { try Engine.open(.opencl(selector: "opencl")) }
}

/// What Hugging Face's `forward` returns, for every switch and head, alone and where they meet.
@Suite struct ForwardGoldenTests {
  static let cases = GoldenCase.sections.flatMap { GoldenCase.names($0, in: Goldens.root) }

  @Test func thereAreCases() { #expect(Self.cases.count >= 180) }

  @Test(arguments: cases, TestEngine.allCases)
  func agreesWithHuggingFace(name: String, on test: TestEngine) async throws {
    let golden = try GoldenCase(name)
    for (tensor, error) in try await golden.errors(of: golden.run(on: test.engine)) {
      // In double precision the only differences left are those of summation order.
      #expect(error <= (test == .oracle ? 1e-12 : golden.tolerance), "\(tensor): \(error)")
    }
  }
}

extension GoldenCase {
  init(_ name: String) throws { try self.init(name, in: Goldens.root) }

  /// A golden's checkpoint alone, with the head that config.json names.
  static func network(_ name: String, on engine: Engine) async throws -> BertNetwork {
    try await BertNetwork.fromPretrained(Goldens.path(name), on: engine)
  }
}
