// SPDX-License-Identifier: Apache-2.0

import OpenCLRuntime
import Testing

extension RuntimeTests {
  /// Programs whose binaries are edited before they are loaded.
  @Suite struct BinaryEditTests {
    private func source(_ number: Int) -> String {
      "__kernel void number(__global int *out) { out[get_global_id(0)] = \(number); }"
    }

    private func number(_ program: Program, on device: TestDevice) throws -> Int32 {
      let out = try Buffer(device.context, byteCount: 4, label: "out")
      let kernel = try program.kernel("number")
      try kernel.bind([.buffer(out)])
      try device.queue.launch(kernel, global: 1, local: 1)
      return try device.queue.read(out, count: 1, of: Int32(0))[0]
    }

    /// The binary of another program stands for an edited one: what runs is what the edit gave, from the cache as well.
    @Test func whatTheEditGivesIsWhatRuns() throws {
      try withTemporaryFolder { folder in
        let device = try TestDevice()
        let other = try Program(device.context, file: "number.cl", source: source(2), cache: nil)
        #expect(try number(other, on: device) == 2)
        let binary = try other.binary()
        let edit = Program.BinaryEdit(complaint: "") { $0.isEmpty || $0 == binary ? nil : binary }
        let cache = ProgramCache(folder: folder)
        let program = try Program(device.context, file: "number.cl", source: source(1), edit: edit, cache: cache)
        #expect(program.origin == .source)
        #expect(try number(program, on: device) == 2)
        #expect(program.storeBinary())
        let again = try Program(device.context, file: "number.cl", source: source(1), edit: edit, cache: cache)
        #expect(again.origin == .cache)
        #expect(try number(again, on: device) == 2)
      }
    }

    @Test func whatCannotBeEditedOrLoadedIsABuildThatFails() throws {
      let device = try TestDevice()
      for edited in [nil, Array("no binary".utf8)] {
        CallMonitor.start(.thisThread)
        let caught = error {
          _ = try Program(
            device.context, file: "number.cl", source: source(1),
            edit: Program.BinaryEdit(complaint: "not what was expected") { _ in edited }, cache: nil)
        }
        let left = CallMonitor.counts.outstanding
        CallMonitor.stop()
        guard case .buildFailed(let failure)? = caught else {
          Issue.record("no build failure: \(caught as Any)")
          continue
        }
        #expect(failure.log == "not what was expected")
        #expect(left.isEmpty, "\(left)")
      }
    }
  }
}
