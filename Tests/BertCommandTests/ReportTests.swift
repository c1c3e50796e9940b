// SPDX-License-Identifier: Apache-2.0
import Checkpoints
import StrictJSON
import TestSupport
import Testing

@Suite struct DevicesTests {
  @Test func listsDevicesAsJSON() throws {
    let outcome = try ToolProcess.run(["devices", "--json"])
    #expect(outcome.status == 0, "\(outcome.error)")
    let list = try JSON.parse(outcome.output)
    let devices = (list["platforms"]?.arrayValue ?? []).flatMap { $0["devices"]?.arrayValue ?? [] }
    let best = try #require(devices.first { $0["selector"] == list["auto"] })
    for key in ["name", "type", "driver"] { #expect(best[key]?.stringValue != nil, "\(key)") }
    for key in ["fp16", "fp64", "subgroups"] { #expect(best[key]?.boolValue != nil, "\(key)") }
    for key in ["memory", "compute_units", "max_work_group_size"] { #expect(best[key]?.intValue ?? 0 > 0, "\(key)") }
  }

  @Test func listsDevicesForPeople() throws {
    let outcome = try ToolProcess.run(["devices"])
    #expect(outcome.status == 0)
    #expect(outcome.text.contains("opencl:0:0"))
    #expect(outcome.lines.last?.hasPrefix("auto takes opencl:") ?? false)
    // Half a precision is storage, which "fp16 no" is not about.
    #expect(outcome.text.contains("fp16 is arithmetic in 16 bits") && outcome.text.contains("float16 and bfloat16"))
  }

  @Test(arguments: [
    (["OCL_ICD_VENDORS": "/nonexistent"], "knows no driver"),
    (["SWIFT_BERT_OPENCL_LIBRARY": "/nonexistent.so"], "no OpenCL loader"),
  ])
  func withoutDriversSaysSo(environment: [String: String], message: String) throws {
    let devices = try ToolProcess.run(["devices"], environment: environment)
    #expect(devices.status == 1)
    #expect(devices.errorLines.count == 1)
    #expect(devices.error.contains(message), "\(devices.error)")

    let model = Goldens.path("sentence/cls")
    let fallback = try ToolProcess.run(["embed", model, "the cat"], environment: environment)
    #expect(fallback.status == 0)
    #expect(fallback.error.hasPrefix("bert: note: no OpenCL device, running on the CPU"))
    let named = try ToolProcess.run(["embed", model, "the cat", "--device", "opencl"], environment: environment)
    #expect(named.status == 1)
  }
}

@Suite struct InfoTests {
  private func info(_ folder: String, _ options: [String]) throws -> JSON {
    let outcome = try ToolProcess.run(["info", Goldens.path(folder), "--json"] + options)
    #expect(outcome.status == 0, "\(outcome.error)")
    return try JSON.parse(outcome.output)
  }

  @Test func describesASentenceEncoder() throws {
    let report = try info("sentence/dense-normalize", ["--device", "cpu"])
    #expect(report["sentence_encoder"]?["modules"]?.arrayValue?.last == "normalize")
    #expect(report["parameters"]?.objectValue?.keys == ["total", "embeddings", "encoder", "2_Dense"])
    #expect(report["matrix_product"] == "OpenBLAS")
    #expect(report["device"] == "cpu")
  }

  @Test func countsParametersAndMemory() throws {
    let report = try info("forward/odd-shapes", ["--device", "cpu"])
    let checkpoint = try Checkpoint(directory: Goldens.path("forward/odd-shapes"))
    let elements = checkpoint.tensorNames.reduce(0) { $0 + (checkpoint.tensor(named: $1)?.elementCount ?? 0) }
    #expect(report["parameters"]?["total"]?.intValue == elements)
    #expect(report["memory"]?["weights"]?.intValue == elements * 4)
    #expect(report["dtypes"]?["F32"]?["elements"]?.intValue == elements)
    #expect(report["ignored_tensors"]?.arrayValue?.isEmpty ?? false)
    let small = try #require(report["memory"]?["arena"]?.intValue)
    let large = try info("forward/odd-shapes", ["--device", "cpu", "--batch-size", "80"])
    #expect(try #require(large["memory"]?["arena"]?.intValue) > 5 * small)
  }

  @Test func showsWhichMatrixProductWasForced() throws {
    #expect(try info("sentence/cls", ["--device", "opencl"])["matrix_product"]?.stringValue != nil)
    for product in ["panels", "tiled"] {
      let report = try info("sentence/cls", ["--device", "opencl", "--matrix-product", product])
      #expect(report["matrix_product"]?.stringValue == product)
      // Panels are filled up, so they never take less.
      #expect(try #require(report["memory"]?["weights"]?.intValue) >= report["parameters"]?["total"]?.intValue ?? 0)
    }
  }

  @Test func namesIgnoredTensors() throws {
    let report = try info("forward/saved-old-names", ["--device", "cpu"])
    #expect(report["ignored_tensors"]?.arrayValue != nil)
    let text = try ToolProcess.run(["info", Goldens.path("sentence/cls"), "--device", "cpu"])
    #expect(text.status == 0)
    for word in ["architecture", "parameters", "F32", "ignored", "memory", "matrix product"] {
      #expect(text.text.contains(word), "\(word)")
    }
  }

  /// A sentence encoder that was trained as a classifier has the classifier's weights: they are a head's, and nothing ignored.
  @Test func namesTheHeadOfATrainedSentenceEncoder() throws {
    let temporary = try TemporaryFolder()
    let model = Goldens.path("sentence/cls")
    try temporary.write(
      ["a", "b", "c"].map { #"{"text":"the \#($0)","label":"\#($0)"}"# + "\n" }.joined(), to: "train.jsonl")
    let trained = try ToolProcess.run([
      "train", model, "--task", "text-classification", "--train-file", temporary.file("train.jsonl"), "--output-dir",
      temporary.file("out"), "--max-steps", "1", "--device", "cpu",
    ])
    #expect(trained.status == 0, "\(trained.error)")
    let outcome = try ToolProcess.run(["info", temporary.file("out"), "--json", "--device", "cpu"])
    #expect(outcome.status == 0, "\(outcome.error)")
    let report = try JSON.parse(outcome.output)
    #expect(report["head"]?["architecture"] == "BertForSequenceClassification")
    let tensors = (report["head"]?["tensors"]?.arrayValue ?? []).compactMap(\.stringValue).sorted()
    #expect(tensors.suffix(2) == ["classifier.bias", "classifier.weight"], "\(tensors)")
    let ignored = (report["ignored_tensors"]?.arrayValue ?? []).compactMap(\.stringValue)
    #expect(!ignored.contains { $0.hasPrefix("classifier") }, "\(ignored)")
    let text = try ToolProcess.run(["info", temporary.file("out"), "--device", "cpu"])
    #expect(
      text.text.contains("BertForSequenceClassification, which sentence vectors do not use: ")
        && text.text.contains("classifier.weight"), "\(text.text)")
  }

  @Test func describesTheHead() throws {
    let report = try info("heads/masked-lm-extra-heads", ["--device", "cpu"])
    #expect(report["architectures"] == ["BertForMaskedLM"])
    let parts = try #require(report["parameters"]?.objectValue)
    #expect(parts.keys == ["total", "embeddings", "encoder", "cls"])
    // Transform with its LayerNorm, and a bias for each of 29 words; the matrix is the embeddings.
    #expect(parts["cls"]?.intValue == 12 * 12 + 12 + 2 * 12 + 29)
    let ignored = (report["ignored_tensors"]?.arrayValue ?? []).compactMap(\.stringValue).sorted()
    #expect(
      ignored == [
        "bert.pooler.dense.bias", "bert.pooler.dense.weight", "cls.seq_relationship.bias",
        "cls.seq_relationship.weight",
        "qa_outputs.bias", "qa_outputs.weight", "unheard_of.weight",
      ])
    let text = try ToolProcess.run(["info", Goldens.path("heads/masked-lm-extra-heads"), "--device", "cpu"])
    #expect(
      text.status == 0 && text.text.contains("BertForMaskedLM: 2 layers") && text.text.contains("unheard_of.weight"))
  }

  /// Whatever the model takes: encoder states, relative positions, chunks, all heads.
  @Test(arguments: [
    "decoder/cross", "decoder/cross-relative-key", "decoder/lm-untied", "switches/everything", "switches/chunk-2",
    "heads/question-answering", "heads/multiple-choice", "heads/saved-bin-legacy", "heads/pretraining-relative",
    "heads/text-classification-everything",
  ])
  func describesEveryForm(name: String) throws {
    for device in ["cpu", "opencl"] {
      let report = try info(name, ["--device", device])
      let total = try #require(report["parameters"]?["total"]?.intValue)
      #expect(try #require(report["memory"]?["arena"]?.intValue) > 0 && total > 0)
      #expect(try #require(report["memory"]?["weights"]?.intValue) >= 4 * total)
      #expect(report["ignored_tensors"]?.arrayValue?.contains { $0.stringValue?.contains("layer.") ?? false } == false)
    }
  }

  @Test(arguments: ["float16", "bfloat16"]) func halfAPrecisionTakesHalfTheMemory(precision: String) throws {
    let full = try info("switches/everything", ["--device", "opencl"])
    let half = try info("switches/everything", ["--device", "opencl", "--precision", precision])
    #expect(full["precision"] == "float32" && half["precision"]?.stringValue == precision)
    let weights = try #require(full["memory"]?["weights"]?.intValue)
    #expect(half["memory"]?["weights"]?.intValue == weights / 2)
    let arenas = try [full, half].map { Double(try #require($0["memory"]?["arena"]?.intValue)) }
    #expect(arenas[1] < 0.6 * arenas[0])  // places of small values keep their alignment
  }

  @Test func refusesWhatCannotBeLoaded() throws {
    let missing = try ToolProcess.run(["info", "/nonexistent", "--device", "cpu"])
    #expect(missing.status == 1)
    #expect(
      missing.error
        == "bert: /nonexistent/config.json: no such file; a model is a directory as huggingface-cli download makes it (nothing is downloaded)\n"
    )
    let long = try ToolProcess.run(["info", Goldens.path("sentence/cls"), "--sequence-length", "1000"])
    #expect(long.status == 1)
  }
}

@Suite struct BenchTests {
  @Test(arguments: [("cpu", "float32"), ("opencl", "float32"), ("opencl", "float16"), ("opencl", "bfloat16")])
  func writesOneObject(device: String, precision: String) throws {
    let folder = Goldens.path("forward/ragged")
    let temporary = try TemporaryFolder()
    let outcome = try ToolProcess.run([
      "bench", folder, "--inputs", folder + "/inputs.safetensors", "--outputs", temporary.file("out"), "--repeat", "4",
      "--warmup", "1", "--json", "-", "--device", device, "--precision", precision,
    ])
    #expect(outcome.status == 0, "\(outcome.error)")
    #expect(outcome.lines.count == 1)
    let report = try JSON.parse(outcome.output)
    #expect(report.objectValue?.keys == ["device", "precision", "tokens", "seconds"])
    #expect(report["device"]?.stringValue?.hasPrefix(device) ?? false)
    #expect(report["precision"]?.stringValue == precision)
    #expect(report["seconds"]?.doubles?.count == 4)
    #expect(report["seconds"]?.doubles?.allSatisfy { $0 > 0 } ?? false)
    let mask = try SafetensorsFile(path: folder + "/inputs.safetensors").readInt64("attention_mask")
    #expect(report["tokens"]?.intValue == mask.count { $0 == 1 })
    let wanted = try SafetensorsFile(path: folder + "/outputs.safetensors").readFloat64("last_hidden_state")
    let found = try SafetensorsFile(path: temporary.file("out")).readFloat64("last_hidden_state")
    #expect(relativeError(found, wanted) <= (["float16": 2e-3, "bfloat16": 1.5e-2][precision] ?? 5e-6))
  }
}
