// SPDX-License-Identifier: Apache-2.0

import Glibc
import OpenCLRuntime
import Testing

extension RuntimeTests {
  @Suite struct DeviceTests {
    @Test func everyDeviceSaysWhatItIs() throws {
      for device in try Device.all() {
        #expect(!device.name.isEmpty && !device.driverVersion.isEmpty)
        #expect(device.version.hasPrefix("OpenCL "))
        #expect(device.languageVersion.hasPrefix("OpenCL C "))
        #expect(device.platform.version.hasPrefix("OpenCL "))
        #expect(device.platform.problem == nil)
        #expect(device.globalMemory > 0 && device.maxBufferBytes > 0 && device.maxBufferBytes <= device.globalMemory)
        #expect(device.maxWorkGroupSize > 0 && device.computeUnits > 0 && device.baseAlignment > 0)
        #expect(device.hasFP16 == device.extensions.contains("cl_khr_fp16"))
      }
    }

    @Test func selectorsNameTheDeviceTheyWerePrintedFor() throws {
      let best = try Device.select("auto")
      #expect(try Device.select("opencl").selector == best.selector)
      #expect(try Device.select(best.selector).name == best.name)
      #expect(try Device.select("opencl:\(best.platform.index)").platform.index == best.platform.index)
    }

    @Test func selectorsOutOfRangeOrUnreadableAreTypedErrors() throws {
      let platforms = try Platform.all().count
      let devices = try #require(try Platform.all().first).devices().count
      #expect(
        error { _ = try Device.select("opencl:\(platforms)") } == .noSuchPlatform(index: platforms, count: platforms))
      #expect(
        error { _ = try Device.select("opencl:0:\(devices)") }
          == .noSuchDevice(platform: 0, index: devices, count: devices))
      for text in [
        "", "cpu", "opencl:", "opencl:-1", "opencl:+0", "opencl:0:", "opencl:0:0:0", "opencl:99999999999999999999",
      ] {
        #expect(error { _ = try Device.select(text) } == .badSelector(text), "\(text)")
      }
    }

    @Test func noLoader() async {
      await #expect(processExitsWith: .success) {
        setenv("SWIFT_BERT_OPENCL_LIBRARY", "/nonexistent/libOpenCL.so.1", 1)
        let caught = error { _ = try Device.select() }
        guard case .noLoader("/nonexistent/libOpenCL.so.1", let reason)? = caught else { exit(1) }
        exit(reason.contains("No such file") ? 0 : 2)
      }
    }

    @Test func aLibraryThatIsNoLoader() async {
      await #expect(processExitsWith: .success) {
        setenv("SWIFT_BERT_OPENCL_LIBRARY", "libm.so.6", 1)
        let caught = error { _ = try Device.select() }
        exit(caught == .missingFunction("clGetPlatformIDs", library: "libm.so.6") ? 0 : 1)
      }
    }

    @Test func noPlatform() async {
      await #expect(processExitsWith: .success) {
        setenv("OCL_ICD_VENDORS", "/nonexistent-vendors/", 1)
        let caught = error { _ = try Device.select() }
        exit(caught == .noPlatform ? 0 : 1)
      }
    }

    @Test func noCLBlast() async {
      await #expect(processExitsWith: .success) {
        setenv("SWIFT_BERT_CLBLAST_LIBRARY", "/nonexistent/libclblast.so.1", 1)
        guard case .noCLBlast? = CLBlast.problem, case .noCLBlast? = error({ try CLBlast.clearCache() }) else {
          exit(1)
        }
        exit(error { _ = try Device.select() } == nil ? 0 : 2)
      }
    }

    @Test func noDevice() throws {
      let platforms = try Platform.all().count
      CallMonitor.inject(.init(mode: .sticky, status: .deviceNotFound, call: "clGetDeviceIDs", scope: .thisThread))
      defer { CallMonitor.removeFault() }
      #expect(error { _ = try Device.select() } == .noDevice(platformCount: platforms))
    }

    @Test func aBrokenPlatformIsListedAndSaysWhy() throws {
      CallMonitor.inject(.init(mode: .sticky, status: .outOfHostMemory, call: "clGetPlatformInfo", scope: .thisThread))
      defer { CallMonitor.removeFault() }
      let platform = try #require(try Platform.all().first)
      #expect(
        platform.problem
          == .callFailed(call: "clGetPlatformInfo", object: "platform 0", status: .outOfHostMemory))
      #expect(platform.name.isEmpty)
      #expect(try !platform.devices().isEmpty)
    }

    @Test func aPlatformWhoseDevicesFailTellsItsOwnError() throws {
      let name = try #require(try Platform.all().first).name
      CallMonitor.inject(.init(status: .outOfResources, call: "clGetDeviceIDs", scope: .thisThread))
      defer { CallMonitor.removeFault() }
      let expected = OpenCLError.callFailed(
        call: "clGetDeviceIDs", object: "platform 0 (\(name))", status: .outOfResources)
      let caught = error { _ = try Device.all() }
      // With a second driver in the machine the first one's trouble is passed over.
      #expect(try Platform.all().count > 1 ? caught == nil : caught == expected)
    }
  }
}
