// SPDX-License-Identifier: Apache-2.0
import ComputeGraph
import OpenCLBackend
import TestSupport
import Testing

/// A sequence's gradients have the same bits whatever other sequences are in its batch.
@Suite struct AttentionGradientBitsTests {
  private static let (heads, size, rows) = (2, 20, 260)
  private static var width: Int { heads * size }

  /// For each token of the sequences, which are ranges of one matrix's rows: the attention's result, its log-sum-exp, and the
  /// gradient of query, key and value.
  private func run(_ sequences: [Range<Int>], isCausal: Bool, on executor: OpenCLExecutor) async throws -> [[Float]] {
    var generator = SeededGenerator(seed: 7)
    let width = Self.width
    let x = normal(Self.rows * 3 * width, &generator)
    let dout = normal(Self.rows * width, &generator)
    let taken = sequences.flatMap { $0 }

    var graph = Graph()
    let matrix = try graph.input("x", [.tokens, .fixed(3 * width)], .real)
    let dy = try graph.input("dy", [.tokens, .fixed(width)], .real)
    let offsets = try graph.input("offsets", [.symbol(.sequences, plus: 1)], .int32, segmenting: .tokens)
    let starts = try graph.input("starts", [.sequences], .int32)
    let ends = try graph.input("ends", [.sequences], .int32)
    let training = TrainingAttention(
      Attention(heads: Self.heads, headSize: Self.size, keyColumn: width, valueColumn: 2 * width, isCausal: isCausal))
    let operands = [matrix, matrix, matrix, offsets, starts, ends]
    let results = try graph.applyAll(.trainingAttention(training), operands)
    let gradient = try graph.apply(
      .gradient(.attention(training, GradientOperation.Sharing(query: 0, key: 0, value: 0))), [dy] + results + operands)
    let outputs = ["out": results[0], "logSumExp": results[1], "gradient": gradient]
    for (name, value) in outputs { try graph.output(name, value) }

    func elements(_ source: [Float], columns: Int) throws -> Tensor {
      try Tensor(
        .float32(taken.flatMap { source[($0 * columns)..<(($0 + 1) * columns)] }), shape: [taken.count, columns])
    }
    let bounds = sequences.reduce(into: [Int32(0)]) { $0.append(($0.last ?? 0) + Int32($1.count)) }
    let inputs = try RunInputs(
      dimensions: [
        .tokens: taken.count, .sequences: sequences.count, .longest: sequences.map(\.count).max() ?? 0,
      ],
      tensors: [
        "x": elements(x, columns: 3 * width), "dy": elements(dout, columns: width), "offsets": .int32(bounds),
        "starts": .int32(Array(bounds.dropLast())), "ends": .int32(Array(bounds.dropFirst())),
      ])
    let names = ["out", "logSumExp", "gradient"]
    let found = try await executor.load(graph, parameters: ParameterTable()).run(inputs, outputs: names)
    let tensors = try names.map { try #require(found[$0]) }
    return taken.indices.map { row in
      tensors.flatMap { tensor in
        let columns = tensor.shape[1]
        return tensor.floats[(row * columns)..<((row + 1) * columns)]
      }
    }
  }

  @Test(arguments: [KernelForm.native, .vectors8, .vectors4, .groups, .largeGroups], [false, true])
  func dependOnTheSequenceAlone(form: KernelForm, isCausal: Bool) async throws {
    let executor = try form.executor()
    let alone = try await run([30..<167], isCausal: isCausal, on: executor)
    #expect(alone.allSatisfy { $0.allSatisfy(\.isFinite) })
    // Beside shorter ones, an empty one and a longer one.
    let beside = try await run([0..<5, 7..<7, 30..<167, 180..<181, 20..<240], isCausal: isCausal, on: executor)
    #expect(beside[5..<142].elementsEqual(alone) { $0.map(\.bitPattern) == $1.map(\.bitPattern) })
  }
}
