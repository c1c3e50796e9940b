// SPDX-License-Identifier: Apache-2.0
import BERT
import OpenCLRuntime
import Testing

@Suite struct EngineTests {
  @Test(arguments: ["", "gpu", "CPU", "opencl:", "opencl:0", "opencl:0:0:0", "opencl:-1:0", "opencl:a:b", "cpu:0"])
  func devicesThatCannotBe(text: String) {
    #expect(throws: BertError.badDevice(text)) { try DeviceChoice(text) }
    #expect("\(BertError.badDevice(text))".hasPrefix("no such device: \(text); use auto, cpu, opencl or"))
  }

  @Test func devicesThatAreNotThere() throws {
    let count = Set(try Device.all().map(\.platform.index)).max().map { $0 + 1 } ?? 0
    #expect(throws: OpenCLError.self) { try Engine.open(DeviceChoice("opencl:\(count + 9):0")) }
    #expect(throws: OpenCLError.self) { try Engine.open(DeviceChoice("opencl:0:999")) }
  }

  @Test func namesAreWhatOpensThem() throws {
    for text in ["auto", "cpu", "opencl", "opencl:0:1"] { #expect("\(try DeviceChoice(text))" == text) }
    let engine = try SharedEngine.opencl.get()
    #expect(try Engine.open(DeviceChoice(engine.name)).name == engine.name)
    #expect(Engine.cpu.name == "cpu" && Engine.cpu.device == nil)
  }
}
