// SPDX-License-Identifier: Apache-2.0
import Checkpoints
import StrictJSON
import Testing

/// Measurements as lines: several inputs of `bert bench`, `bert bench-gemm`, and `bert bench-summary` of both.
@Suite struct BenchRecordsTests {
  private static let model = Goldens.path("forward/ragged")
  private static let inputs = model + "/inputs.safetensors"

  @Test func severalInputsAreLines() throws {
    let outcome = try ToolProcess.run([
      "bench", Self.model, "--device", "cpu", "--inputs", Self.inputs, "--inputs", "/nonexistent/2x3.safetensors",
      "--inputs", Self.inputs, "--seconds", "0.01", "--json", "-",
    ])
    #expect(outcome.status == 1 && outcome.error.contains("1 of 3 measurements failed"), "\(outcome.error)")
    let lines = try outcome.lines.map { try JSON.parse(Array($0.utf8)) }
    #expect(lines.map { $0["inputs"]?.stringValue } == ["inputs", "2x3", "inputs"])
    #expect(lines.map { $0["problem"] != nil } == [false, true, false])
    for line in [lines[0], lines[2]] {
      #expect(line["model"] == "ragged" && line["precision"] == "float32" && line["device"] == "cpu")
      #expect(line["tokens"]?.intValue ?? 0 > 0 && line["seconds"]?.arrayValue?.count ?? 0 >= 3)
    }
  }

  @Test func productsAreTimedAndChecked() throws {
    let temporary = try TemporaryFolder()
    let outcome = try ToolProcess.run([
      "bench-gemm", "--device", "opencl", "--shapes", "13x7x33,1x1x1,64x48x16", "--seconds", "0.001", "--json",
      temporary.file("lines"),
    ])
    #expect(outcome.status == 0, "\(outcome.error)")
    #expect(outcome.lines.count == 5 && outcome.lines[1].contains("TFLOP/s"))
    #expect(outcome.lines[4].hasPrefix("Errors are relative, ") && outcome.lines[4].hasSuffix(": 0 is right"))
    let bytes = try BoundedFile.read(path: temporary.file("lines"), limit: 1 << 20)
    let lines = try bytes.split(separator: 0x0A).map { try JSON.parse(Array($0)) }
    #expect(lines.map { $0["gemm"]?.doubles } == [[13, 7, 33], [1, 1, 1], [64, 48, 16]])
    for line in lines {
      let seconds = try #require(line["seconds"]?.doubles)
      #expect(seconds.allSatisfy { $0 > 0 } && line["relative_error"]?.doubleValue == 0)
      #expect(line["tflops"]?.doubleValue ?? 0 > 0 && line["matrix_product"]?.stringValue != nil)
    }
  }

  @Test func roundedResultsAreExplained() throws {
    let outcome = try ToolProcess.run([
      "bench-gemm", "--precision", "float16", "--shapes", "13x7x33", "--seconds", "0.001",
    ])
    #expect(outcome.status == 0, "\(outcome.error)")
    #expect(outcome.lines.last?.hasSuffix("the results' rounding to 16 bits") ?? false, "\(outcome.text)")
    // PoCL has no matrix engine: the product is emulated, and the line says so.
    let emulated = try ToolProcess.run([
      "bench-gemm", "--precision", "float16", "--matrix-product", "mma", "--shapes", "13x7x33", "--seconds", "0.001",
      "--json", "-",
    ])
    #expect(emulated.status == 0, "\(emulated.error)")
    let line = try JSON.parse(Array((emulated.lines.first ?? "").utf8))
    #expect(line["matrix_engine"]?.stringValue == "emulated", "\(emulated.text)")
  }

  /// `auto` falls back to nothing that could not be timed, and the help offers no such thing.
  @Test func productsNeedADevice() throws {
    let outcome = try ToolProcess.run(["bench-gemm"], environment: ["OCL_ICD_VENDORS": "/nonexistent"])
    #expect(outcome.status == 1 && outcome.errorLines.count == 1, "\(outcome.error)")
    #expect(outcome.error.contains("knows no driver"))
    let help = try ToolProcess.run(["bench-gemm", "--help"])
    #expect(!help.text.contains("opencl or") && !help.text.contains("cpu"), "\(help.text)")
  }

  @Test func aSummaryHasTablesAndDrawings() throws {
    let temporary = try TemporaryFolder()
    try temporary.write(
      """
      {"platforms": [{"devices": [{"selector": "opencl:0:0", "name": "A | B", "driver": "1"}]}], "auto": "opencl:0:0"}
      {"model": "base", "inputs": "8x128", "device": "opencl:0:0", "precision": "float32", "tokens": 1024, "seconds": [0.5, 0.25, 0.75]}
      {"engine": "PyTorch sdpa", "model": "base", "inputs": "8x128", "precision": "tf32", "tokens": 1024, "seconds": [1.0]}
      {"engine": "PyTorch eager", "model": "base", "inputs": "8x128", "precision": "float16", "problem": "out of memory"}
      {"gemm": [64, 32, 16], "precision": "float32", "matrix_product": "tiled", "seconds": [1e-3], "tflops": 12.345}
      {"passes": [{"precision": "float32", "matrix_product": "tiled", "groups": [{"group": "linear", "cases": 3, "run": 2, "largest_error": 2e-7, "bound": 1e-6, "failed": [{"case": "one", "problem": "p"}]}, {"group": "mean", "cases": 9, "run": 0, "failed": []}, {"group": "clear", "cases": 4, "run": 1, "largest_error": 0, "bound": 1e-6, "failed": []}]}]}
      {"phase": "tune", "status": "cut after 5 s", "seconds": 5}
      {"model": "base", "inp
      """, to: "results")
    let outcome = try ToolProcess.run([
      "bench-summary", temporary.file("results"), "--plots", temporary.path,
    ])
    #expect(outcome.status == 0, "\(outcome.error)")
    for row in [
      "`opencl:0:0` (used): A | B, 1", "| batch x tokens | swift-bert | PyTorch sdpa tf32 | fastest other / ours |",
      "| 8x128 | 500.00 (16) | 1000.00 (8) | 2.00 |", "- PyTorch eager float16 8x128: out of memory",
      "| 64 x 32 x 16 | 12.35 |", "| float32 | tiled | linear | 2 of 3 | 2.0e-07 | 1.0e-06 | 1 FAILED: one |",
      "| mean | 0 of 9 | - | - | not reached |", "| clear | 1 of 4 | 0 | 1.0e-06 | holds as far as it was run |",
      "| tune | cut after 5 s | 5.0 |", "1 line of the results could not be read.",
    ] {
      #expect(outcome.text.contains(row), "\(row)")
    }
    #expect(entries(temporary.path) == ["base.svg", "matrix-products.svg", "results"])
    for name in ["base.svg", "matrix-products.svg"] {
      let bytes = try BoundedFile.read(path: temporary.file(name), limit: 1 << 20)
      #expect(try elements(ofXML: String(decoding: bytes, as: UTF8.self)).contains("rect"))
    }
    try temporary.write("nothing\n", to: "empty")
    let empty = try ToolProcess.run(["bench-summary", temporary.file("empty")])
    #expect(empty.status == 1 && empty.error.contains("no line of it is a measurement"))
  }

  @Test(arguments: [
    (["bench", model, "--seconds", "1"], "goes with --inputs"),
    (["bench", model, "--inputs", "a", "--inputs", "b", "--outputs", "c", "--json", "-"], "not several"),
    (["bench-gemm", "--shapes", "1x2"], "is not MxNxK"), (["bench-gemm", "--device", "cpu"], "makes no events"),
    (["bench-gemm", "--matrix-product", "clblast"], "have no events"), (["bench-gemm", "--seconds", "0"], "above 0"),
  ])
  func refusals(arguments: [String], message: String) throws {
    let outcome = try ToolProcess.run(arguments)
    #expect(outcome.status == 64)
    #expect(outcome.error.contains(message), "\(outcome.error)")
  }
}
