// SPDX-License-Identifier: Apache-2.0
import BERT
import ComputeGraph
import Testing

/// Many tasks on one model, in many forms and on caches of their own, get what serial calls get.
@Suite struct ForwardConcurrencyTests {
  @Test(arguments: [TestEngine.cpu, .opencl]) func sixteenCachesOfOneDecoder(on test: TestEngine) async throws {
    let model = RandomModel()
    let folder = try model.folder(.crossDecoder)
    let network = try await BertNetwork.fromPretrained(folder.path, on: test.engine)
    @Sendable func run(_ task: Int) async throws -> [[UInt32]] {
      let batch = 1 + task % 3
      let cache = try await network.makeCache(batchSize: batch, capacity: 40, encoderCapacity: 12)
      var prompt = try BertInput((0..<batch).map { RandomModel.ids(1 + (task * 5 + $0) % 17, seed: UInt64(task)) })
      prompt.encoderHiddenStates = try model.states(batch, 4 + task % 9, seed: UInt64(task))
      var found = try await network.forward(prompt, cache: cache, outputAttentions: task % 4 == 0).bits
      var mask = prompt.attentionMask ?? ones(batch * prompt.sequenceLength)
      for step in 0..<5 {
        let width = mask.count / batch
        mask = (0..<batch).flatMap { mask[($0 * width)..<(($0 + 1) * width)] + [1] }
        var input = try BertInput(
          batchSize: batch, sequenceLength: 1, inputIds: (0..<batch).map { Int32(3 + (task + step + $0) % 50) })
        input.attentionMask = mask
        found += try await network.forward(input, cache: cache).bits
      }
      return found + (try await cache.bits(for: network.config))
    }
    var wanted: [[[UInt32]]] = []
    for task in 0..<16 { wanted.append(try await run(task)) }
    #expect(Set(wanted).count == 16)
    for _ in 0..<2 {
      let found = try await withThrowingTaskGroup(of: (Int, [[UInt32]]).self) { group in
        for task in 0..<16 { group.addTask { (task, try await run(task)) } }
        return try await group.reduce(into: [:]) { $0[$1.0] = $1.1 }
      }
      for task in 0..<16 { #expect(found[task] == wanted[task], "task \(task)") }
    }
  }

  /// Sixty-four calls, of which each form's first make that form while others run.
  @Test(arguments: [TestEngine.cpu, .opencl]) func everyFormAtOnce(on test: TestEngine) async throws {
    let folder = try RandomModel().folder(RandomModel.Extras())
    let inputs = try (0..<64).map { task in
      let length = 1 + task * 7 % 30
      var input = try BertInput([RandomModel.ids(length, seed: UInt64(task)), RandomModel.ids(3, seed: 1)])
      let width = input.sequenceLength
      switch task % 6 {
      case 0: input.headMask = try Tensor(.float32([1, 0, 0.5, 1, 0]), shape: [5])
      case 1: (input.attentionMask, input.queryMask) = (nil, (0..<(2 * width * width)).map { $0 % 3 == 1 ? 0 : 1 })
      case 2: input.labels = .classes((0..<(2 * width)).map { $0 % 4 == 0 ? -100 : Int32($0 % 56) })
      case 3: input = try BertInput(inputsEmbeds: RandomModel().states(2, width, seed: UInt64(task)))
      default: break
      }
      return input
    }
    func attends(_ task: Int) -> Bool { task % 6 == 4 || task % 12 == 0 }
    let serial = try await BertNetwork.fromPretrained(folder.path, on: test.engine)
    var wanted: [[[UInt32]]] = []
    for (task, input) in inputs.enumerated() {
      wanted.append(try await serial.forward(input, outputAttentions: attends(task)).bits)
    }
    #expect(Set(wanted).count == 64)
    for _ in 0..<2 {
      let network = try await BertNetwork.fromPretrained(folder.path, on: test.engine)
      let found = try await withThrowingTaskGroup(of: (Int, [[UInt32]]).self) { group in
        for (task, input) in inputs.enumerated() {
          let outputAttentions = attends(task)
          group.addTask { (task, try await network.forward(input, outputAttentions: outputAttentions).bits) }
        }
        return try await group.reduce(into: [:]) { $0[$1.0] = $1.1 }
      }
      for task in 0..<64 { #expect(found[task] == wanted[task], "task \(task)") }
    }
  }
}
