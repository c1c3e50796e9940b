// SPDX-License-Identifier: Apache-2.0
import BERT
import Testing

@Suite struct ConcurrencyTests {
  @Test(arguments: [TestEngine.cpu, .opencl]) func manyTasksGetWhatSerialCallsGet(on test: TestEngine) async throws {
    let folder = try RandomModel().folder()
    let encoder = try await SentenceEncoder.fromPretrained(folder.path, on: test.engine, tokenBudget: 60)
    let model = try await BertModel.fromPretrained(folder.path, on: test.engine)
    let requests = (0..<64).map { RandomModel.texts(1 + $0 % 5, longest: 60, seed: UInt64($0)) }
    let ids = (0..<64).map { task in (0...(task % 20)).map { Int32($0 * 7 % 56) } }
    var wanted: [[[UInt32]]] = []
    for (texts, ids) in zip(requests, ids) {
      let states = try #require(try await model.forward(BertInput([ids])).lastHiddenState).floats
      wanted.append(bits(try await encoder.encode(texts) + [states]))
    }
    for _ in 0..<2 {
      let found = try await withThrowingTaskGroup(of: (Int, [[UInt32]]).self) { group in
        for task in 0..<64 {
          group.addTask {
            async let vectors = encoder.encode(requests[task])
            async let output = model.forward(BertInput([ids[task]]))
            let states = try await output.lastHiddenState?.floats ?? []
            return (task, bits(try await vectors + [states]))
          }
        }
        return try await group.reduce(into: [:]) { $0[$1.0] = $1.1 }
      }
      for task in 0..<64 { #expect(found[task] == wanted[task], "task \(task)") }
    }
  }

  @Test(arguments: [TestEngine.cpu, .opencl]) func loadingBesideRunning(on test: TestEngine) async throws {
    let folder = try RandomModel().folder()
    let texts = RandomModel.texts(5, longest: 60)
    let wanted = bits(try await SentenceEncoder.fromPretrained(folder.path, on: test.engine).encode(texts))
    let engine = try test.engine
    let found = try await withThrowingTaskGroup(of: [[UInt32]].self) { group in
      for _ in 0..<16 {
        group.addTask { bits(try await SentenceEncoder.fromPretrained(folder.path, on: engine).encode(texts)) }
      }
      return try await group.reduce(into: []) { $0.append($1) }
    }
    #expect(found.count == 16 && found.allSatisfy { $0 == wanted })
  }

  @Test(arguments: [TestEngine.cpu, .opencl]) func cancellationBetweenBatches(on test: TestEngine) async throws {
    let folder = try RandomModel(layers: 1).folder()
    // A budget of one token: every text is a batch of its own.
    let encoder = try await SentenceEncoder.fromPretrained(folder.path, on: test.engine, tokenBudget: 1)
    let texts = RandomModel.texts(20, longest: 60)
    let wanted = bits(try await encoder.encode(texts))
    // A hundred thousand batches: many times what is done before the task is cancelled.
    let many = [[String]](repeating: texts, count: 5000).flatMap { $0 }
    let running = Task { try await encoder.encode(many) }
    try await Task.sleep(for: .milliseconds(300))
    running.cancel()
    await #expect(throws: CancellationError.self) { try await running.value }
    #expect(bits(try await encoder.encode(texts)) == wanted)
    // Cancelled before it began.
    let late = Task {
      withUnsafeCurrentTask { $0?.cancel() }
      return try await encoder.encode(texts)
    }
    await #expect(throws: CancellationError.self) { try await late.value }
    #expect(bits(try await encoder.encode(texts)) == wanted)
  }
}
