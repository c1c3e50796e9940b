// SPDX-License-Identifier: Apache-2.0
import CPUBackend
import ComputeGraph
import OpenCLBackend
import OpenCLRuntime
import TestSupport
import Testing

/// `attention_mma`, through the emulation of a matrix engine's lanes and fragments.
@Suite struct AttentionWarpsTests {
  static func profile(
    _ precision: Precision, _ warps: AttentionWarps? = AttentionWarps(warps: 2, warpQueries: 16)
  ) throws -> DeviceProfile {
    var profile = DeviceProfile(
      try Device.select("auto"), workGroupSize: 64, matrixProduct: .tiled, precision: precision)
    profile.matrixEngine = .emulated
    profile.attentionWarps = warps
    return profile
  }

  private static func executor(_ profile: DeviceProfile) throws -> OpenCLExecutor {
    try OpenCLExecutor(try Device.select("auto"), profile: profile)
  }

  /// The rows of the table that run in it.
  private static let rows = rows { _ in true }

  private static func rows(_ isWanted: (Attention) -> Bool) -> [OperationCase] {
    OperationCase.all.filter { row in
      guard case .attention(let attention) = row.operation else { return false }
      return AttentionWarps.serves(headSize: attention.headSize) && isWanted(attention)
    }
  }

  /// The weights are rounded on their way, besides the result. A program takes seconds to build: of bfloat16, which differs
  /// in how fragments are read and rounded, two head sizes.
  @Test(arguments: Precision.halves) func agreesWithTheOracle(precision: Precision) async throws {
    let profile = try Self.profile(precision)
    let executor = try Self.executor(profile)
    let rows = precision == .float16 ? Self.rows : Self.rows { !$0.isCausal && [16, 64].contains($0.headSize) }
    #expect(rows.count >= (precision == .float16 ? 14 : 5))
    for row in rows {
      let run = try row.prepare().rounded(to: precision)
      let wanted = try #require(try await run.run(on: CPUExecutor<Double>())["result"])
      let found = try #require(try await run.run(on: executor)["result"])
      #expect(found.shape == wanted.shape, "\(row)")
      let error = relativeError(found.doubles, wanted.doubles)
      #expect(error <= precision.roundoff + row.tolerance, "\(row): \(error)")
    }
  }

  /// So a tuner may choose any.
  @Test func configurationsHaveTheSameBits() async throws {
    let row = try #require(Self.rows.first { $0.what == "BERT ragged, causal" })
    let run = try row.prepare().rounded(to: .float16)
    var wanted: [UInt32]?
    for warps in AttentionWarps.candidates(headSize: 32) where warps.warps != 1 {
      let executor = try Self.executor(Self.profile(.float16, warps))
      let bits = try #require(try await run.run(on: executor)["result"]).floats.map(\.bitPattern)
      #expect(bits == wanted ?? bits, "\(warps)")
      wanted = bits
    }
  }

  /// Neither what else is in the batch nor where rows begin changes a sequence's bits.
  @Test func batchAndStrideChangeNoBits() async throws {
    let width = 16
    var generator = SeededGenerator(seed: 3)
    let numbers = normal(97 * 3 * width, &generator).map(Precision.float16.rounded)
    let executor = try Self.executor(Self.profile(.float16))
    /// Attention over sequences of these lengths, each of which has the first rows of `numbers`.
    func attend(_ lengths: [Int], apart: Int) async throws -> [[UInt32]] {
      let stride = 3 * (width + apart)
      var elements: [Float] = []
      for row in lengths.flatMap({ 0..<$0 }) {
        for part in 0..<3 {
          let first = (row * 3 + part) * width
          elements += Array(repeating: 1e4, count: apart) + numbers[first..<(first + width)]
        }
      }
      var graph = Graph()
      let x = try graph.input("x", [.tokens, .fixed(stride)], .real)
      let offsets = try graph.input("offsets", [.symbol(.sequences, plus: 1)], .int32, segmenting: .tokens)
      let (starts, ends) = (
        try graph.input("starts", [.sequences], .int32), try graph.input("ends", [.sequences], .int32)
      )
      let attention = Attention(
        heads: 1, headSize: width, queryColumn: apart, keyColumn: width + 2 * apart,
        valueColumn: 2 * width + 3 * apart)
      try graph.output("result", graph.apply(.attention(attention), [x, x, x, offsets, starts, ends]))
      let places = lengths.reduce(into: [Int32(0)]) { $0.append($0[$0.count - 1] + Int32($1)) }
      let inputs = RunInputs(
        dimensions: [
          .tokens: lengths.reduce(0, +), .sequences: lengths.count, .longest: lengths.max() ?? 0,
          .longestKeys: lengths.max() ?? 0,
        ],
        tensors: [
          "x": try Tensor(.float32(elements), shape: [lengths.reduce(0, +), stride]), "offsets": .int32(places),
          "starts": .int32(Array(places.dropLast())), "ends": .int32(Array(places.dropFirst())),
        ])
      let run = PreparedRun(graph: graph, inputs: inputs, states: [:])
      let bits = try #require(try await run.run(on: executor)["result"]).floats.map(\.bitPattern)
      return zip(places, places.dropFirst()).map { Array(bits[(Int($0) * width)..<(Int($1) * width)]) }
    }
    let alone = try await attend([97], apart: 0)[0]
    #expect(try await attend([5, 97, 70], apart: 0)[1] == alone)
    #expect(try await attend([97, 1], apart: 1)[0] == alone)
  }

  @Test func whatItServes() throws {
    for headSize in [16, 32, 48, 64, 80, 128] { #expect(AttentionWarps.serves(headSize: headSize)) }
    for headSize in [0, 8, 12, 24, 65, 144] { #expect(!AttentionWarps.serves(headSize: headSize)) }
    var profile = try Self.profile(.bfloat16, nil)
    #expect(profile.usesAttentionWarps(headSize: 64) && !profile.usesAttentionWarps(headSize: 12))
    #expect(try !Self.profile(.float32).usesAttentionWarps(headSize: 64))
    profile.matrixEngine = nil
    #expect(!profile.usesAttentionWarps(headSize: 64))
  }
}
