// SPDX-License-Identifier: Apache-2.0
import BERT
import ComputeGraph
import Glibc
import OpenCLRuntime
import Testing

/// Issue "Must show" 5: after a run of the same shape, a forward is one upload, one launch per step and one readback.
@Suite struct SteadyStateTests {
  @Test(.timeLimit(.minutes(20))) func oneUploadOneReadbackNoAllocationNoWait() async {
    await #expect(processExitsWith: .success) {
      let folder = try RandomModel(layers: 3).folder()
      let engine = try Engine.open(.opencl(selector: "opencl"))
      let model = try await BertModel.fromPretrained(folder.path, on: engine)
      // Sizes that need no rounding up: 32 tokens in 2 sequences of 16.
      let input = try BertInput(batchSize: 2, sequenceLength: 16, inputIds: (0..<32).map { Int32($0) })
      let wanted = try await model.forward(input).lastHiddenState
      let sizes: Dimensions = [.tokens: 32, .sequences: 2, .longest: 16]
      let plan = try Plan(model.graph, sizes, outputs: ["last_hidden_state"])
      #expect(plan.steps.count == 1 + 3 * 7, "embeddings, and per layer 4 products, attention and 2 LayerNorms")
      // Offsets, where keys start and end, then three times 32 ids, each at the device's alignment.
      let alignment = try #require(engine.profile).alignment
      let aligned = { (bytes: Int) in (bytes + alignment - 1) / alignment * alignment }
      let up = aligned(3 * 4) + 2 * aligned(2 * 4) + 2 * aligned(32 * 4) + 32 * 4
      for repeats in [1, 20] {
        CallMonitor.start()
        for _ in 0..<repeats {
          let found = try await model.forward(input).lastHiddenState
          #expect(found == wanted)
        }
        CallMonitor.stop()
        let counts = CallMonitor.counts
        let runs = UInt64(repeats)
        #expect(counts.enqueues == runs * UInt64(1 + plan.steps.count), "upload and steps: \(counts)")
        #expect(counts.waits == runs, "the readback: \(counts)")
        #expect(counts.calls[.create] == 0 && counts.calls[.release] == 0 && counts.calls[.build] == 0, "\(counts)")
        #expect(counts.bufferCreations == 0, "\(counts)")
        #expect(counts.created.values.allSatisfy { $0 == 0 } && counts.released.values.allSatisfy { $0 == 0 })
        #expect(counts.bytesUp == runs * UInt64(up), "\(counts)")
        #expect(counts.bytesDown == runs * UInt64(32 * 60 * 4), "\(counts)")
      }
    }
  }

  @Test(.timeLimit(.minutes(20))) func sentencesOfNearlyTheSameLengthShareAPlan() async {
    await #expect(processExitsWith: .success) {
      let folder = try RandomModel(layers: 1, positions: 200).folder()
      let engine = try Engine.open(.opencl(selector: "opencl"))
      let encoder = try await SentenceEncoder.fromPretrained(folder.path, on: engine)
      // 98 and more tokens, then 100 and more: both within the same rounded sizes.
      _ = try await encoder.encode([String(repeating: "a", count: 98)])
      CallMonitor.start()
      for length in 99...102 { _ = try await encoder.encode([String(repeating: "b ", count: length)]) }
      CallMonitor.stop()
      let counts = CallMonitor.counts
      #expect(counts.waits == 4 && counts.bufferCreations == 0 && counts.outstanding.isEmpty, "\(counts)")
      #expect(counts.calls[.create] == 0 && counts.calls[.release] == 0, "\(counts)")
      #expect(counts.bytesDown == 4 * 60 * 4, "\(counts)")
    }
  }
}
