// SPDX-License-Identifier: Apache-2.0
import OpenCLBackend
import OpenCLRuntime
import TestSupport
import Testing

/// Times of commands, for those who asked for them.
@Suite struct RecorderTests {
  private static let row = OperationCase.all.first { $0.description == "add_layer_norm 13 x 37" }

  @Test(.timeLimit(.minutes(20))) func commandsOfRunsAreRecordedWhereAsked() async {
    await #expect(processExitsWith: .success) {
      let row = try #require(RecorderTests.row)
      let device = try Device.select("auto")
      let (graph, parameters, inputs) = try row.build()

      let silent = try OpenCLExecutor(device)
      let plain = try await silent.load(graph, parameters: parameters)
      _ = try await plain.run(inputs, outputs: ["result"])
      CallMonitor.start()
      let wanted = try await plain.run(inputs, outputs: ["result"])["result"]
      CallMonitor.stop()
      #expect(CallMonitor.counts.created[.event] ?? 0 == 0)
      #expect(silent.takeCommands().isEmpty)

      let executor = try OpenCLExecutor(device, recordsCommands: true)
      let loaded = try await executor.load(graph, parameters: parameters)
      #expect(executor.takeCommands().isEmpty, "weights are no run")
      for _ in 0..<2 {
        let found = try await loaded.run(inputs, outputs: ["result"])["result"]
        #expect(found == wanted)
      }
      let commands = executor.takeCommands()
      #expect(
        commands.map(\.operation)
          == ["upload", "add_layer_norm", "download", "upload", "add_layer_norm", "download"])
      #expect(commands.map(\.node) == [nil, 0, nil, nil, 0, nil])
      #expect(commands[1].scope == "add_layer_norm" && commands[1].command == "add_layer_norm")
      for (one, next) in zip(commands, commands.dropFirst()) { #expect(one.times.ended <= next.times.started) }
      #expect(executor.takeCommands().isEmpty)
    }
  }

  @Test(.timeLimit(.minutes(20))) func aRunThatFailsLeavesNoCommandsAndNoEvents() async {
    await #expect(processExitsWith: .success) {
      let row = try #require(RecorderTests.row)
      let executor = try OpenCLExecutor(Device.select("auto"), recordsCommands: true)
      let (graph, parameters, inputs) = try row.build()
      let loaded = try await executor.load(graph, parameters: parameters)
      _ = try await loaded.run(inputs, outputs: ["result"])
      for fault in [
        CallMonitor.Fault(status: .outOfResources, call: "clEnqueueNDRangeKernel"),
        CallMonitor.Fault(mode: .late, status: .outOfHostMemory),
      ] {
        _ = executor.takeCommands()
        CallMonitor.start()
        CallMonitor.inject(fault)
        await #expect(throws: OpenCLError.self) { try await loaded.run(inputs, outputs: ["result"]) }
        CallMonitor.removeFault()
        CallMonitor.stop()
        let counts = CallMonitor.counts
        #expect(counts.created[.event] == counts.released[.event], "\(counts)")
        #expect(executor.takeCommands().isEmpty)
        _ = try await loaded.run(inputs, outputs: ["result"])
        #expect(executor.takeCommands().map(\.operation) == ["upload", "add_layer_norm", "download"])
      }
    }
  }
}
