// SPDX-License-Identifier: Apache-2.0

extension Device {
  /// How a person names this device: `opencl:PLATFORM:DEVICE`.
  public var selector: String { "opencl:\(platform.index):\(index)" }

  /// The devices of every platform, in the loader's order. A platform that fails is passed over.
  ///
  /// - Throws: `noLoader`, `noPlatform`; the first platform's failure if no platform gave a device; else `noDevice`.
  public static func all() throws(OpenCLError) -> [Device] {
    let platforms = try Platform.all()
    var devices: [Device] = []
    var problem: OpenCLError?
    for platform in platforms {
      do throws(OpenCLError) { devices += try platform.devices() } catch { problem = problem ?? error }
    }
    if devices.isEmpty { throw problem ?? .noDevice(platformCount: platforms.count) }
    return devices
  }

  /// The device for a selector: `auto` or `opencl` (the best one), `opencl:P` (the best one of platform P), or
  /// `opencl:P:D`.
  ///
  /// - Throws: `badSelector`, `noSuchPlatform`, `noSuchDevice`, and what ``all()`` throws.
  public static func select(_ selector: String = "auto") throws(OpenCLError) -> Device {
    if selector == "auto" || selector == "opencl" {
      let devices = try all()
      guard let best = best(of: devices) else {
        throw .noDevice(platformCount: Set(devices.map(\.platform.index)).count)
      }
      return best
    }
    let parts = selector.split(separator: ":", omittingEmptySubsequences: false)
    guard parts.first == "opencl", (2...3).contains(parts.count), let platformIndex = index(parts[1]) else {
      throw .badSelector(selector)
    }
    let platforms = try Platform.all()
    guard platformIndex < platforms.count else {
      throw .noSuchPlatform(index: platformIndex, count: platforms.count)
    }
    let devices = try platforms[platformIndex].devices()
    guard parts.count == 3 else {
      guard let best = best(of: devices) else { throw .noDevice(platformCount: 1) }
      return best
    }
    guard let deviceIndex = index(parts[2]) else { throw .badSelector(selector) }
    guard deviceIndex < devices.count else {
      throw .noSuchDevice(platform: platformIndex, index: deviceIndex, count: devices.count)
    }
    return devices[deviceIndex]
  }

  /// The best of the usable devices: a GPU before an accelerator before a CPU; memory of its own before shared memory;
  /// more memory; then the loader's order, so the same machine always gives the same device.
  public static func best(of devices: [Device]) -> Device? {
    devices.filter { $0.isAvailable && $0.hasCompiler }.min { $0.rank.lexicographicallyPrecedes($1.rank) }
  }

  /// Smaller is better, element by element.
  var rank: [UInt64] {
    let kindRank = UInt64(Kind.allCases.firstIndex(of: kind) ?? Kind.allCases.count)
    return [kindRank, hasUnifiedMemory ? 1 : 0, UInt64.max - globalMemory, UInt64(platform.index), UInt64(index)]
  }

  /// Digits only: `Int` would also take a sign.
  private static func index(_ text: Substring) -> Int? {
    text.utf8.allSatisfy { (48...57).contains($0) } ? Int(text) : nil
  }
}
