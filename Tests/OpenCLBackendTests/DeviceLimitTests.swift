// SPDX-License-Identifier: Apache-2.0
import ComputeGraph
import Glibc
import OpenCLBackend
import OpenCLRuntime
import TestSupport
import Testing

/// What a device cannot give is refused with a typed error, and the executor goes on.
@Suite struct DeviceLimitTests {
  private static func row(_ name: String, _ what: String) throws -> OperationCase {
    try #require(OperationCase.all.first { $0.operation.name == name && $0.what == what })
  }

  /// A small case that the same executor must still compute.
  private func expectStillRuns(_ executor: OpenCLExecutor) async throws {
    let row = try Self.row("l2_normalize", "7 x 37")
    let found = try await row.run(on: executor)
    #expect(try await row.run(on: KernelForm.native.executor()).shape == found.shape)
    #expect(found.floats.allSatisfy { $0.isFinite })
  }

  @Test func moreWorkItemsThanAGroupCanHave() async throws {
    let device = try Device.select("auto")
    let size = device.maxWorkGroupSize * 2
    let executor = try OpenCLExecutor(device, profile: DeviceProfile(device, workGroupSize: size))
    let row = try Self.row("add_layer_norm", "13 x 37")
    do {
      _ = try await row.run(on: executor)
      Issue.record("a group of \(size) work-items ran")
    } catch OpenCLError.workGroupTooLarge(let kernel, let asked, let limit) {
      #expect(kernel == "add_layer_norm" && asked == size && limit <= device.maxWorkGroupSize)
    }
  }

  @Test func tooLittleLocalMemory() async throws {
    let device = try Device.select("auto")
    // A head so wide that a tile of keys and one of values do not fit.
    let size = 64 * (device.localMemory / 1024)
    var graph = Graph()
    let offsets = try graph.input("offsets", [.symbol(.sequences, plus: 1)], .int32, segmenting: .tokens)
    let starts = try graph.input("key_starts", [.sequences], .int32)
    let ends = try graph.input("key_ends", [.sequences], .int32)
    let x = try graph.input("x", [.tokens, .fixed(size)], .real)
    try graph.output(
      "result", graph.apply(.attention(Attention(heads: 1, headSize: size)), [x, x, x, offsets, starts, ends]))
    let executor = try KernelForm.groups.executor()
    let inputs = try RunInputs(
      dimensions: [.tokens: 1, .sequences: 1, .longest: 1],
      tensors: [
        "x": Tensor(.float32([Float](repeating: 0, count: size)), shape: [1, size]), "offsets": .int32([0, 1]),
        "key_starts": .int32([0]), "key_ends": .int32([1]),
      ])
    do {
      _ = try await executor.load(graph, parameters: ParameterTable()).run(inputs, outputs: ["result"])
      Issue.record("a head of \(size) ran")
    } catch OpenCLError.localMemoryTooSmall(let kernel, let asked, let limit) {
      #expect(kernel == "attention_tiled" && asked > limit && limit == device.localMemory)
    } catch OpenCLError.buildFailed(let failure) {
      #expect(failure.file == "attention_tiled.cl")  // some compilers refuse it already
    }
    try await expectStillRuns(executor)
  }

  @Test func aWeightOverTheLargestAllocation() async throws {
    let executor = try KernelForm.native.executor()
    let limit = executor.device.maxBufferBytes
    let columns = Int(limit / 4 / 1024) + 1024
    var graph = Graph()
    let x = try graph.input("x", [1, 1024], .real)
    let weight = try graph.parameter("weight", [columns, 1024])
    try graph.output("result", graph.apply(.linear(activation: .identity), [x, weight]))
    let count = columns * 4096
    do {
      _ = try await executor.load(graph, parameters: ParameterTable())
      Issue.record("\(count) bytes were allocated, over \(limit)")
    } catch OpenCLError.bufferTooLarge(_, let byteCount, limit) {
      #expect(byteCount >= count)
    }
    try await expectStillRuns(executor)
  }

  @Test func anArenaOverTheLargestAllocation() async throws {
    let executor = try KernelForm.native.executor()
    let limit = executor.device.maxBufferBytes
    // Small inputs with a huge result: ids into a table of one wide row.
    let hidden = 1 << 16
    let tokens = Int(limit) / 4 / hidden + 1
    var graph = Graph()
    var operands = try ["word", "position", "type"].map { try graph.parameter($0, [1, hidden]) }
    operands += try ["weight", "bias"].map { try graph.parameter($0, [hidden]) }
    operands += try ["ids", "positions", "types"].map { try graph.input($0, [.tokens], .int32) }
    try graph.output("result", graph.apply(.embeddingLayerNorm(Embeddings(epsilon: 1e-12)), operands))
    let zeros = [Float](repeating: 0, count: hidden)
    let table = ParameterTable(["word": zeros, "position": zeros, "type": zeros, "weight": zeros, "bias": zeros])
    let loaded = try await executor.load(graph, parameters: table)
    func inputs(_ tokens: Int) -> RunInputs {
      let ids = Tensor.int32([Int32](repeating: 0, count: tokens))
      return RunInputs(dimensions: [.tokens: tokens], tensors: ["ids": ids, "positions": ids, "types": ids])
    }
    do {
      _ = try await loaded.run(inputs(tokens), outputs: ["result"])
      Issue.record("an arena over \(limit) bytes was allocated")
    } catch OpenCLError.bufferTooLarge("arena", let byteCount, limit) {
      #expect(byteCount >= tokens * hidden * 4)
    }
    #expect(try await loaded.run(inputs(2), outputs: ["result"])["result"]?.floats.count == 2 * hidden)
  }

  @Test(.timeLimit(.minutes(20))) func outOfMemory() async {
    await #expect(processExitsWith: .success) {
      let executor = try KernelForm.native.executor()
      let row = try Self.row("add_layer_norm", "13 x 37")
      let (graph, parameters, inputs) = try row.build()
      let loaded = try await executor.load(graph, parameters: parameters)
      let wanted = try await loaded.run(inputs, outputs: ["result"])["result"]
      let fresh = try await executor.load(graph, parameters: parameters)
      func failing(
        _ graph: any LoadedGraph, _ fault: CallMonitor.Fault
      ) async throws -> OpenCLError? {
        CallMonitor.inject(fault)
        defer { CallMonitor.removeFault() }
        do { _ = try await graph.run(inputs, outputs: ["result"]) } catch { return error as? OpenCLError }
        return nil
      }
      // At allocation: of the inputs, the first buffer of a first run.
      let allocation = try await failing(fresh, .init(status: .allocationFailure, call: "clCreateBuffer"))
      guard case .allocationFailed("inputs", _, _, .allocationFailure)? = allocation else {
        Issue.record("\(String(describing: allocation))")
        return
      }
      let enqueue = try await failing(loaded, .init(status: .outOfResources, call: "clEnqueueNDRangeKernel"))
      #expect(
        enqueue == .callFailed(call: "clEnqueueNDRangeKernel", object: "add_layer_norm", status: .outOfResources))
      let late = try await failing(loaded, .init(mode: .late, status: .outOfHostMemory))
      #expect(
        late == .waitFailed(call: "clEnqueueReadBuffer", object: "arena", status: .outOfHostMemory))
      #expect([allocation, enqueue, late].allSatisfy { $0?.isOutOfMemory == true })
      for graph in [loaded, fresh] {
        let found = try await graph.run(inputs, outputs: ["result"])["result"]
        #expect(found == wanted)
      }
    }
  }
}
