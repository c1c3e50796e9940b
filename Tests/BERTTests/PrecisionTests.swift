// SPDX-License-Identifier: Apache-2.0
import BERT
import Checkpoints
import GoldenCases
import OpenCLBackend
import TestSupport
import Testing

/// The device with half a precision: one engine each for all tests.
enum HalfEngine: String, CaseIterable {
  case float16, bfloat16

  private static let engines = allCases.map { half in
    Result { try Engine.open(.opencl(selector: "opencl"), precision: half.precision) }
  }

  var precision: Precision { self == .float16 ? .float16 : .bfloat16 }
  var engine: Engine { get throws { try Self.engines[self == .float16 ? 0 : 1].get() } }
  /// What is allowed of a whole model, as a relative error.
  var tolerance: Double { self == .float16 ? 2e-3 : 1.5e-2 }
  /// The same of models with 18 hidden numbers, in which roundings do not average out: transformers' BertModel in these
  /// precisions (torch 2.x, eager) shows up to 2.2e-3 and 2.1e-2 on the encoders among these cases, and heads follow.
  var toyTolerance: Double { 2.5 * tolerance }
}

/// Whole models whose weights and activations are stored in 16 bits.
@Suite struct HalfPrecisionModelTests {
  /// Goldens that differ in how numbers of 16 bits are moved: weights of every type of file, shapes, masks, caches, parts
  /// of rows, heads. Activations, and what else is computed in float32 between reading and writing, are
  /// `ForwardGoldenTests`'; `bert verify --goldens` runs all of them in any precision.
  private static let cases = [
    "forward": [
      "ragged", "odd-shapes", "saved-f16", "saved-bf16", "mask-holes", "longest", "one-token", "one-head",
      "head-size-1", "saved-f64", "saved-mixed-types",
    ],
    "switches": [
      "chunk-2", "attentions", "everything-mask-3d", "head-mask", "inputs-embeds", "pruned",
      "pruned-relative-key-query",
    ],
    "decoder": [
      "cache-three", "cross-ragged", "cache-first-cross", "cache-one-cross-relative-key", "cache-pruned", "causal-left",
      "cache-three-mask-3d", "lm-cross-labels",
    ],
    "heads": [
      "masked-lm-labels", "pretraining-labels", "question-answering-positions", "regression", "multi-label",
      "multiple-choice-labels", "text-classification-everything", "token-classification-labels", "saved-bin",
    ],
  ]

  /// Of bfloat16, the first of each kind: two functions of the kernels are all that differs.
  private static let rounds: [(name: String, half: HalfEngine)] = cases.sorted { $0.key < $1.key }.flatMap {
    section, names in
    names.enumerated().flatMap { index, name in
      (index < 4 && section == "forward" || index < 2 ? HalfEngine.allCases : [.float16])
        .map { (section + "/" + name, $0) }
    }
  }

  @Test(arguments: rounds) func agreesWithHuggingFace(name: String, half: HalfEngine) async throws {
    let golden = try GoldenCase(name)
    let output = try await golden.run(on: half.engine)
    let wanted = try SafetensorsFile(path: golden.folder + "/outputs.safetensors")
    for tensor in wanted.tensorNames {
      let found = try #require(output[tensor], "\(tensor)")
      #expect(found.shape == wanted.tensor(named: tensor)?.shape, "\(tensor)")
      let error = relativeError(found.doubles, try wanted.readFloat64(tensor))
      #expect(error <= half.toyTolerance, "\(tensor): \(error)")
    }
  }

  @Test(arguments: HalfEngine.allCases) func miniLM(half: HalfEngine) async throws {
    let texts = try Goldens.texts(Goldens.path("minilm/sentences.jsonl"))
    let golden = try SafetensorsFile(path: Goldens.path("minilm/embeddings.safetensors")).readFloat64("embeddings")
    let encoder = try await SentenceEncoder.fromPretrained(MiniLM.directory, on: half.engine)
    let vectors = try await encoder.encode(texts)
    let error = relativeError(vectors.flatMap { $0.map(Double.init) }, golden)
    #expect(error <= half.tolerance, "\(error)")
  }

  @Test(arguments: HalfEngine.allCases) func aSentenceDoesNotDependOnItsBatch(half: HalfEngine) async throws {
    let texts = Array(try Goldens.texts(Goldens.path("minilm/sentences.jsonl"))[..<60])
    let encoder = try await SentenceEncoder.fromPretrained(MiniLM.directory, on: half.engine)
    let all = try await encoder.encode(texts)
    let small = try await SentenceEncoder.fromPretrained(MiniLM.directory, on: half.engine, tokenBudget: 300)
    #expect(try await small.encode(texts) == all)
    for index in [0, 17, 59] { #expect(try await encoder.encode([texts[index]]) == [all[index]]) }
  }

  /// One process, one model, all precisions, turn by turn: none sees another's programs or memory.
  @Test func precisionsSideBySide() async throws {
    let texts = Array(try Goldens.texts(Goldens.path("minilm/sentences.jsonl"))[..<8])
    let engines = [try SharedEngine.opencl.get()] + (try HalfEngine.allCases.map { try $0.engine })
    var encoders: [SentenceEncoder] = []
    for engine in engines { encoders.append(try await SentenceEncoder.fromPretrained(MiniLM.directory, on: engine)) }
    var alone: [[[Float]]] = []
    for encoder in encoders { alone.append(try await encoder.encode(texts)) }
    #expect(alone[0] != alone[1] && alone[0] != alone[2] && alone[1] != alone[2])
    let together = try await withThrowingTaskGroup(of: (Int, [[Float]]).self) { group in
      for (index, encoder) in encoders.enumerated() { group.addTask { (index, try await encoder.encode(texts)) } }
      var found = alone.map { _ in [[Float]]() }
      for try await (index, vectors) in group { found[index] = vectors }
      return found
    }
    #expect(together == alone)
  }

  @Test func theCPUHasNone() {
    for half in HalfEngine.allCases {
      #expect(throws: PrecisionError.cpu(half.precision)) { try Engine.open(.cpu, precision: half.precision) }
      #expect(throws: PrecisionError.matrixProduct(.clblast, half.precision)) {
        try Engine.open(.opencl(selector: "opencl"), matrixProduct: .clblast, precision: half.precision)
      }
    }
  }
}
