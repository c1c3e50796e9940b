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
        func edit(_ name: String) -> Program.BinaryEdit {
          Program.BinaryEdit(name: name, complaint: "") { $0.isEmpty || $0 == binary ? nil : binary }
        }
        let cache = ProgramCache(folder: folder)
        let program = try Program(device.context, file: "number.cl", source: source(1), edit: edit("1"), cache: cache)
        #expect(program.origin == .source)
        #expect(try number(program, on: device) == 2)
        #expect(program.storeBinary())
        let again = try Program(device.context, file: "number.cl", source: source(1), edit: edit("1"), cache: cache)
        #expect(again.origin == .cache)
        #expect(try number(again, on: device) == 2)
        let mended = try Program(device.context, file: "number.cl", source: source(1), edit: edit("2"), cache: cache)
        #expect(mended.origin == .source, "another edit is another program")
      }
    }

    /// What a build gives whose binary becomes `edited`; it must leave no handle.
    private func failure(_ edited: [UInt8]?, _ fault: CallMonitor.Fault? = nil) throws -> OpenCLError? {
      let device = try TestDevice()
      CallMonitor.start(.thisThread)
      if let fault { CallMonitor.inject(fault) }
      let caught = error {
        _ = try Program(
          device.context, file: "number.cl", source: source(1),
          edit: Program.BinaryEdit(name: "", complaint: "not what was expected") { edited ?? $0 }, cache: nil)
      }
      CallMonitor.removeFault()
      let left = CallMonitor.counts.outstanding
      CallMonitor.stop()
      #expect(left.isEmpty, "\(left)")
      return caught
    }

    @Test func whatCannotBeEditedIsABuildThatFails() throws {
      let device = try TestDevice()
      let caught = error {
        _ = try Program(
          device.context, file: "number.cl", source: source(1),
          edit: Program.BinaryEdit(name: "", complaint: "not what was expected") { _ in nil }, cache: nil)
      }
      guard case .buildFailed(let failure)? = caught else {
        Issue.record("no build failure: \(caught as Any)")
        return
      }
      #expect(failure.log == "not what was expected" && failure.status == .buildFailure)
    }

    /// The driver's own status, and nothing left behind.
    @Test func whatTheDriverDoesNotTakeSaysWhy() throws {
      #expect(try failure(nil) == nil)
      guard case .callFailed(let call, _, _)? = try failure(Array("no binary".utf8)) else {
        Issue.record("a text is no binary")
        return
      }
      #expect(call == "clCreateProgramWithBinary")
      for (call, nth) in [("clGetProgramInfo", 1), ("clCreateProgramWithBinary", 1), ("clBuildProgram", 2)] {
        let caught = try failure(nil, .init(nth: nth, status: .outOfHostMemory, call: call, scope: .thisThread))
        guard case .callFailed(call, _, .outOfHostMemory)? = caught else {
          Issue.record("\(call): \(caught as Any)")
          continue
        }
      }
    }
  }
}
