// SPDX-License-Identifier: Apache-2.0
import Benchmark
import BenchmarkCases
import CPUBackend
import ComputeGraph
import OpenCLBackend
import OpenCLRuntime

// Each row of the table on each executor. One iteration is one run of a graph of that operation alone, from host tensors
// to host tensors; on OpenCL the time that the device spent in the operation's own kernels is counted beside it.

let deviceTime = BenchmarkMetric.custom("Device time (ns)", polarity: .prefersSmaller)
/// Of the device's time; matrix products and attention alone.
let deviceRate = BenchmarkMetric.custom("Device MFLOP/s", polarity: .prefersLarger)

let benchmarks: @Sendable () -> Void = {
  for row in OperationCase.benchmarks {
    let isCounted = [.linear, .attention].contains(row.operation.kind)
    Benchmark(
      "opencl \(row)",
      configuration: .init(metrics: [.wallClock, deviceTime] + (isCounted ? [deviceRate] : []))
    ) { benchmark, prepared in
      try await prepared.run(benchmark)
    } setup: {
      try await PreparedCase(row, on: OpenCLExecutor(Device.select("opencl"), recordsCommands: true))
    }
    Benchmark("cpu \(row)", configuration: .init(metrics: [.wallClock])) { benchmark, prepared in
      try await prepared.run(benchmark)
    } setup: {
      try await PreparedCase(row, on: CPUExecutor<Float>())
    }
  }
}

/// A row of the table with its weights on a device.
struct PreparedCase {
  private let loaded: any LoadedGraph
  private let inputs: RunInputs
  /// The executor, where it records what the device does.
  private let recording: OpenCLExecutor?
  private let floatingPointOperations: Double

  init(_ row: OperationCase, on executor: some Executor) async throws {
    let (graph, parameters, inputs) = try row.build()
    self.inputs = inputs
    loaded = try await executor.load(graph, parameters: parameters)
    recording = executor as? OpenCLExecutor
    floatingPointOperations = try Plan(graph, inputs.dimensions).floatingPointOperations(
      of: graph, inputs.dimensions, lengths: inputs.dimensions[.longest].map { [$0] } ?? []
    ).reduce(0, +)
    _ = try await run()  // builds and binds
  }

  func run(_ benchmark: Benchmark) async throws {
    benchmark.startMeasurement()
    let nanoseconds = try await run()
    benchmark.stopMeasurement()
    guard recording != nil else { return }
    benchmark.measurement(deviceTime, nanoseconds)
    if floatingPointOperations > 0 {
      benchmark.measurement(deviceRate, Int(1e3 * floatingPointOperations / Double(max(nanoseconds, 1))))
    }
  }

  /// Nanoseconds of the operation's kernels; 0 where nobody records them.
  private func run() async throws -> Int {
    blackHole(try await loaded.run(inputs, outputs: ["result"]))
    guard let recording else { return 0 }
    return recording.takeCommands().reduce(0) { $0 + ($1.node == nil ? 0 : Int($1.times.duration)) }
  }
}
