// SPDX-License-Identifier: Apache-2.0
import Checkpoints
import StrictJSON
import Testing

/// `bert verify`: that what is right holds, and that what is wrong is named.
@Suite struct VerifyTests {
  private static let goldens = Goldens.path("")

  @Test(arguments: ["cpu", "opencl"]) func everyGroupIsALine(device: String) throws {
    let temporary = try TemporaryFolder()
    let outcome = try ToolProcess.run([
      "verify", "--device", device, "--groups", "pooling,l2_normalize,gather_rows", "--json", temporary.file("report"),
    ])
    #expect(outcome.status == 0, "\(outcome.error)")
    // Two lines say what the others count.
    #expect(outcome.lines.count == 6 && outcome.lines[2].contains("float32"))
    #expect(outcome.lines[0].hasPrefix("A case is one operation at one size"))
    for (line, group) in zip(outcome.lines.dropFirst(3), ["pooling", "l2_normalize", "gather_rows"]) {
      #expect(line.hasPrefix("  \(group) ") && line.contains(" cases checked, error "), "\(line)")
      #expect(line.contains(", allowed ") && !line.contains("FAILED") && !line.contains("NOT"))
    }
    #expect(outcome.errorLines.count == 1 && outcome.error.contains(": all within bounds"))
    let report = try JSON.parse(BoundedFile.read(path: temporary.file("report"), limit: 1 << 24))
    #expect(report["holds"] == true && report["cut"]?.intValue == 0 && report["failures"]?.intValue == 0)
    let groups = try #require(report["passes"]?.arrayValue?.first?["groups"]?.arrayValue)
    #expect(groups.count == 3)
    for group in groups {
      let error = try #require(group["largest_error"]?.doubleValue)
      #expect(try group["run"] == group["cases"] && error <= #require(group["bound"]?.doubleValue))
    }
  }

  /// The device that `auto` falls back to has float32 alone: nothing is checked in another precision's name.
  @Test func aPrecisionThatIsNotThereIsNotVerified() throws {
    let outcome = try ToolProcess.run(
      ["verify", "--groups", "mean", "--precision", "float16", "--json", "-"],
      environment: ["OCL_ICD_VENDORS": "/nonexistent"])
    #expect(outcome.status == 1 && outcome.error.contains("no case could be checked"), "\(outcome.error)")
    #expect(outcome.error.contains("the CPU executor computes in float32, not float16"))
    #expect(try JSON.parse(outcome.output)["holds"] == false)
  }

  @Test func modelsAreComparedWithHuggingFaces() throws {
    let outcome = try ToolProcess.run([
      "verify", "--device", "cpu", "--goldens", Self.goldens, "--groups", "models:heads", "--json", "-",
    ])
    #expect(outcome.status == 0, "\(outcome.error)")
    let group = try JSON.parse(outcome.output)["passes"]?.arrayValue?.first?["groups"]?.arrayValue?.first
    #expect(group?["run"]?.intValue == Goldens.folders("heads").count)
  }

  /// A model whose outputs are another's, and one that cannot be read.
  @Test func whatIsWrongIsNamed() throws {
    let temporary = try TemporaryFolder()
    for (name, outputs) in [("ragged", "forward/ragged"), ("wrong", "forward/mask-holes")] {
      for file in ["config.json", "model.safetensors", "inputs.safetensors", "case.json"] {
        try temporary.add(Goldens.bytes("forward/ragged/" + file), to: "forward/\(name)/\(file)")
      }
      try temporary.add(Goldens.bytes(outputs + "/outputs.safetensors"), to: "forward/\(name)/outputs.safetensors")
    }
    try temporary.add(Goldens.bytes("forward/ragged/case.json"), to: "forward/empty/case.json")
    let outcome = try ToolProcess.run([
      "verify", "--device", "cpu", "--goldens", temporary.path, "--groups", "models:forward", "--json",
      temporary.file("report"),
    ])
    #expect(outcome.status == 1)
    #expect(outcome.lines.contains { $0.hasPrefix("    FAILED forward/wrong: relative error ") }, "\(outcome.text)")
    #expect(outcome.lines.contains { $0.hasPrefix("    FAILED forward/empty: ") })
    #expect(outcome.lines.contains { $0.hasPrefix("  models:forward ") && $0.hasSuffix("; 2 FAILED") })
    #expect(outcome.errorLines.count == 1 && outcome.error.hasPrefix("bert: 2 of 3 cases failed: "))
    let report = try JSON.parse(BoundedFile.read(path: temporary.file("report"), limit: 1 << 24))
    #expect(report["holds"] == false && report["failures"]?.intValue == 2)
  }

  @Test func timeIsLimited() throws {
    let outcome = try ToolProcess.run(["verify", "--device", "cpu", "--time-limit", "0.000001", "--json", "-"])
    #expect(outcome.status == 0, "\(outcome.error)")
    let report = try JSON.parse(outcome.output)
    let cut = try #require(report["cut"]?.intValue)
    #expect(report["cases"]?.intValue == 0 && cut > 100)
    #expect(outcome.errorLines.count == 2 && outcome.error.contains("not all cases checked: linear 0 of "))
    let last = try #require(outcome.errorLines.last)
    #expect(last.hasPrefix("bert: note: 0 of \(cut) cases checked ") && !last.contains("within bounds"), "\(last)")
    #expect(last.contains(", \(cut) were NOT checked, because of --time-limit"))
  }

  /// However far it gets: the text counts what the report counts, in each group, and the last line what was left out.
  @Test func whatTimeWasTooShortForIsCounted() throws {
    let temporary = try TemporaryFolder()
    let outcome = try ToolProcess.run([
      "verify", "--device", "cpu", "--goldens", Self.goldens, "--gradients", "--time-limit", "0.3", "--json",
      temporary.file("report"),
    ])
    #expect(outcome.status == 0, "\(outcome.error)")
    let report = try JSON.parse(BoundedFile.read(path: temporary.file("report"), limit: 1 << 24))
    let (run, cut) = try (#require(report["cases"]?.intValue), #require(report["cut"]?.intValue))
    #expect(cut > 0 && report["holds"] == true && outcome.errorLines.count == 1)
    let last = try #require(outcome.errorLines.last)
    #expect(last.hasPrefix("bert: note: \(run) of \(run + cut) cases checked "), "\(last)")
    #expect(last.contains(", the other \(cut) were NOT checked") && !last.contains("all within bounds"))
    let groups = try #require(report["passes"]?.arrayValue?.first?["groups"]?.arrayValue)
    #expect(outcome.lines.count == 3 + groups.count)
    for (line, group) in zip(outcome.lines.dropFirst(3), groups) {
      let name = try #require(group["group"]?.stringValue)
      let (run, count) = try (#require(group["run"]?.intValue), #require(group["cases"]?.intValue))
      #expect(line.hasPrefix("  \(name) ") && line.contains(" \(run) of \(count) cases checked"), "\(line)")
      #expect(line.hasSuffix("; \(count - run) NOT checked") == (run < count), "\(line)")
    }
  }

  /// A pass that cannot be opened has no cases that could have failed.
  @Test func whatCannotBeCheckedIsSaid() throws {
    let outcome = try ToolProcess.run(["verify", "--device", "cpu", "--precision", "float16"])
    #expect(outcome.status == 1 && outcome.errorLines.count == 1)
    #expect(outcome.error.hasPrefix("bert: no case could be checked: float16: "), "\(outcome.error)")
  }

  @Test(arguments: [
    (["--groups", "pooling,nothing"], 64, "is none of "), (["--time-limit", "0"], 64, "above 0"),
    (["--goldens", "/nonexistent"], 1, "no goldens there"), (["--precision", "float8"], 64, "float8"),
    (["--json", "/nonexistent/report"], 1, "no file can be made there"),
  ])
  func refusals(arguments: [String], status: Int32, message: String) throws {
    let outcome = try ToolProcess.run(["verify", "--device", "cpu"] + arguments)
    #expect(outcome.status == status)
    #expect(outcome.error.contains(message), "\(outcome.error)")
  }
}
