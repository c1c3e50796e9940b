// SPDX-License-Identifier: Apache-2.0
import StrictJSON
import TestSupport
import Testing

/// `bert bench` without tensors: the CPU executor against OpenCL, by shape.
@Suite struct BenchShapesTests {
  private static let model = Goldens.path("forward/ragged")

  @Test func comparesBothEngines() throws {
    let temporary = try TemporaryFolder()
    let outcome = try ToolProcess.run([
      "bench", Self.model, "--shapes", "1x7,3x5", "--repeat", "3", "--warmup", "1", "--device", "opencl", "--profile",
      "--json", temporary.file("report"), "--plot", temporary.file("plot"), "--trace", temporary.file("trace"),
    ])
    #expect(outcome.status == 0, "\(outcome.error)")
    for word in ["tokens/s", "p50 ms", "GFLOP/s", "1x7: 1 sequence, 7 tokens", "3x5: 3 sequences, 15 tokens"] {
      #expect(String(decoding: outcome.output, as: UTF8.self).contains(word), "\(word)")
    }
    let report = try Goldens.json(temporary.file("report"))
    let shapes = try #require(report["shapes"]?.arrayValue)
    #expect(shapes.map { $0["shape"]?.stringValue } == ["1x7", "3x5"])
    #expect(shapes.map { $0["tokens"]?.intValue } == [7, 15])
    // 2 layers of width 18 and 19: 4 H^2 + 2 H I weights a layer, two operations each; and 4 H for a query and a key.
    let weights = 2.0 * (4 * 18 * 18 + 2 * 18 * 19)
    for (shape, pairs) in zip(shapes, [49.0, 75]) {
      let tokens = try #require(shape["tokens"]?.doubleValue)
      let wanted = (2 * tokens * weights + 2 * 4 * pairs * 18) / 1e9
      #expect(abs(try #require(shape["gflop"]?.doubleValue) - wanted) < 1e-12)
      let engines = try #require(shape["engines"]?.arrayValue)
      #expect(engines.count == 2)
      #expect(engines[0]["engine"]?.stringValue?.hasPrefix("opencl") ?? false)
      #expect(engines[1]["engine"] == "cpu")
      for engine in engines {
        #expect(engine["turns"]?.intValue == 3)
        let seconds = try #require(engine["seconds"])
        let times = try ["best", "p50", "p90", "p99", "worst"].map { try #require(seconds[$0]?.doubleValue) }
        #expect(times == times.sorted() && times[0] > 0)
        let speed = try #require(engine["tokens_per_second"]?.doubleValue)
        #expect(abs(speed * times[1] / tokens - 1) < 1e-9)
      }
      let peak = try #require(report["peak_gflops"]?.objectValue?.first { $0.key.hasPrefix("opencl") }?.value.doubleValue)
      let share = try #require(engines[0]["share_of_peak"]?.doubleValue)
      #expect(abs(share * peak - (try #require(engines[0]["gflops"]?.doubleValue))) < 1e-6 * peak)
      // 4 products in each of 2 layers.
      let operations = try #require(engines[0]["operations"]?.arrayValue)
      #expect(operations.first { $0["operation"] == "linear" }?["launches"]?.intValue == 8)
    }
    let trace = try #require(Goldens.json(temporary.file("trace"))["traceEvents"]?.arrayValue)
    // A name for each shape; upload, embeddings and 7 launches a layer in each.
    #expect(trace.count { $0["ph"] == "M" } == 2 && trace.count { $0["ph"] == "X" } >= 2 * (2 + 2 * 7))
    let plot = try String(decoding: BoundedFile.read(path: temporary.file("plot"), limit: 1 << 20), as: UTF8.self)
    #expect(plot.hasPrefix("<svg") && plot.hasSuffix("</svg>\n") && plot.contains("3x5"))
  }

  @Test func theCPUAlone() throws {
    let outcome = try ToolProcess.run([
      "bench", Self.model, "--shapes", "2x3", "--repeat", "2", "--warmup", "0", "--device", "cpu", "--json", "-",
    ])
    #expect(outcome.status == 0, "\(outcome.error)")
    #expect(outcome.lines.count == 1)
    let engines = try JSON.parse(outcome.output)["shapes"]?.arrayValue?.first?["engines"]?.arrayValue
    #expect(engines?.count == 1 && engines?.first?["engine"] == "cpu")
  }

  @Test func shapesThatDoNotFit() throws {
    let long = try ToolProcess.run(["bench", Self.model, "--shapes", "1x7,ragged", "--device", "cpu"])
    #expect(long.status == 1 && long.error.hasPrefix("bert: sequence 0 has 256 tokens, the model takes 19"))
    for arguments in [
      ["--shapes", "7"], ["--shapes", "0x7"], ["--shapes", "1x7,"], ["--inputs", "a"],
      ["--inputs", "a", "--json", "-", "--profile"], ["--outputs", "a"],
    ] {
      #expect(try ToolProcess.run(["bench", Self.model] + arguments).status == 64, "\(arguments)")
    }
  }
}
