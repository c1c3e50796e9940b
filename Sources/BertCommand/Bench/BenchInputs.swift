// SPDX-License-Identifier: Apache-2.0
import BERT
import StrictJSON

extension Bench {
  /// Times forward passes on the tensors of `--inputs`.
  func runInputs(json: String) async throws {
    let folder = try SentenceHead.transformerPath(in: self.model)
    try checkDestination(json)
    let model = try await BertModel.fromPretrained(folder, on: engine.open())
    guard inputs.count > 1 else {
      return try writeDocument(.object(try await time(inputs[0], model)), to: json)
    }
    var lines = ResultLines(path: json)
    var problems: [String] = []
    for path in inputs {
      var line: JSONObject = ["model": .string(lastComponent(self.model)), "inputs": .string(inputName(path))]
      do {
        for (key, value) in try await time(path, model) { line[key] = value }
      } catch {
        // The others are still worth having.
        problems.append("\(path): \(error)")
        line["problem"] = .string("\(error)")
      }
      try lines.add(line)
    }
    guard problems.isEmpty else { throw CommandError.inputsFailed(problems, of: inputs.count) }
  }

  private func time(_ path: String, _ model: BertModel) async throws -> JSONObject {
    let input = try ForwardInputs.read(path).input
    for _ in 0..<(warmup ?? 3) { _ = try await model.forward(input) }
    let clock = ContinuousClock()
    let turns = BenchTurns(
      warmup: 0, count: repeatCount ?? (seconds == nil ? 10 : nil), least: 3, seconds: seconds ?? 0)
    let start = clock.now
    var taken: [JSON] = []
    var last: ModelOutput?
    while !turns.isDone(taken.count, after: (clock.now - start).seconds) {
      let start = clock.now
      let output = try await model.forward(input)
      taken.append(.number(JSONNumber((clock.now - start).seconds)))
      last = output
    }
    if let outputs, let last { try last.write(to: outputs) }
    return [
      "device": .string(model.engine.name), "precision": .string(model.engine.precision.rawValue),
      "tokens": .integer(input.visibleTokens), "seconds": .array(taken),
    ]
  }

  /// A file's name without its folder and kind: what the line is called.
  private func inputName(_ path: String) -> String {
    let name = lastComponent(path)
    return name.hasSuffix(".safetensors") ? String(name.dropLast(".safetensors".count)) : name
  }
}

/// A path's last part.
func lastComponent(_ path: String) -> String { path.split(separator: "/").last.map(String.init) ?? path }

/// JSON objects on lines, written as they come: to standard output, or to a file that always holds whole lines.
struct ResultLines {
  let path: String
  private var text = ""

  init(path: String) { self.path = path }

  /// - Throws: `FileError`; `CommandError.output`, `.outputClosed`.
  mutating func add(_ line: JSONObject) throws {
    guard path != "-" else { return try StandardOutput.write(.object(line), pretty: false) }
    text += JSON.object(line).serialized() + "\n"
    try writeText(text, to: path)
  }
}
