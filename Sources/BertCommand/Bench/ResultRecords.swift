// SPDX-License-Identifier: Apache-2.0
import Checkpoints
import StrictJSON

/// Lines of measurements: what `bert bench --inputs`, `bert bench-gemm`, `bert verify` and `bert devices` write as JSON,
/// and peers in the same form with an "engine" of their own.
struct ResultRecords {
  /// A forward pass.
  struct Forward {
    let model: String
    let input: String
    let engine: String
    let precision: String
    let tokens: Int
    let times: BenchTimes

    var tokensPerSecond: Double { Double(tokens) / times.median }
    /// `32x128-ragged` has 32.
    var sequences: Int { input.split(separator: "x").first.flatMap { Int($0) } ?? 1 }
  }

  /// A matrix product.
  struct GEMM {
    let shape: String
    /// Who, and in which precision.
    let column: String
    let tflops: Double
  }

  var forwards: [Forward] = []
  var gemms: [GEMM] = []
  /// Of `bert verify`.
  var verifications: [JSON] = []
  /// Of `bert devices`.
  var devices: [JSON] = []
  /// What a script's parts came to.
  var phases: [(name: String, status: String, seconds: Double)] = []
  /// Measurements that failed.
  var problems: [String] = []
  /// Lines that are no JSON object, as a process leaves that was stopped while it wrote.
  var brokenLines = 0

  static let ours = "swift-bert"

  /// - Throws: `FileError`; `CommandError.emptyResults` where nothing is known.
  init(_ path: String) throws {
    for line in try BoundedFile.read(path: path, limit: 1 << 28).split(separator: 0x0A) {
      guard let record = try? JSON.parse(Array(line)), record.objectValue != nil else {
        brokenLines += 1
        continue
      }
      add(record)
    }
    guard !forwards.isEmpty || !gemms.isEmpty || !verifications.isEmpty || !devices.isEmpty || !phases.isEmpty else {
      throw CommandError.emptyResults(path: path)
    }
  }

  private mutating func add(_ record: JSON) {
    let engine = record["engine"]?.stringValue ?? ResultRecords.ours
    let precision = record["precision"]?.stringValue ?? ""
    let input = record["inputs"]?.stringValue
    let shape = record["gemm"]?.arrayValue?.compactMap(\.intValue).map(String.init).joined(separator: " x ")
    if let problem = record["problem"]?.stringValue {
      problems.append("\(engine) \(precision) \(input ?? shape ?? ""): \(problem)")
    } else if let input, let model = record["model"]?.stringValue {
      let seconds = (record["seconds"]?.arrayValue ?? []).compactMap(\.doubleValue)
      guard !seconds.isEmpty, let tokens = record["tokens"]?.intValue else { return }
      forwards.append(
        Forward(
          model: model, input: input, engine: engine, precision: precision, tokens: tokens, times: BenchTimes(seconds)))
    } else if let shape, let tflops = record["tflops"]?.doubleValue {
      let product = record["matrix_product"]?.stringValue.map { " \($0)" } ?? ""
      gemms.append(GEMM(shape: shape, column: "\(engine)\(product) \(precision)", tflops: tflops))
    } else if record["passes"] != nil {
      verifications.append(record)
    } else if record["platforms"] != nil {
      devices.append(record)
    } else if let phase = record["phase"]?.stringValue {
      phases.append((phase, record["status"]?.stringValue ?? "", record["seconds"]?.doubleValue ?? 0))
    }
  }
}

/// The elements without those that were there before, in order.
func distinct<Element: Hashable>(_ elements: [Element]) -> [Element] {
  var seen: Set<Element> = []
  return elements.filter { seen.insert($0).inserted }
}
