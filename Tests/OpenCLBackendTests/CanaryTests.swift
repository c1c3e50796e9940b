// SPDX-License-Identifier: Apache-2.0
import ComputeGraph
import OpenCLBackend
import OpenCLRuntime
import TestSupport
import Testing

/// Every operation, in both forms, on memory with canaries: each value lies between two margins, and after the run the
/// margins, the inputs and the weights are what they were, to the byte.
@Suite struct CanaryTests {
  /// Bytes before and behind each value: more than a work-group, a register tile or a panel could overshoot by.
  private static let margin = 1 << 16
  /// No float that a kernel makes: a NaN with a payload of its own.
  private static let canary: UInt32 = 0x7FBA_DBAD

  /// One value's memory with its margins.
  private struct Guarded {
    let whole: Buffer
    let value: Buffer
    let byteCount: Int

    init(_ executor: OpenCLExecutor, byteCount: Int, label: String) throws {
      let alignment = executor.profile.alignment
      let start = (CanaryTests.margin + alignment - 1) / alignment * alignment
      self.byteCount = byteCount
      // A value's end need not be a multiple of 4 (masks are bytes); the whole is.
      whole = try Buffer(
        executor.context, byteCount: start + (byteCount + 3) / 4 * 4 + CanaryTests.margin, label: label)
      value = try whole.subBuffer(offset: start, byteCount: max(byteCount, 4))
      try executor.queue.fill(whole, with: CanaryTests.canary)
    }

    func bytes(_ queue: Queue) throws -> [UInt8] { try queue.read(whole, count: whole.byteCount, of: UInt8(0)) }

    /// Whether all around the value is as it was filled.
    func hasMargins(_ queue: Queue) throws -> Bool {
      let words = try queue.read(whole, count: whole.byteCount / 4, of: UInt32(0))
      let range = (value.start / 4)..<((value.start + byteCount + 3) / 4)
      return words[..<range.lowerBound].allSatisfy { $0 == CanaryTests.canary }
        && words[range.upperBound...].allSatisfy { $0 == CanaryTests.canary }
    }
  }

  @Test(arguments: [KernelForm.native, .groups]) func nothingOutsideTheResultIsWritten(form: KernelForm) async throws {
    let executor = try form.executor()
    for row in OperationCase.all { try await check(row.prepare(), "\(row)", executor) }
  }

  /// Both passes of every row, on weights and gradients that lie in one state each.
  @Test(arguments: [KernelForm.native, .groups]) func nothingOutsideTheGradientsIsWritten(
    form: KernelForm
  ) async throws {
    let executor = try form.executor()
    for row in OperationCase.differentiable {
      var prepared = try row.prepareGradient()
      try prepared.startWithRandomGradients()
      try await check(prepared.backward, "\(row), backward", executor)
    }
  }

  /// The comparison below would see one float behind a value.
  @Test func aKernelThatWritesTooFarIsCaught() async throws {
    let executor = try KernelForm.native.executor()
    let guarded = try Guarded(executor, byteCount: 40, label: "result")
    let before = try guarded.bytes(executor.queue)
    #expect(try guarded.hasMargins(executor.queue))
    // What an overshooting kernel would do: the first float behind the value.
    let offset = guarded.value.start + 40
    try executor.queue.fill(guarded.whole, with: Float(1), at: offset, byteCount: 4)
    #expect(try guarded.bytes(executor.queue) != before)
    #expect(try !guarded.hasMargins(executor.queue))
  }

  private func check(_ prepared: PreparedRun, _ row: String, _ executor: OpenCLExecutor) async throws {
    let (graph, inputs, queue) = (prepared.graph, prepared.inputs, executor.queue)
    let plan = try executor.profile.plan(graph, inputs.dimensions, outputs: prepared.outputs)
    var guarded: [Graph.Value: Guarded] = [:]
    for (value, weight) in try await executor.weights(of: graph, from: prepared.parameters) {
      let copy = try Guarded(executor, byteCount: weight.byteCount, label: "weight")
      try queue.copy(weight, byteCount: weight.byteCount, to: copy.value)
      guarded[value] = copy
    }
    for (value, tensor) in try inputs.tensors(for: plan, of: graph) {
      let copy = try Guarded(executor, byteCount: tensor.byteCount, label: "input")
      try tensor.withBytes { try queue.write($0, to: copy.value) }
      guarded[value] = copy
    }
    for case (let value, let name) in graph.states where plan.states.contains(value) {
      let tensor = try #require(prepared.states[name])
      let copy = try Guarded(executor, byteCount: tensor.byteCount, label: "state \(name)")
      try tensor.withBytes { try queue.write($0, to: copy.value) }
      guarded[value] = copy
    }
    // What the steps write: results, those states that they change, and notes.
    var written = try plan.slots.mapValues { try Guarded(executor, byteCount: $0.byteCount, label: "result") }
    var buffers = guarded.merging(written) { $1 }.mapValues(\.value)
    for step in plan.steps {
      for value in step.operands + step.results {
        guard let storage = graph.storage(of: value) else { continue }
        let (state, offset) = graph.place(ofStorage: storage)
        let count = try graph.type(of: storage).shape.elementCount(plan.dimensions)
        buffers[value] = try buffers[state]?.subBuffer(offset: offset * 4, byteCount: count * 4)
        if step.results.contains(value), let memory = guarded.removeValue(forKey: state) { written[state] = memory }
      }
    }
    let scratch = try plan.steps.enumerated().reduce(into: [Int: Guarded]()) { scratch, entry in
      guard let slot = entry.element.scratch else { return }
      scratch[entry.offset] = try Guarded(executor, byteCount: slot.byteCount, label: "scratch")
    }
    try queue.finish()
    let before = try guarded.mapValues { try $0.bytes(queue) }

    try await executor.run(plan, of: graph, on: buffers, scratch: scratch.mapValues(\.value))

    for (value, memory) in guarded {
      let (old, new) = try (#require(before[value]), memory.bytes(queue))
      #expect(new == old, "\(row): operand \(value.index) or what is around it was written")
    }
    for memory in Array(written.values) + Array(scratch.values) {
      #expect(try memory.hasMargins(queue), "\(row): written before or behind \(memory.value.label)")
    }
    // And the results themselves are there: no element was left out, and they are what a run gives.
    let wanted = try await prepared.run(on: executor)
    let states = graph.states.filter { written[$0.value] != nil }
    for (name, value) in plan.outputs + states.map({ ($0.name, $0.value) }) {
      let (memory, tensor) = try (#require(written[value]), #require(wanted[name]))
      let count = tensor.shape.reduce(1, *)
      let found = try queue.read(memory.value, count: max(count, 1), of: Float(0))[..<count]
      #expect(found.map(\.bitPattern) == tensor.floats.map(\.bitPattern), "\(row): \(name)")
    }
  }
}

extension Tensor {
  fileprivate var byteCount: Int {
    if case .uint8(let elements) = storage { elements.count } else { shape.reduce(4, *) }
  }

  fileprivate func withBytes(_ body: (UnsafeRawBufferPointer) throws -> Void) throws {
    switch storage {
    case .int32(let elements): try elements.withUnsafeBytes(body)
    case .uint8(let elements): try elements.withUnsafeBytes(body)
    case .float32, .float64: try floats.withUnsafeBytes(body)
    }
  }
}
