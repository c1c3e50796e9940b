// SPDX-License-Identifier: Apache-2.0
import BERT
import OpenCLBackend
import OpenCLRuntime
import TestSupport
import Testing

/// A sentence's vector does not depend on what else is in its batch: the same bits for any subset, order, neighbours and
/// token budget, in every form that promises it.
@Suite struct BatchIndependenceTests {
  enum Form: String, CaseIterable, Sendable {
    /// Kernels as this device wants them.
    case native
    /// Kernels as a GPU gets them: groups of 32 work-items, tiles through local memory.
    case groups
    case cpu

    var engine: Engine {
      get throws {
        switch self {
        case .cpu: return .cpu
        case .native: return try SharedEngine.opencl.get()
        case .groups:
          let device = try Device.select("auto")
          var profile = DeviceProfile(device, workGroupSize: 32, matrixProduct: .tiled)
          profile.sharesArena = false  // as on NVIDIA's
          return Engine(
            executor: try OpenCLExecutor(device, profile: profile), device: device, profile: profile)
        }
      }
    }
  }

  /// Head size 12 and odd widths; MiniLM's widths; sequences over several register tiles and row blocks.
  static let models = [
    RandomModel(), RandomModel(hidden: 384, heads: 12, intermediate: 1536, layers: 1, positions: 160),
    RandomModel(hidden: 37, heads: 1, intermediate: 129, layers: 2, positions: 200),
  ]

  @Test(arguments: Form.allCases, models) func randomModels(form: Form, model: RandomModel) async throws {
    let folder = try model.folder()
    let texts =
      RandomModel.texts(18, longest: model.positions + 10) + ["", "a", String(repeating: "b", count: model.positions)]
    try await check(folder.path, texts, form, seed: 3)
  }

  @Test(arguments: Form.allCases, Goldens.folders("sentence")) func goldens(form: Form, name: String) async throws {
    let folder = Goldens.path("sentence/" + name)
    try await check(folder, Goldens.texts(folder + "/sentences.jsonl"), form, seed: 4)
  }

  private func check(_ folder: String, _ texts: [String], _ form: Form, seed: UInt64) async throws {
    let engine = try form.engine
    let encoder = try await SentenceEncoder.fromPretrained(folder, on: engine)
    var alone: [[UInt32]] = []
    for text in texts { alone += bits(try await encoder.encode([text])) }
    // One vector for all texts would pass everything below.
    #expect(Set(alone).count > texts.count / 2)
    var generator = SeededGenerator(seed: seed)
    for budget in [1, 60, 100_000] {
      let encoder = try await SentenceEncoder.fromPretrained(folder, on: engine, tokenBudget: budget)
      #expect(bits(try await encoder.encode(texts)) == alone, "budget \(budget)")
      for _ in 0..<3 {
        let count = Int.random(in: 1...texts.count, using: &generator)
        let chosen = Array(texts.indices.shuffled(using: &generator).prefix(count))
        let found = bits(try await encoder.encode(chosen.map { texts[$0] }))
        #expect(found == chosen.map { alone[$0] }, "budget \(budget), texts \(chosen)")
      }
    }
  }

  /// The same for token states, where neighbours also change how far a row is padded.
  @Test(arguments: Form.allCases) func states(form: Form) async throws {
    let folder = try RandomModel().folder()
    let model = try await BertModel.fromPretrained(folder.path, on: form.engine)
    var generator = SeededGenerator(seed: 5)
    let rows = (0..<12).map { row in
      (0..<[1, 2, 13, 31, 64, 5][row % 6]).map { _ in Int32.random(in: 0..<56, using: &generator) }
    }
    var alone: [[UInt32]] = []
    for row in rows {
      let output = try await model.forward(BertInput([row]))
      alone.append(try #require(output.lastHiddenState).floats.map(\.bitPattern))
    }
    let output = try #require(try await model.forward(BertInput(rows)).lastHiddenState)
    let width = output.shape[1] * output.shape[2]
    for (index, row) in rows.enumerated() {
      let states = output.floats[(index * width)..<((index + 1) * width)].map(\.bitPattern)
      #expect(Array(states.prefix(row.count * 60)) == alone[index], "row \(index)")
      #expect(states.dropFirst(row.count * 60).allSatisfy { $0 == 0 })
    }
  }
}
