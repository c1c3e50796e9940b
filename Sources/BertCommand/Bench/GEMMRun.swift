// SPDX-License-Identifier: Apache-2.0
import BERT
import ComputeGraph
import OpenCLBackend

/// M, N and K of `y [M, N] = x [M, K] W [N, K]^T`.
struct GEMMShape: Sendable, Hashable {
  let rows: Int
  let columns: Int
  let depth: Int

  init(_ rows: Int, _ columns: Int, _ depth: Int) { (self.rows, self.columns, self.depth) = (rows, columns, depth) }

  /// Nil for anything but `MxNxK` of 1 to 65536 each.
  init?(argument: String) {
    let sizes = argument.split(separator: "x", omittingEmptySubsequences: false).map { Int($0) ?? 0 }
    guard sizes.count == 3, sizes.allSatisfy((1...65536).contains) else { return nil }
    self.init(sizes[0], sizes[1], sizes[2])
  }

  var name: String { "\(rows)x\(columns)x\(depth)" }
  var floatingPointOperations: Double { 2 * Double(rows) * Double(columns) * Double(depth) }

  /// BERT-base's dense layers at 16, 128 and 4096 tokens, and squares.
  static let usual =
    [16, 128, 4096].flatMap { tokens in
      [(2304, 768), (768, 768), (3072, 768), (768, 3072)].map { GEMMShape(tokens, $0.0, $0.1) }
    } + [1024, 2048, 4096, 8192].map { GEMMShape($0, $0, $0) }
}

/// One dense layer whose operands are on the device: a few rows come up and are spread to all, a few go down to be checked.
struct GEMMRun {
  private let shape: GEMMShape
  private let executor: OpenCLExecutor
  private let loaded: any LoadedGraph
  private let inputs: RunInputs

  /// Rows that go up, and rows that come down.
  private static let seeds = 64
  private static let checked = 4
  private static let checkedRows = Symbol("checked_rows")

  init(_ shape: GEMMShape, on executor: OpenCLExecutor) async throws {
    (self.shape, self.executor) = (shape, executor)
    var graph = Graph()
    let seeds = try graph.input("seeds", [.fixed(GEMMRun.seeds), .fixed(shape.depth)], .real)
    let spread = try graph.input("spread", [.symbol(.selectedRows, plus: 0)], .int32)
    let checked = try graph.input("checked", [.symbol(GEMMRun.checkedRows, plus: 0)], .int32)
    let x = try graph.apply(.gatherRows, [seeds, spread])
    let weight = try graph.parameter("weight", [shape.columns, shape.depth])
    let bias = try graph.parameter("bias", [shape.columns])
    let y = try graph.apply(.linear(activation: .identity), [x, weight, bias])
    try graph.output("rows", graph.apply(.gatherRows, [y, checked]))
    loaded = try await executor.load(graph, parameters: GEMMNumbers())
    let numbers = (0..<(GEMMRun.seeds * shape.depth)).map { Float(GEMMNumbers.number($0, salt: 0)) }
    inputs = RunInputs(
      dimensions: [.selectedRows: shape.rows, GEMMRun.checkedRows: GEMMRun.checked],
      tensors: [
        "seeds": try Tensor(.float32(numbers), shape: [GEMMRun.seeds, shape.depth]),
        "spread": .int32((0..<shape.rows).map { Int32($0 % GEMMRun.seeds) }),
        "checked": .int32(GEMMRun.rows(shape).map { Int32($0) }),
      ])
  }

  /// First and last row, and two between.
  private static func rows(_ shape: GEMMShape) -> [Int] {
    (0..<checked).map { $0 * (shape.rows - 1) / (checked - 1) }
  }

  /// Runs the layer once.
  ///
  /// - Returns: seconds of the layer's own launches, by the device's events.
  func time() async throws -> Double {
    _ = executor.takeCommands()
    _ = try await loaded.run(inputs, outputs: ["rows"])
    let nodes = loaded.graph.nodes
    return executor.takeCommands().reduce(0) { sum, command in
      guard let node = command.node, nodes[node].operation.kind == .linear else { return sum }
      return sum + Double(command.times.duration) / 1e9
    }
  }

  /// Relative error of some elements against the same sums in double precision.
  ///
  /// All operands are multiples of 1/64 from -1 to 63/64, which every precision holds, so every partial sum is a multiple
  /// of 1/4096. Float32 holds those exactly below 4096, which sums of random signs are far from: in float32 the error is 0
  /// in whatever order is added, and in half precision that of rounding the result once.
  func error() async throws -> Double {
    let found = try await loaded.run(inputs, outputs: ["rows"])["rows"]?.doubles ?? []
    guard found.count == GEMMRun.checked * shape.columns else { return .infinity }
    var (difference, norm) = (0.0, 0.0)
    for (index, row) in GEMMRun.rows(shape).enumerated() {
      let start = row % GEMMRun.seeds * shape.depth
      for column in stride(from: 0, to: shape.columns, by: max(shape.columns / 16, 1)) {
        var wanted = GEMMNumbers.number(column, salt: 2)
        for k in 0..<shape.depth {
          wanted +=
            GEMMNumbers.number(start + k, salt: 0) * GEMMNumbers.number(column * shape.depth + k, salt: 1)
        }
        let off = found[index * shape.columns + column] - wanted
        difference += off * off
        norm += wanted * wanted
      }
    }
    return (difference / max(norm, 1e-30)).squareRoot()
  }
}

/// Weights made where they are read, so that large ones cost no memory.
private struct GEMMNumbers: ParameterSource {
  /// A multiple of 1/64 from -1 to 63/64.
  static func number(_ index: Int, salt: UInt64) -> Double {
    var z = UInt64(truncatingIfNeeded: index) &* 0x9E37_79B9_7F4A_7C15 &+ salt &* 0xD1B5_4A32_D192_ED03
    z = (z ^ (z >> 32)) &* 0xBF58_476D_1CE4_E5B9
    return Double(Int((z >> 40) & 127) - 64) / 64
  }

  func read(
    _ part: Graph.Parameter.Part, from start: Int, into destination: UnsafeMutableBufferPointer<Float>
  ) throws {
    let salt: UInt64 = part.key == "bias" ? 2 : 1
    for index in destination.indices { destination[index] = Float(GEMMNumbers.number(start + index, salt: salt)) }
  }

  func read(
    _ part: Graph.Parameter.Part, from start: Int, into destination: UnsafeMutableBufferPointer<Double>
  ) throws {
    let salt: UInt64 = part.key == "bias" ? 2 : 1
    for index in destination.indices { destination[index] = GEMMNumbers.number(start + index, salt: salt) }
  }
}
