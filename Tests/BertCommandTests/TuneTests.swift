// SPDX-License-Identifier: Apache-2.0
import Checkpoints
import StrictJSON
import Testing

/// `bert tune`: what it says, what it keeps, and that nothing but the speed changes.
@Suite struct TuneTests {
  private static let model = Goldens.path("sentence/cls")

  private func tune(_ cache: TemporaryFolder, _ arguments: [String]) throws -> ToolProcess.Outcome {
    try ToolProcess.run(
      ["tune", Self.model, "--device", "opencl"] + arguments, environment: ["XDG_CACHE_HOME": cache.path])
  }

  private func kept(_ cache: TemporaryFolder) throws -> (path: String, json: JSON) {
    let folder = cache.path + "/swift-bert/tuning"
    let names = entries(folder)
    #expect(names.count == 1)
    let path = try folder + "/" + #require(names.first)
    return (path, try JSON.parse(BoundedFile.read(path: path, limit: 1 << 24)))
  }

  @Test func choicesAreShownAndKept() throws {
    let cache = try TemporaryFolder()
    let report = cache.file("report")
    let outcome = try tune(cache, ["--max-tokens", "3", "--max-length", "2", "--json", report])
    #expect(outcome.status == 0, "\(outcome.error)")
    let (path, json) = try kept(cache)
    #expect(outcome.errorLines == ["bert: note: \(outcome.lines.count - 1) choices kept in \(path)"])
    #expect(outcome.lines[0].hasPrefix("operation  shape"))
    let measurements = try #require(json["measurements"]?.arrayValue)
    #expect(measurements.count == outcome.lines.count - 1)
    #expect(try JSON.parse(BoundedFile.read(path: report, limit: 1 << 24))["measurements"] == json["measurements"])
    #expect(Set(measurements.compactMap { $0["operation"]?.stringValue }) == ["linear", "attention"])
    #expect(Set(measurements.compactMap { $0["size"]?.intValue }) == [1, 2, 4])
    #expect(json["device"]?.stringValue?.isEmpty == false)

    // More sizes join those that are there.
    let more = try tune(cache, ["--max-tokens", "5", "--max-length", "1", "--json", "-"])
    #expect(more.status == 0, "\(more.error)")
    #expect(try JSON.parse(more.output)["measurements"]?.arrayValue?.isEmpty == false)
    let sizes = try kept(cache).json["measurements"]?.arrayValue?.filter { $0["operation"] == "attention" }
    #expect(Set(sizes?.compactMap { $0["size"]?.intValue } ?? []) == [1, 2])
  }

  /// A choice that is forced into the file is taken, and gives the same bits.
  @Test func aTunedModelGivesTheSameVectors() throws {
    let cache = try TemporaryFolder()
    #expect(try tune(cache, ["--max-tokens", "16", "--max-length", "16"]).status == 0)
    let (path, json) = try kept(cache)
    var object = try #require(json.objectValue)
    object["measurements"] = .array(
      try #require(json["measurements"]?.arrayValue).map { measurement in
        var measurement = try #require(measurement.objectValue)
        let last = try #require(measurement["candidates"]?.arrayValue?.last?["configuration"])
        measurement["choice"] = last
        return .object(measurement)
      })
    try AtomicFile.write(Array(JSON.object(object).serialized().utf8), to: path)
    let arguments = ["embed", Self.model, "--jsonl", "--device", "opencl"]
    let lines = Array(#"{"text": "the quick brown fox"}"#.utf8) + [0x0A]
    let tuned = try ToolProcess.run(arguments, input: lines, environment: ["XDG_CACHE_HOME": cache.path])
    let plain = try ToolProcess.run(arguments, input: lines, environment: ["SWIFT_BERT_NO_TUNING": "1"])
    #expect(tuned.status == 0 && tuned.error.isEmpty, "\(tuned.error)")
    #expect(tuned.output == plain.output && !plain.output.isEmpty)
  }

  /// A damaged file: a note, and the standard configurations.
  @Test func aDamagedTuningIsSaidAndPassedOver() throws {
    let cache = try TemporaryFolder()
    #expect(try tune(cache, ["--max-tokens", "1", "--max-length", "1"]).status == 0)
    let path = try kept(cache).path
    try AtomicFile.write(Array("{".utf8), to: path)
    let outcome = try ToolProcess.run(
      ["embed", Self.model, "--jsonl", "--device", "opencl"], input: Array(#"{"text": "a"}"#.utf8),
      environment: ["XDG_CACHE_HOME": cache.path])
    #expect(outcome.status == 0 && outcome.lines.count == 1)
    #expect(outcome.errorLines.count == 1)
    #expect(outcome.error.hasPrefix("bert: note: running untuned: \(path): "))
    #expect(outcome.error.contains("bert tune"))
    // Tuning again replaces it.
    let again = try tune(cache, ["--max-tokens", "1", "--max-length", "1"])
    #expect(again.status == 0 && again.errorLines.count == 2, "\(again.error)")
    #expect(try kept(cache).json["measurements"]?.arrayValue?.isEmpty == false)
  }

  @Test(arguments: [
    ["tune"], ["tune", model, "--device", "cpu"], ["tune", model, "--max-tokens", "0"],
    ["tune", model, "--max-tokens", "4096"], ["tune", model, "--max-length", "0"], ["tune", model, "more"],
  ])
  func mistakesInTheCommandLineExitWith64(arguments: [String]) throws {
    let outcome = try ToolProcess.run(arguments)
    #expect(outcome.status == 64)
    #expect(outcome.output.isEmpty && outcome.error.contains("Usage: bert tune"))
  }

  @Test func withoutAFolderThereIsNothingToKeep() throws {
    let outcome = try ToolProcess.run(
      ["tune", Self.model, "--device", "opencl"], environment: ["SWIFT_BERT_NO_TUNING": "1"])
    #expect(outcome.status == 1)
    #expect(outcome.errorLines.count == 1 && outcome.error.contains("SWIFT_BERT_NO_TUNING"))
  }
}
