// SPDX-License-Identifier: Apache-2.0
import ComputeGraph
import OpenCLBackend
import OpenCLRuntime
import TestSupport
import Testing

/// The kernel that shares of the peak refer to.
@Suite(.serialized) struct PeakTests {
  /// After few steps every chain's value tells how many steps it has gone, so the work that is counted is work done.
  @Test(arguments: [1, 32]) func doesTheWorkThatIsCounted(workGroupSize: Int) async throws {
    let device = try Device.select("auto")
    let profile = DeviceProfile(device, workGroupSize: workGroupSize)
    let executor = try OpenCLExecutor(device, profile: profile)
    for steps in [0, 1, 5, 40] {
      let (sums, operations) = try await executor.runPeakKernel(steps: steps)
      let chains = (0..<12).map { chain in
        (0..<steps).reduce(1 + 0.001 * Float(chain)) { x, _ in Float(0.5).addingProduct(x, 0.5) }
      }
      let wanted = chains.dropFirst().reduce(chains[0], +)
      #expect(sums.allSatisfy { $0 == wanted }, "\(steps) steps: \(sums[0]), wanted \(wanted)")
      #expect(sums.count == workGroupSize * profile.vectorWidth)
      #expect(operations == Double(2 * 12 * steps * sums.count))
    }
  }

  /// A matrix product that is much faster than the peak would show a kernel that does not reach it. Both figures are the
  /// best of many, because others use the machine meanwhile.
  @Test func noProductIsFaster() async throws {
    let executor = try OpenCLExecutor(try Device.select("auto"))
    var graph = Graph()
    let x = try graph.input("x", [512, 768], .real)
    try graph.output(
      "y", graph.apply(.linear(activation: .identity), [x, graph.parameter("weight", [768, 768])]))
    let loaded = try await executor.load(
      graph, parameters: ParameterTable(["weight": [Float](repeating: 0.5, count: 768 * 768)]))
    let inputs = RunInputs(
      dimensions: [:],
      tensors: ["x": try Tensor(.float32([Float](repeating: 1, count: 512 * 768)), shape: [512, 768])])
    let clock = ContinuousClock()
    var (peak, product) = (0.0, 0.0)
    for _ in 0..<4 {
      peak = max(peak, try await executor.measurePeak())
      for _ in 0..<5 {
        let start = clock.now
        _ = try await loaded.run(inputs, outputs: ["y"])
        product = max(product, 2.0 * 512 * 768 * 768 / ((clock.now - start) / .seconds(1)))
      }
    }
    #expect(product <= 1.2 * peak, "\(product / 1e9) and \(peak / 1e9) GFLOP/s")
    #expect(product > 0.05 * peak, "\(product / 1e9) and \(peak / 1e9) GFLOP/s")
  }
}
