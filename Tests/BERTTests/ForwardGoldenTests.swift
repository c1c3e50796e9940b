// SPDX-License-Identifier: Apache-2.0
import BERT
import Checkpoints
import ComputeGraph
import StrictJSON
import TestSupport
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
  static let cases = ["forward", "switches", "decoder", "heads"].flatMap { section in
    Goldens.folders(section).map { section + "/" + $0 }
  }

  @Test func thereAreCases() { #expect(Self.cases.count >= 180) }

  @Test(arguments: cases, TestEngine.allCases)
  func agreesWithHuggingFace(name: String, on test: TestEngine) async throws {
    let golden = try GoldenCase(name)
    let output = try await golden.run(on: test.engine)
    let wanted = try SafetensorsFile(path: golden.folder + "/outputs.safetensors")
    #expect(!wanted.tensorNames.isEmpty)
    for tensor in wanted.tensorNames {
      let found = try #require(output[tensor], "\(tensor)")
      #expect(found.shape == wanted.tensor(named: tensor)?.shape, "\(tensor)")
      let error = relativeError(found.doubles, try wanted.readFloat64(tensor))
      // In double precision the only differences left are those of summation order.
      #expect(error <= (test == .oracle ? 1e-12 : golden.tolerance), "\(tensor): \(error)")
    }
  }
}

/// One folder of goldens: a checkpoint, arguments, and what to ask for.
struct GoldenCase {
  let folder: String
  let tolerance: Double
  private let description: JSON

  init(_ name: String) throws {
    folder = Goldens.path(name)
    description = try Goldens.json(folder + "/case.json")
    tolerance = try #require(description["relative_tolerance"]?.doubleValue)
  }

  private func asks(_ flag: String) -> Bool { description[flag]?.boolValue ?? false }

  func load(on engine: Engine) async throws -> BertNetwork {
    let task = description["task"]?.stringValue
    return try await BertNetwork.fromPretrained(folder, head: task.flatMap(BertHead.init(rawValue:)), on: engine)
  }

  func run(on engine: Engine) async throws -> ModelOutput {
    try await load(on: engine).forward(
      Goldens.arguments(folder + "/inputs.safetensors"), useCache: asks("use_cache"), outputHiddenStates: true,
      outputAttentions: asks("output_attentions"))
  }
}
