// SPDX-License-Identifier: Apache-2.0

import Checkpoints
import Glibc

/// What scripts/check-checkpoints does from outside a process: kill it, take its disk away, measure its memory.
@main
struct CheckpointTool {
  static func main() {
    let arguments = CommandLine.arguments
    do {
      switch (arguments.dropFirst().first, arguments.count) {
      case ("save", 4): try save(arguments[2], times: Int(arguments[3]) ?? 1)
      case ("verify", 3): try verify(arguments[2])
      case ("copy", 4): try copy(arguments[2], arguments[3])
      case ("peak", 3): peak(arguments[2])
      default:
        print("usage: save FILE TIMES | verify FILE | copy FILE FILE | peak FILE")
        exit(64)
      }
    } catch {
      print(error)
      exit(1)
    }
  }

  private static let tensors = 20
  private static let elements = 100_000

  /// Saves again and again, each time with a number of its own in every element.
  private static func save(_ path: String, times: Int) throws {
    for _ in 0..<times {
      let value = Float(Int.random(in: 0..<1 << 20))
      try SafetensorsWriter.write(
        (0..<tensors).map {
          OutgoingTensor(name: "t\($0)", shape: [elements], [Float](repeating: value, count: elements))
        },
        to: path)
    }
  }

  /// Demands that a file is whole and of a single save.
  private static func verify(_ path: String) throws {
    let file = try SafetensorsFile(path: path)
    var seen: Set<Float> = []
    for name in file.tensorNames { seen.formUnion(try file.readFloat32(name)) }
    guard file.tensorNames.count == tensors, seen.count == 1 else {
      print("\(path): mixed or incomplete")
      exit(1)
    }
  }

  /// A file of either format, by its name, as `Checkpoint` goes by names.
  private static func source(_ path: String) throws(CheckpointError) -> any TensorSource {
    path.hasSuffix(".bin") ? try PyTorchFile(path: path) : try SafetensorsFile(path: path)
  }

  /// Copies a file tensor by tensor through both reader and writer.
  private static func copy(_ from: String, _ to: String) throws {
    let file = try source(from)
    let tensors = try file.tensorNames.map { name in
      let info = try file.existingTensor(named: name)
      return OutgoingTensor(name: name, dataType: info.dataType, shape: info.shape) { append in
        var bytes = [UInt8](repeating: 0, count: info.byteCount)
        try bytes.withUnsafeMutableBytes { try file.readBytes(of: name, from: 0, into: $0) }
        try bytes.withUnsafeBytes(append)
      }
    }
    try SafetensorsWriter.write(tensors, to: to)
  }

  /// Opens a file and says how many bytes the process grew at its peak, how long it took, and what came out.
  private static func peak(_ path: String) {
    let before = residentPeak()
    let start = ContinuousClock.now
    var outcome: String
    do {
      let file = try source(path)
      outcome = "\(file.tensorNames.count) tensors"
    } catch {
      outcome = "\(error)"
    }
    let time = start.duration(to: .now)
    print("\(residentPeak() - before) \(time / .milliseconds(1)) \(outcome)")
  }

  /// The most memory this program ever had resident, in bytes. (`getrusage` counts from before `exec`.)
  private static func residentPeak() -> Int {
    guard let file = fopen("/proc/self/status", "r") else { return 0 }
    defer { fclose(file) }
    var line = [CChar](repeating: 0, count: 256)
    while fgets(&line, 256, file) != nil {
      let words = String(decoding: line.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
        .split { $0 == " " || $0 == "\t" }
      if words.first == "VmHWM:", words.count > 1 { return (Int(words[1]) ?? 0) * 1024 }
    }
    return 0
  }
}
