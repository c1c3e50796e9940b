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
    for row in OperationCase.all { try await check(row, executor) }
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

  private func check(_ row: OperationCase, _ executor: OpenCLExecutor) async throws {
    let (graph, parameters, inputs) = try row.build()
    let queue = executor.queue
    let plan = try executor.profile.plan(graph, inputs.dimensions, outputs: ["result"])
    var guarded: [Graph.Value: Guarded] = [:]
    for (value, weight) in try await executor.weights(of: graph, from: parameters) {
      let copy = try Guarded(executor, byteCount: weight.byteCount, label: "weight")
      try queue.copy(weight, byteCount: weight.byteCount, to: copy.value)
      guarded[value] = copy
    }
    for (value, tensor) in try inputs.tensors(for: plan, of: graph) {
      let copy = try Guarded(executor, byteCount: tensor.byteCount, label: "input")
      try tensor.withBytes { try queue.write($0, to: copy.value) }
      guarded[value] = copy
    }
    for (name, tensor) in try row.states(of: graph, inputs.dimensions) {
      let copy = try Guarded(executor, byteCount: tensor.byteCount, label: "state")
      try tensor.withBytes { try queue.write($0, to: copy.value) }
      for (value, state) in graph.states where state == name { guarded[value] = copy }
    }
    // What the steps write: results, a state for those rows that store to one, and notes.
    var written = try plan.slots.mapValues { try Guarded(executor, byteCount: $0.byteCount, label: "result") }
    for state in plan.states { written[state] = guarded.removeValue(forKey: state) }
    for step in plan.steps {
      if let state = graph.storage(of: step.result) { written[step.result] = written[state] }
    }
    let scratch = try plan.steps.compactMap(\.scratch).first.map {
      try Guarded(executor, byteCount: $0.byteCount, label: "scratch")
    }
    try queue.finish()
    let before = try guarded.mapValues { try $0.bytes(queue) }

    try await executor.run(
      plan, of: graph, on: guarded.merging(written) { $1 }.mapValues(\.value), scratch: scratch?.value)

    for (value, memory) in guarded {
      let (old, new) = try (#require(before[value]), memory.bytes(queue))
      #expect(new == old, "\(row): operand \(value.index) or what is around it was written")
    }
    for memory in written.values + [scratch].compactMap({ $0 }) {
      #expect(try memory.hasMargins(queue), "\(row): written before or behind \(memory.value.label)")
    }
    // And the result itself is there: no element was left out, and it is what a run gives.
    let result = try #require(written[plan.outputs[0].value])
    let wanted = try await row.run(on: executor).floats
    let found = try queue.read(result.value, count: max(wanted.count, 1), of: Float(0))[..<wanted.count]
    #expect(found.map(\.bitPattern) == wanted.map(\.bitPattern), "\(row)")
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
