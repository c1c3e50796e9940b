// SPDX-License-Identifier: Apache-2.0
import OpenCLRuntime
import StrictJSON

/// The layout of a tuning on disk.
///
///     {"version": 1, "device": ..., ..., "measurements": [{"operation": "linear", "shape": [384, 1536], "size": 128,
///      "choice": "panels 128 4", "standard": "panels 128 4", "candidates": [{"configuration": "panels 64 1",
///      "seconds": 0.0012}, {"configuration": "panels 64 2", "refused": "..."}]}]}
enum TuningFile {
  private static let version = 1

  static func json(_ tuning: Tuning, _ identity: TuningIdentity) -> JSON {
    var object = JSONObject([("version", .number(JSONNumber(version)))])
    for field in identity.fields { object[field.name] = .string(field.value) }
    object["measurements"] = .array(
      tuning.measurements.sorted { $0.key < $1.key }.map { key, measurement in
        .object([
          "operation": .string(key.operation.rawValue),
          "shape": .array(key.shape.map { .number(JSONNumber($0)) }),
          "size": .number(JSONNumber(key.size)),
          "choice": .string(measurement.choice),
          "standard": .string(measurement.standard),
          "candidates": .array(
            measurement.candidates.map { candidate in
              var object: JSONObject = ["configuration": .string(candidate.configuration)]
              switch candidate.outcome {
              case .seconds(let seconds): object["seconds"] = .number(JSONNumber(seconds))
              case .refused(let reason): object["refused"] = .string(reason)
              }
              return .object(object)
            }),
        ])
      })
    return .object(object)
  }

  /// - Throws: `TuningError.malformed` for anything that `json` does not write.
  static func read(_ json: JSON, _ identity: TuningIdentity, path: String) throws(TuningError) -> Tuning {
    func malformed(_ reason: String) -> TuningError { .malformed(path: path, reason) }
    guard let object = json.objectValue, object["version"]?.intValue == version else {
      throw malformed("is no tuning of version \(version)")
    }
    for field in identity.fields where object[field.name]?.stringValue != field.value {
      throw malformed("was made for another \(field.name)")
    }
    guard let entries = object["measurements"]?.arrayValue else { throw malformed("has no measurements") }
    var measurements: [TuningKey: Tuning.Measurement] = [:]
    for (index, entry) in entries.enumerated() {
      guard let key = key(entry), let measurement = measurement(entry), measurements[key] == nil else {
        throw malformed("measurement \(index) is none")
      }
      measurements[key] = measurement
    }
    return Tuning(measurements)
  }

  private static func key(_ entry: JSON) -> TuningKey? {
    guard let object = entry.objectValue, let size = object["size"]?.intValue,
      let operation = object["operation"]?.stringValue.flatMap(TuningKey.Operation.init),
      let shape = object["shape"]?.arrayValue?.map(\.intValue), !shape.isEmpty, shape.allSatisfy({ ($0 ?? 0) > 0 })
    else { return nil }
    let key = TuningKey(operation, shape.compactMap(\.self), size: size)
    return key.size == size ? key : nil
  }

  private static func measurement(_ entry: JSON) -> Tuning.Measurement? {
    guard let object = entry.objectValue, let choice = object["choice"]?.stringValue,
      let standard = object["standard"]?.stringValue, let list = object["candidates"]?.arrayValue
    else { return nil }
    let candidates = list.compactMap { candidate -> Tuning.Candidate? in
      guard let object = candidate.objectValue, let name = object["configuration"]?.stringValue else { return nil }
      if let reason = object["refused"]?.stringValue { return Tuning.Candidate(name, .refused(reason)) }
      guard let seconds = object["seconds"]?.doubleValue, seconds > 0, seconds.isFinite else { return nil }
      return Tuning.Candidate(name, .seconds(seconds))
    }
    // Only what was measured, and not refused, can have been chosen.
    let measurement = Tuning.Measurement(choice: choice, standard: standard, candidates: candidates)
    guard candidates.count == list.count, measurement.seconds(of: choice) != nil else { return nil }
    return measurement
  }
}

extension Tuning {
  /// What a tuning is on disk.
  public func json(of device: Device, _ profile: DeviceProfile) -> JSON {
    TuningFile.json(self, TuningIdentity(device, profile))
  }
}
