// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import OpenCLRuntime
import StrictJSON

/// `bert devices`: what the OpenCL drivers offer.
struct Devices: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "List OpenCL platforms and devices.",
    discussion: """
      Each device is listed under the name that --device takes. `--device cpu` needs none of them.

      A device may lack fp16, fp64 and subgroups, all of them. In particular, --precision float16 and bfloat16 run \
      where it says "fp16 no" as well: they store numbers in 16 bits and compute in float32, while fp16 (cl_khr_fp16) \
      is arithmetic in 16 bits.
      """)

  @Flag(help: "Write one JSON object; sizes are bytes.")
  var json = false

  func run() throws {
    let platforms = try Platform.all().map(Listing.init)
    let best = Device.best(of: platforms.flatMap(\.devices))?.selector ?? "cpu"
    if json {
      let list = JSON.array(platforms.map(\.json))
      try StandardOutput.write(.object(["platforms": list, "auto": .string(best)]), pretty: true)
    } else {
      let texts = platforms.map { $0.text(best: best) }
      try StandardOutput.write(
        texts.joined(separator: "\n") + """


          fp16 is arithmetic in 16 bits (cl_khr_fp16). --precision float16 and bfloat16 do not need it: they store 16 bits
          and compute in float32.
          auto takes \(best)

          """)
    }
  }

  /// A platform and its devices, or why they cannot be had.
  private struct Listing {
    let platform: Platform
    var devices: [Device] = []
    var problem: OpenCLError?

    init(_ platform: Platform) {
      self.platform = platform
      problem = platform.problem
      do throws(OpenCLError) { devices = try platform.devices() } catch { problem = error }
    }

    var json: JSON {
      var object: JSONObject = [
        "index": .integer(platform.index), "name": .string(platform.name), "vendor": .string(platform.vendor),
        "version": .string(platform.version), "devices": .array(devices.map(\.json)),
      ]
      if let problem { object["problem"] = .string("\(problem)") }
      return .object(object)
    }

    func text(best: String) -> String {
      var rows = ["platform \(platform.index): \(platform.name), \(platform.version)"]
      if let problem { rows.append("  \(StandardError.oneLine("\(problem)"))") }
      if devices.isEmpty { rows.append("  no device") }
      for device in devices { rows += device.rows(isBest: device.selector == best) }
      return rows.joined(separator: "\n")
    }
  }
}

extension Device {
  fileprivate var json: JSON {
    .object([
      "selector": .string(selector), "name": .string(name), "vendor": .string(vendor), "type": .string(kind.rawValue),
      "driver": .string(driverVersion), "version": .string(version), "available": .bool(isAvailable),
      "compiler": .bool(hasCompiler), "memory": .integer(globalMemory), "max_buffer": .integer(maxBufferBytes),
      "local_memory": .integer(localMemory), "unified_memory": .bool(hasUnifiedMemory), "fp16": .bool(hasFP16),
      "fp64": .bool(hasFP64), "subgroups": .bool(hasSubgroups), "compute_units": .integer(computeUnits),
      "max_work_group_size": .integer(maxWorkGroupSize), "clock_mhz": .integer(clock),
      "float_vector_width": .integer(nativeFloatWidth),
    ])
  }

  fileprivate func rows(isBest: Bool) -> [String] {
    var state = ""
    if !isAvailable { state = ", not available" } else if !hasCompiler { state = ", without a compiler: not usable" }
    return [
      "  \(selector)  \(name)\(isBest ? "  (auto)" : "")",
      "    type         \(kind.rawValue), \(vendor)\(state)",
      "    driver       \(driverVersion), \(version)",
      "    memory       \(byteText(globalMemory)), a buffer at most \(byteText(maxBufferBytes)), "
        + "local \(byteText(UInt64(max(localMemory, 0))))\(hasUnifiedMemory ? ", shared with the host" : "")",
      "    arithmetic   fp32 yes, fp16 \(yesNo(hasFP16)), fp64 \(yesNo(hasFP64)), subgroups \(yesNo(hasSubgroups)), "
        + "\(nativeFloatWidth) floats a vector",
      "    units        \(computeUnits) at \(clock) MHz, work-groups of up to \(maxWorkGroupSize)",
    ]
  }
}
