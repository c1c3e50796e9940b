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

@Suite struct ForwardGoldenTests {
  static let cases = Goldens.folders("forward")

  @Test func thereAreCases() { #expect(Self.cases.count >= 30) }

  @Test(arguments: cases, TestEngine.allCases)
  func agreesWithHuggingFace(name: String, on test: TestEngine) async throws {
    let folder = Goldens.path("forward/" + name)
    let tolerance = try #require(Goldens.json(folder + "/case.json")["relative_tolerance"]?.doubleValue)
    let model = try await BertModel.fromPretrained(folder, on: test.engine)
    let input = try Goldens.input(folder + "/inputs.safetensors")
    let output = try await model.forward(input, outputHiddenStates: true)
    let wanted = try SafetensorsFile(path: folder + "/outputs.safetensors")
    #expect(!wanted.tensorNames.isEmpty)
    for tensor in wanted.tensorNames {
      let found = try #require(output[tensor], "\(tensor)")
      #expect(found.shape == wanted.tensor(named: tensor)?.shape)
      let error = relativeError(found.doubles, try wanted.readFloat64(tensor))
      // In double precision the only differences left are those of summation order.
      #expect(error <= (test == .oracle ? 1e-12 : tolerance), "\(tensor)")
    }
  }
}
