// SPDX-License-Identifier: Apache-2.0
import OpenCLRuntime
import StrictJSON

/// Tunings on disk: one JSON file for each device, driver and version of the kernels, for people to read and to delete.
///
/// What is not there, or was made by another driver or for other kernels, is not used. A file that is there and cannot be
/// read is an error that says so: whoever tuned a device wants to know that it runs untuned.
public struct TuningStore: Sendable, Equatable {
  /// Where the files are. Made when the first is stored.
  public let folder: String

  /// A store in a folder, which need not be there.
  public init(folder: String) { self.folder = folder }

  /// `$XDG_CACHE_HOME/swift-bert/tuning`, or `~/.cache/swift-bert/tuning`; nil with SWIFT_BERT_NO_TUNING=1 or with
  /// neither variable.
  public static func standard(environment: (String) -> String?) -> TuningStore? {
    if environment("SWIFT_BERT_NO_TUNING") == "1" { return nil }
    return CacheFolder.path("tuning", environment: environment).map { TuningStore(folder: $0) }
  }

  /// The store of this process's environment.
  public static let standard: TuningStore? = standard(environment: CacheFolder.variable)

  /// Where the tuning of a device is or would be.
  public func path(for device: Device, _ profile: DeviceProfile) -> String {
    "\(folder)/\(TuningIdentity(device, profile).fileName)"
  }

  /// The tuning of a device; nil where there is none.
  ///
  /// - Throws: `TuningError` for a file that cannot be read or is none of ours.
  public func load(for device: Device, _ profile: DeviceProfile) throws(TuningError) -> Tuning? {
    let path = path(for: device, profile)
    let bytes: [UInt8]
    do throws(FileError) { bytes = try BoundedFile.read(path: path, limit: TuningStore.largestFile) } catch {
      if case .notFound = error { return nil }
      throw .unreadable("\(error)")
    }
    let json: JSON
    do throws(JSONError) { json = try JSON.parse(bytes) } catch { throw .malformed(path: path, "\(error)") }
    return try TuningFile.read(json, TuningIdentity(device, profile), path: path)
  }

  /// Writes a tuning, in one piece, over the one that is there.
  ///
  /// - Returns: the file.
  /// - Throws: `TuningError.unwritable`.
  @discardableResult
  public func store(_ tuning: Tuning, for device: Device, _ profile: DeviceProfile) throws(TuningError) -> String {
    let identity = TuningIdentity(device, profile)
    var writer = JSONWriter()
    writer.append(TuningFile.json(tuning, identity), pretty: true)
    let path = "\(folder)/\(identity.fileName)"
    guard CacheFolder.write(writer.bytes + [0x0A], to: path) else { throw .unwritable(path: path) }
    return path
  }

  private static let largestFile = 16 << 20
}

/// Why a tuning could not be read or kept.
public enum TuningError: Error, Equatable, Sendable, CustomStringConvertible {
  /// The file is there and cannot be read.
  case unreadable(String)
  /// The file is none that a tuner has written for this device.
  case malformed(path: String, String)
  /// The file cannot be written, or its folder not be made.
  case unwritable(path: String)
  /// The standard configuration itself does not compute what it should: not a matter of speed.
  case wrong(step: String, String)

  public var description: String {
    switch self {
    case .unreadable(let reason): reason
    case .malformed(let path, let reason): "\(path): \(reason); `bert tune` replaces it"
    case .unwritable(let path): "\(path): cannot be written"
    case .wrong(let step, let reason): "\(step): the device computes wrong numbers: \(reason)"
    }
  }
}

/// What a measurement holds for.
struct TuningIdentity {
  let fields: [(name: String, value: String)]

  /// The sources of what is tuned.
  private static let kernelFiles = [
    "common", "tiles", "panels", "linear_panels", "linear_tiled", "warp", "warpgroup", "linear_mma", "attention_mma",
    "attention",
    "attention_tiled",
  ]

  init(_ device: Device, _ profile: DeviceProfile) {
    let text = TuningIdentity.kernelFiles.map(KernelLibrary.source).joined(separator: "\u{0}")
    fields = [
      ("device", device.name), ("driver", device.driverVersion), ("platform", device.platform.version),
      ("compute_units", "\(profile.computeUnits)"), ("work_group_size", "\(profile.workGroupSize)"),
      ("vector_width", "\(profile.vectorWidth)"), ("matrix_product", profile.matrixProduct.rawValue),
      ("matrix_engine", profile.matrixEngine?.description ?? "none"),
      ("precision", profile.precision.rawValue),
      ("kernels", CacheFolder.fingerprint(Array(text.utf8))),
    ]
  }

  var fileName: String {
    let text = fields.map { "\($0.value.utf8.count):\($0.value)" }.joined()
    return CacheFolder.fingerprint(Array(text.utf8)) + ".json"
  }
}
