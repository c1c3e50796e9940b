// SPDX-License-Identifier: Apache-2.0
import CPUBackend
import ComputeGraph
import OpenCLBackend
import OpenCLRuntime
import TestSupport
import Testing

/// The GPU kernels' tiles are a matter of speed alone: each of them gives the same bits, so a tuner may choose any.
@Suite struct TileBitsTests {
  private static func executor(
    workGroupSize: Int = 32, _ change: (inout DeviceProfile) -> Void
  ) throws -> OpenCLExecutor {
    let device = try Device.select("auto")
    var profile = DeviceProfile(device, workGroupSize: workGroupSize, matrixProduct: .tiled)
    change(&profile)
    return try OpenCLExecutor(device, profile: profile)
  }

  /// Rows, depth and columns, each around the edges of tiles and of quads.
  private static let sizes = [
    (1, 1, 1), (3, 4, 5), (63, 17, 65), (64, 64, 64), (65, 3, 63), (127, 20, 5), (128, 16, 129), (129, 33, 1),
    (2, 200, 140),
  ]

  /// A dense layer of each size, and one behind another by odd numbers of rows, which start where no float4 may.
  private static func layers() throws -> [(what: String, graph: Graph, parameters: ParameterTable, inputs: RunInputs)] {
    var generator = SeededGenerator(seed: 6)
    func layer(
      _ what: String, _ operation: ComputeGraph.Operation, rows: Int, depth: Int, _ shapes: [[Int]]
    ) throws -> (what: String, graph: Graph, parameters: ParameterTable, inputs: RunInputs) {
      var graph = Graph()
      var parameters = ParameterTable()
      let x = try graph.input("x", [.tokens, .fixed(depth)], .real)
      let weights = try shapes.enumerated().map { index, shape in
        parameters.tensors["\(index)"] = normal(shape.reduce(1, *), &generator)
        return try graph.parameter("\(index)", shape)
      }
      try graph.output("result", graph.apply(operation, [x] + weights))
      let inputs = try RunInputs(
        dimensions: [.tokens: rows, .sequences: 1],
        tensors: ["x": Tensor(.float32(normal(rows * depth, &generator)), shape: [rows, depth])])
      return (what, graph, parameters, inputs)
    }
    return try sizes.map { rows, depth, columns in
      try layer(
        "\(rows) x \(depth) x \(columns)", .linear(activation: .identity), rows: rows, depth: depth,
        [[columns, depth], [columns]])
    } + [
      layer(
        "19 and 23 wide, 13 rows at once", .feedForward(activation: .identity, chunk: 13), rows: 31, depth: 19,
        [[23, 19], [23], [19, 23], [19]]),
      layer(
        "20 and 24 wide, 13 rows at once", .feedForward(activation: .identity, chunk: 13), rows: 31, depth: 20,
        [[24, 20], [24], [20, 24], [20]]),
      layer("67 x 20 x 63, GELU", .linear(activation: .geluErf), rows: 67, depth: 20, [[63, 20], [63]]),
    ]
  }

  @Test func ofADenseLayer() async throws {
    let device = try Device.select("auto")
    let tiles = TiledConfiguration.candidates.filter {
      $0.fits(maxWorkGroupSize: device.maxWorkGroupSize, localMemory: device.localMemory)
    }
    #expect(tiles.count > 1)
    let layers = try Self.layers()
    var wanted: [String: [UInt32]] = [:]
    for (index, tile) in tiles.enumerated() {
      let executor = try Self.executor { $0.tiledConfiguration = tile }
      // An activation is a program more, in which all that a tile changes is how an item stores its columns.
      let isNew = !tiles[..<index].contains { $0.itemColumns == tile.itemColumns }
      for layer in layers where isNew || !layer.what.hasSuffix("GELU") {
        let loaded = try await executor.load(layer.graph, parameters: layer.parameters)
        let found = try #require(try await loaded.run(layer.inputs, outputs: ["result"])["result"])
        let bits = found.floats.map(\.bitPattern)
        if let wanted = wanted[layer.what] {
          #expect(bits == wanted, "\(tile): \(layer.what)")
          continue
        }
        wanted[layer.what] = bits
        let oracle = try await CPUExecutor<Double>().load(layer.graph, parameters: layer.parameters)
          .run(layer.inputs, outputs: ["result"])["result"]
        #expect(try relativeError(found.doubles, #require(oracle).doubles) <= 1e-6, "\(tile): \(layer.what)")
      }
    }
  }

  @Test func ofAttention() async throws {
    let names = [
      "[65, 64, 63], 1 heads of 64", "[0, 33, 0, 1], 2 heads of 7, causal",
      "[9, 70, 40, 3] over [4, 65, 0, 2] 1 apart, 2 heads of 7, causal",
    ]
    // Each head size is a program for each tile, so these are for two: one query an item, and eight.
    let namesForTwo = [
      "[1, 5, 33, 1] over [70, 5, 97, 1] 13 apart, 2 heads of 12", "BERT ragged, causal", "[67, 1], 2 heads of 128",
    ]
    let rows = OperationCase.all.filter { $0.operation.name == "attention" && (names + namesForTwo).contains($0.what) }
    #expect(rows.count == names.count + namesForTwo.count)
    var wanted: [String: [UInt32]] = [:]
    for (workGroupSize, itemQueries, isOfTwo) in [
      (16, 1, true), (32, 8, false), (64, 2, false), (128, 1, false), (128, 4, false), (128, 8, true),
    ] {
      let executor = try Self.executor(workGroupSize: workGroupSize) { $0.attentionItemQueries = itemQueries }
      for row in rows where isOfTwo || names.contains(row.what) {
        let bits = try await row.run(on: executor).floats.map(\.bitPattern)
        #expect(bits == wanted[row.what, default: bits], "\(workGroupSize), \(itemQueries): \(row)")
        wanted[row.what] = bits
      }
    }
    #expect(Set(wanted.values).count == rows.count)
  }
}
