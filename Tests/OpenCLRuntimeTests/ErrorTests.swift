// SPDX-License-Identifier: Apache-2.0

import OpenCLRuntime
import Testing

extension RuntimeTests {
  @Suite struct ErrorTests {
    @Test func aBuildThatFailsTellsFileOptionsAndTheFirstErrors() throws {
      let device = try TestDevice()
      let source = "__kernel void broken(__global float *x) { x[0] = WG_SIZE + undeclared_name; }"
      let caught = error {
        _ = try Program(device.context, file: "broken.cl", source: source, options: "-DWG_SIZE=4", cache: nil)
      }
      guard case .buildFailed(let failure)? = caught else {
        Issue.record("no build failure: \(caught as Any)")
        return
      }
      #expect(failure.file == "broken.cl" && failure.options == "-DWG_SIZE=4 -cl-kernel-arg-info")
      #expect(failure.device == device.context.device.name)
      #expect(failure.status == .buildFailure)
      #expect(failure.log.contains("undeclared_name"))
      #expect(OpenCLError.buildFailed(failure).description.contains("undeclared_name"))
    }

    @Test func aBuildThatFailsLeavesNothingBehind() throws {
      let device = try TestDevice()
      CallMonitor.start(.thisThread)
      _ = error { _ = try Program(device.context, file: "broken.cl", source: "kernel void broken(", cache: nil) }
      CallMonitor.stop()
      #expect(CallMonitor.counts.created[.program] == 1)
      #expect(CallMonitor.counts.outstanding.isEmpty)
    }

    @Test(.timeLimit(.minutes(1)))
    func aBuildLogOf1MBThatIsNotUTF8() throws {
      let device = try TestDevice()
      var log = Array("warning: first\n".utf8) + [0xFF, 0xFE, 0xC3, 10]
      log += Array("scale.cl:3:1: error: the real reason \u{e9}".utf8) + [0x80, 10]
      while log.count < 1 << 20 { log += Array("error: noise ".utf8) + [0xF0, 0x28, 10] }
      let sourceTexts: [[UInt8]] = [log, [UInt8](repeating: 0xFF, count: 1 << 20)]
      for bytes in sourceTexts {
        CallMonitor.inject(.init(nth: 0, scope: .thisThread))  // no call fails; the log is all that is injected
        #expect(CallMonitor.injectBuildLog(bytes))
        let caught = error { _ = try Program(device.context, file: "scale.cl", source: "kernel void x(", cache: nil) }
        CallMonitor.removeFault()
        guard case .buildFailed(let failure)? = caught else {
          Issue.record("no build failure: \(caught as Any)")
          return
        }
        #expect(failure.log.utf8.count >= 1 << 20)
        #expect(failure.log.unicodeScalars.contains("\u{FFFD}"))
        #expect(OpenCLError.buildFailed(failure).description.utf8.count < 8192)
        if bytes == log { #expect(failure.firstErrors.first?.contains("the real reason") == true) }
      }
    }

    @Test func aBuildThatFailsForAnotherReasonIsACallThatFailed() throws {
      let device = try TestDevice()
      CallMonitor.inject(.init(status: .outOfHostMemory, call: "clBuildProgram", scope: .thisThread))
      defer { CallMonitor.removeFault() }
      #expect(
        error { _ = try Program(device.context, file: "scale.cl", source: TestKernels.scale, cache: nil) }
          == .callFailed(call: "clBuildProgram", object: "scale.cl", status: .outOfHostMemory))
    }

    @Test func statusesHaveTheNamesOfTheHeaders() {
      #expect(OpenCLStatus.outOfResources.description == "CL_OUT_OF_RESOURCES (-5)")
      #expect(OpenCLStatus(rawValue: -72).name == "CL_MAX_SIZE_RESTRICTION_EXCEEDED")
      #expect(OpenCLStatus(rawValue: -4242).description == "unknown status (-4242)")
      #expect(CLBlastStatus(rawValue: -1022).description == "CLBlastInvalidMatrixA (-1022)")
      #expect(CLBlastStatus(rawValue: -4).name == "CLBlastTempBufferAllocFailure")
    }

    @Test(arguments: [
      (OpenCLError.noLoader(library: "libOpenCL.so.1", reason: "not found"), "or use the CPU"),
      (.noPlatform, "clinfo"),
      (.noSuchDevice(platform: 1, index: 4, count: 2), "no device 4 on OpenCL platform 1: it has 2"),
      (.badSelector("gpu"), "\"gpu\""),
      (
        .callFailed(call: "clFlush", object: "the queue", status: .invalidValue),
        "clFlush failed on the queue: CL_INVALID"
      ),
      (.waitFailed(call: "clFinish", object: "the queue", status: .outOfResources), "a command before it"),
      (.commandFailed(command: "gelu", status: .outOfResources), "gelu was accepted but failed on the device"),
      (.bufferTooLarge(buffer: "arena", byteCount: 5, limit: 4), "arena needs 5 bytes, but the device gives at most 4"),
      (.workGroupTooLarge(kernel: "gelu", asked: 256, limit: 64), "asked for 256 work-items a group"),
      (.localMemoryTooSmall(kernel: "gelu", asked: 9, limit: 8), "needs 9 bytes of local memory"),
    ])
    func descriptionsSayWhatWhichAndHowMuch(_ error: OpenCLError, _ part: String) {
      #expect(error.description.contains(part))
    }
  }
}
