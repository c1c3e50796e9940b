// SPDX-License-Identifier: Apache-2.0
import Glibc
import StrictJSON
import Testing

/// `bert bench` without tensors: the CPU executor against OpenCL, by shape.
@Suite struct BenchShapesTests {
  private static let model = Goldens.path("forward/ragged")

  private static func json(_ path: String) throws -> JSON {
    try JSON.parse(BoundedFile.read(path: path, limit: 1 << 24))
  }

  private static func text(_ path: String) throws -> String {
    String(decoding: try BoundedFile.read(path: path, limit: 1 << 24), as: UTF8.self)
  }

  @Test func comparesBothEngines() throws {
    let temporary = try TemporaryFolder()
    let outcome = try ToolProcess.run([
      "bench", Self.model, "--shapes", "1x7,3x5", "--repeat", "7", "--warmup", "1", "--device", "opencl", "--profile",
      "--json", temporary.file("report"), "--plot", temporary.file("plot"), "--trace", temporary.file("trace"),
    ])
    #expect(outcome.status == 0, "\(outcome.error)")
    #expect(outcome.error.isEmpty, "progress is for terminals")
    for word in [
      "tokens/s", "p50 ms", "p99 ms", "spread", "GFLOP/s", "of peak", "1x7: 1 sequence, 7 tokens",
      "3x5: 3 sequences, 15 tokens", "cpu takes ", "linear 54 x 18", "2 launches", "1 launch\n",
    ] {
      #expect(String(decoding: outcome.output, as: UTF8.self).contains(word), "\(word)")
    }
    #expect(outcome.lines.first == "ragged")
    let report = try Self.json(temporary.file("report"))
    #expect(report["model"] == "ragged", "the folders that it lies in are this machine's alone")
    let engines = try #require(report["engines"]?.arrayValue)
    #expect(engines.count == 2 && engines[1]["engine"] == "cpu")
    #expect(engines[0]["engine"]?.stringValue?.hasPrefix("opencl:") ?? false)
    #expect(engines.allSatisfy { $0["weight_bytes"]?.intValue ?? 0 > 4 * 2 * (4 * 18 * 18 + 2 * 18 * 19) })
    let shapes = try #require(report["shapes"]?.arrayValue)
    #expect(shapes.map { $0["shape"]?.stringValue } == ["1x7", "3x5"])
    #expect(shapes.map { $0["tokens"]?.intValue } == [7, 15])
    for (shape, lengths) in zip(shapes, [[7], [5, 5, 5]]) { try check(shape, lengths: lengths, engines) }

    try check(trace: Self.json(temporary.file("trace")), shapes: ["1x7", "3x5"])
    let plot = try Self.text(temporary.file("plot"))
    #expect(try elements(ofXML: plot).contains("rect"))
    #expect(plot.contains(">3x5</text>"))
  }

  /// One shape of the report, against counts by hand: 2 layers of width 18 and 19, 2 heads, and a pooler.
  private func check(_ shape: JSON, lengths: [Int], _ engines: [JSON]) throws {
    let tokens = Double(lengths.reduce(0, +))
    // Two operations a weight and token, the pooler's for a token of each sequence; 4 H for a query and a key.
    let products = 2 * tokens * 2 * (4 * 18 * 18 + 2 * 18 * 19) + 2 * Double(lengths.count) * 18 * 18
    let attention = 2 * 4 * 18 * lengths.reduce(0.0) { $0 + Double($1 * $1) }
    #expect(abs(try #require(shape["gflop"]?.doubleValue) - (products + attention) / 1e9) < 1e-12)
    let timings = try #require(shape["engines"]?.arrayValue)
    #expect(timings.map { $0["engine"] } == engines.map { $0["engine"] })
    for (timing, engine) in zip(timings, engines) {
      let seconds = try #require(timing["seconds"]?.doubles).sorted()
      #expect(timing["turns"]?.intValue == 7 && seconds.count == 7 && seconds[0] > 0)
      let latency = try #require(timing["latency"])
      // Nearest rank of 7: the 4th, the 7th, the 7th.
      for (name, place) in [("best", 0), ("p50", 3), ("p90", 6), ("p99", 6), ("worst", 6)] {
        #expect(latency[name]?.doubleValue == seconds[place], "\(name)")
      }
      #expect(latency["spread"]?.doubleValue == (seconds[5] - seconds[1]) / seconds[3])
      let perSecond = try #require(timing["tokens_per_second"]?.doubleValue)
      #expect(abs(perSecond * seconds[3] / tokens - 1) < 1e-9)
      let sequences = try #require(timing["sequences_per_second"]?.doubleValue)
      #expect(abs(sequences * seconds[3] / Double(lengths.count) - 1) < 1e-9)
      let rate = try #require(timing["gflops"]?.doubleValue)
      #expect(abs(rate * 1e9 * seconds[3] / (products + attention) - 1) < 1e-9)
      if let peak = engine["peak_gflops"]?.doubleValue {
        #expect(abs(try #require(timing["share_of_peak"]?.doubleValue) * peak / rate - 1) < 1e-9)
      }
    }
    #expect(engines[0]["peak_gflops"]?.doubleValue ?? 0 > 1)
    #expect(timings[0]["arena_bytes"]?.intValue ?? 0 >= Int(tokens) * 54 * 4)
    #expect(timings[1]["arena_bytes"] == nil && timings[1]["operations"] == nil)
    let operations = try #require(timings[0]["operations"]?.arrayValue)
    let times = operations.compactMap { $0["seconds"]?.doubleValue }
    #expect(times.count == operations.count && times == times.sorted(by: >) && times.allSatisfy { $0 >= 0 })
    // Q, K and V in one product; two LayerNorms a layer.
    for (name, weight, launches, count) in [
      ("linear", [54, 18], 2, 2 * 2 * tokens * 54 * 18), ("linear", [19, 18], 2, 2 * 2 * tokens * 19 * 18),
      ("linear", [18, 18], 3, 2 * (2 * tokens + Double(lengths.count)) * 18 * 18), ("attention", nil, 2, attention),
      ("add_layer_norm", nil, 4, nil), ("upload", nil, 1, nil), ("download", nil, 1, nil),
    ] as [(String, [Int]?, Int, Double?)] {
      let row = try #require(
        operations.first { $0["operation"]?.stringValue == name && $0["weight"]?.integers == weight }, "\(name)")
      #expect(row["launches"]?.intValue == launches, "\(name)")
      #expect((row["gflop"]?.doubleValue).map { ($0 * 1e9).rounded() } == count, "\(name)")
    }
    let counted = operations.compactMap { $0["gflop"]?.doubleValue }.reduce(0, +)
    #expect(abs(counted * 1e9 - products - attention) < 1)
  }

  /// The trace event format: complete events in microseconds, on a row for each shape.
  private func check(trace: JSON, shapes: [String]) throws {
    let events = try #require(trace["traceEvents"]?.arrayValue)
    let names = events.filter { $0["ph"] == "M" }.map { $0["args"]?["name"]?.stringValue }
    #expect(names == shapes)
    for row in shapes.indices {
      let commands = events.filter { $0["ph"] == "X" && $0["tid"]?.intValue == row }
      // Upload, embeddings, 7 launches in each of 2 layers, the pooler's two, download.
      #expect(commands.count == 1 + 1 + 2 * 7 + 2 + 1)
      #expect(commands.first?["name"] == "upload" && commands.last?["name"] == "download")
      let starts = commands.compactMap { $0["ts"]?.doubleValue }
      let durations = commands.compactMap { $0["dur"]?.doubleValue }
      #expect(starts.count == commands.count && starts.allSatisfy { $0 >= 0 } && starts.contains(0))
      #expect(durations.count == commands.count && durations.allSatisfy { $0 >= 0 })
      #expect(durations.contains { $0 > 0 })
      #expect(commands.allSatisfy { $0["args"]?["delay_us"]?.doubleValue ?? -1 >= 0 })
      // In order: none starts before the one before it.
      #expect(starts == starts.sorted())
      #expect(commands.contains { $0["args"]?["scope"]?.stringValue?.contains("layer.1") ?? false })
    }
  }

  /// A step has one update, and the profile shows the launches of one step.
  @Test func aTrainingStepIsProfiled() throws {
    let temporary = try TemporaryFolder()
    let outcome = try ToolProcess.run([
      "bench", Self.model, "--train", "--shapes", "2x7", "--repeat", "1", "--warmup", "1", "--device", "opencl",
      "--profile", "--json", temporary.file("report"),
    ])
    #expect(outcome.status == 0, "\(outcome.error)")
    #expect(outcome.lines.first == "ragged" && outcome.text.contains("1 launch\n") && !outcome.text.contains("launchs"))
    let report = try Self.json(temporary.file("report"))
    #expect(report["model"] == "ragged")
    let operations = try #require(report["rows"]?[0]?["operations"]?.arrayValue)
    // Of the update, then of forward and backward. The norm's sum is in two parts.
    for (name, launches) in [("adam_w", 1), ("squared_norm", 2), ("cross_entropy", 1), ("cross_entropy_gradient", 1)] {
      let row = try #require(operations.first { $0["operation"]?.stringValue == name }, "\(name)")
      #expect(row["launches"]?.intValue == launches, "\(name)")
    }
  }

  @Test func theSweepIsATableAndADrawing() throws {
    let temporary = try TemporaryFolder()
    let outcome = try ToolProcess.run([
      "bench", Self.model, "--sweep", "--repeat", "2", "--warmup", "0", "--device", "opencl",
      "--json", temporary.file("report"), "--plot", temporary.file("plot"),
    ])
    #expect(outcome.status == 0, "\(outcome.error)")
    // The model takes 19 tokens: a line for each batch, one length.
    #expect(outcome.lines.suffix(7).map { $0.split(separator: " ").first } == ["1", "2", "4", "8", "16", "32", "64"])
    let shapes = try #require(Self.json(temporary.file("report"))["shapes"]?.arrayValue)
    #expect(shapes.map { $0["tokens"]?.intValue } == [16, 32, 64, 128, 256, 512, 1024])
    #expect(shapes.allSatisfy { $0["engines"]?.arrayValue?.count == 1 })
    let plot = try Self.text(temporary.file("plot"))
    #expect(try elements(ofXML: plot).contains("polyline"))
    for batch in ["1", "64"] { #expect(plot.contains(">\(batch)</text>")) }
  }

  /// Found out before anything is measured: this shape would take hours.
  @Test func aResultThatCannotBeWrittenIsSaidAtOnce() throws {
    for option in ["--json", "--plot", "--trace"] {
      let outcome = try ToolProcess.run([
        "bench", Self.model, "--shapes", "50000x19", "--repeat", "1000000", option, "/nowhere/result",
      ])
      #expect(outcome.status == 1 && outcome.output.isEmpty)
      #expect(
        outcome.errorLines == ["bert: /nowhere/result: no file can be made there: No such file or directory (errno 2)"])
    }
  }

  @Test func theCPUAlone() throws {
    let outcome = try ToolProcess.run([
      "bench", Self.model, "--shapes", "2x3", "--repeat", "2", "--warmup", "0", "--device", "cpu", "--json", "-",
    ])
    #expect(outcome.status == 0, "\(outcome.error)")
    #expect(outcome.lines.count == 1)
    let report = try JSON.parse(outcome.output)
    #expect(report["engines"]?.arrayValue?.count == 1 && report["engines"]?[0]?["engine"] == "cpu")
    // Nothing to measure the peak with.
    #expect(report["engines"]?[0]?["peak_gflops"] == nil)
    let timings = report["shapes"]?[0]?["engines"]?.arrayValue
    #expect(timings?.count == 1 && timings?[0]["share_of_peak"] == nil)
  }

  /// A trace alone leaves the profile out; names in a drawing are escaped.
  @Test func namesAreEscaped() throws {
    let temporary = try TemporaryFolder()
    let folder = temporary.file("a<b>&\u{1}c")
    try #require(symlink(Self.model, folder) == 0)
    let outcome = try ToolProcess.run([
      "bench", folder, "--repeat", "1", "--warmup", "0", "--device", "opencl", "--json", temporary.file("report"),
      "--plot", "-", "--trace", temporary.file("trace"),
    ])
    #expect(outcome.status == 0, "\(outcome.error)")
    #expect(try elements(ofXML: String(decoding: outcome.output, as: UTF8.self)).first == "svg")
    #expect(String(decoding: outcome.output, as: UTF8.self).contains("a&lt;b&gt;&amp;c</text>"))
    let timings = try Self.json(temporary.file("report"))["shapes"]?[0]?["engines"]?.arrayValue
    #expect(timings?.count == 2 && timings?[0]["operations"] == nil)
    // Of the usual shapes one fits.
    try check(trace: Self.json(temporary.file("trace")), shapes: ["1x16"])
  }

  @Test func shapesThatDoNotFit() throws {
    let long = try ToolProcess.run(["bench", Self.model, "--shapes", "1x7,ragged", "--device", "cpu"])
    #expect(long.status == 1 && long.output.isEmpty)
    #expect(long.error.hasPrefix("bert: sequence ") && long.error.contains("the model takes 19"), "\(long.error)")
    let exact = try ToolProcess.run(["bench", Self.model, "--shapes", "2x20", "--device", "cpu"])
    #expect(exact.status == 1 && exact.error.hasPrefix("bert: sequence 0 has 20 tokens, the model takes 19"))
    let short = try ToolProcess.run(["bench", Goldens.path("forward/activation-gelu"), "--device", "cpu"])
    #expect(short.status == 1 && short.error.hasPrefix("bert: the model takes 12 tokens, less than any of the usual"))
  }

  @Test(arguments: [
    ["--shapes", "7"], ["--shapes", "0x7"], ["--shapes", "1x7,"], ["--shapes", ""], ["--shapes", "1x-7"],
    ["--shapes", "1x7x2"], ["--shapes", "1048577x1"], ["--shapes", "9223372036854775807x2"], ["--shapes", "Ragged"],
    ["--repeat", "0"], ["--repeat", "x"], ["--warmup", "-1"], ["--inputs", "a"],
    ["--inputs", "a", "--json", "-", "--profile"], ["--inputs", "a", "--json", "-", "--sweep"], ["--outputs", "a"],
    ["--sweep", "--shapes", "1x7"], ["--sweep", "--profile"], ["--sweep", "--trace", "a"],
    ["--plot", "-", "--json", "-"], ["--plot", "a", "--json", "a"], ["--profile", "--device", "cpu"],
    ["--trace", "a", "--device", "cpu"],
    ["--profile", "--device", "opencl", "--matrix-product", "clblast"],
  ])
  func mistakesExitWith64(arguments: [String]) throws {
    let outcome = try ToolProcess.run(["bench", Self.model] + arguments)
    #expect(outcome.status == 64 && outcome.output.isEmpty)
    #expect(outcome.error.contains("Usage: bert"))
  }
}

/// Names of all elements of a document, in order.
///
/// - Throws: `BadXML` for what is not well-formed: tags that do not match, attributes without quotes, stray `<` and `&`,
///   control characters, anything behind the root.
func elements(ofXML text: String) throws -> [String] {
  struct BadXML: Error {
    let what: String
  }
  var (names, open): ([String], [Substring]) = ([], [])
  for scalar in text.unicodeScalars where scalar.value < 0x20 && !"\n\t\r".unicodeScalars.contains(scalar) {
    throw BadXML(what: "control character \(scalar.value)")
  }
  var rest = text[...]
  while let start = rest.firstIndex(of: "<") {
    let content = rest[..<start]
    for part in content.split(separator: "&", omittingEmptySubsequences: false).dropFirst() {
      guard ["amp;", "lt;", "gt;"].contains(where: part.hasPrefix) else { throw BadXML(what: "&\(part)") }
    }
    if open.isEmpty, !content.allSatisfy(\.isWhitespace) { throw BadXML(what: "text outside the root: \(content)") }
    guard let end = rest[start...].firstIndex(of: ">") else { throw BadXML(what: "no > behind <") }
    let tag = rest[rest.index(after: start)..<end]
    rest = rest[rest.index(after: end)...]
    if tag.hasPrefix("/") {
      guard open.popLast() == tag.dropFirst() else { throw BadXML(what: "<\(tag)> closes another element") }
      continue
    }
    guard let match = tag.wholeMatch(of: #/([a-z]+)(?: [A-Za-z-]+="[^"<&]*")*(\/?)/#) else {
      throw BadXML(what: "<\(tag)>")
    }
    if open.isEmpty, !names.isEmpty { throw BadXML(what: "two roots") }
    names.append(String(match.1))
    if match.2.isEmpty { open.append(match.1) }
  }
  guard open.isEmpty, rest.allSatisfy(\.isWhitespace), !names.isEmpty else { throw BadXML(what: "unclosed \(open)") }
  return names
}
