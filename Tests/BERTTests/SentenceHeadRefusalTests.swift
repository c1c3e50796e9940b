// SPDX-License-Identifier: Apache-2.0
import BERT
import Checkpoints
import StrictJSON
import Testing

/// modules.json and the folders that it names.
@Suite struct SentenceHeadRefusalTests {
  private static let prefix = "sentence_transformers.models."

  private static func modules(_ entries: [(type: String, path: String)]) -> String {
    "[" + entries.map { "{\"type\": \"\(prefix)\($0.type)\", \"path\": \"\($0.path)\"}" }.joined(separator: ", ") + "]"
  }

  private static let transformer = (type: "Transformer", path: "")
  private static let pooling = (type: "Pooling", path: "1_Pooling")
  private static let dense = (type: "Dense", path: "2_Dense")

  static let chains: [(file: String, what: String)] = [
    ("{}", "is no list"), ("[1]", "has an entry that is no object"), ("[]", "lacks a Transformer or a Pooling module"),
    ("[{\"type\": \"a.Transformer\"}]", "has an entry without type or path"),
    ("[{\"path\": \"\"}]", "has an entry without type or path"),
    (modules([transformer]), "lacks a Transformer or a Pooling module"),
    (modules([pooling]), "has a module \(prefix)Pooling that is unknown or out of order"),
    (modules([transformer, transformer]), "has a module \(prefix)Transformer that is unknown or out of order"),
    (modules([transformer, pooling, pooling]), "has a module \(prefix)Pooling that is unknown or out of order"),
    (modules([transformer, dense]), "has a module \(prefix)Dense that is unknown or out of order"),
    (
      modules([transformer, pooling, ("LSTM", "2_LSTM")]),
      "has a module \(prefix)LSTM that is unknown or out of order"
    ),
    (modules([("Transformer", "../other")]), "names a folder outside the model: ../other"),
    (modules([("Transformer", "/etc")]), "names a folder outside the model: /etc"),
    (modules([transformer, ("Pooling", "a/../../b")]), "names a folder outside the model: a/../../b"),
    (modules([transformer, pooling, dense, dense]), "names the folder 2_Dense twice"),
  ]

  @Test(arguments: chains) func aChainThatIsNotKnown(file: String, what: String) throws {
    let folder = try ModelFolder(golden: "sentence/dense-normalize")
    try folder.write("modules.json", file)
    let wanted = BertError.badModules(path: folder.path + "/modules.json", what)
    #expect(throws: wanted) { try SentenceHead(directory: folder.path) }
    #expect("\(wanted)" == "\(folder.path)/modules.json: \(what)")
  }

  struct Row: Sendable, CustomStringConvertible {
    let file: String
    let fields: [String: String?]
    let field: String
    let what: String

    init(_ file: String, _ fields: [String: String?], _ field: String, _ what: String) {
      (self.file, self.fields, self.field, self.what) = (file, fields, field, what)
    }

    var description: String { "\(file) \(fields)" }
  }

  private static let noModes =
    "is none of cls, max, mean, mean_sqrt_len_tokens, weightedmean, lasttoken, nor a list of some"

  static let rows: [Row] = [
    Row(
      "1_Pooling/config.json", ["pooling_mode_mean_tokens": "false"], "pooling_mode_mean_tokens",
      "is false, and so is every other mode"),
    Row(
      "1_Pooling/config.json", ["pooling_mode_cls_token": "1"], "pooling_mode_cls_token",
      "is a number, wanted true or false"),
    Row("1_Pooling/config.json", ["pooling_mode": "\"median\""], "pooling_mode", noModes),
    Row("1_Pooling/config.json", ["pooling_mode": "[\"mean\", \"mean\"]"], "pooling_mode", noModes),
    Row("1_Pooling/config.json", ["pooling_mode": "[1]"], "pooling_mode", noModes),
    Row("1_Pooling/config.json", ["pooling_mode": "[]"], "pooling_mode", noModes),
    Row("1_Pooling/config.json", ["pooling_mode": "{}"], "pooling_mode", noModes),
    Row("2_Dense/config.json", ["in_features": nil], "in_features", "or out_features is missing"),
    Row("2_Dense/config.json", ["out_features": nil], "in_features", "or out_features is missing"),
    Row("2_Dense/config.json", ["in_features": "0"], "in_features", "is 0; it must be in 1...1048576"),
    Row("2_Dense/config.json", ["out_features": "-1"], "out_features", "is -1; it must be in 1...1048576"),
    Row("2_Dense/config.json", ["bias": "\"yes\""], "bias", "is a string, wanted true or false"),
    Row(
      "2_Dense/config.json", ["use_residual": "true"], "use_residual", "is true, which this version does not compute"),
    Row(
      "2_Dense/config.json", ["activation_function": "\"torch.nn.modules.activation.ELU\""], "activation_function",
      "is \"torch.nn.modules.activation.ELU\"; known are [\"GELU\", \"Identity\", \"Mish\", \"ReLU\", \"SiLU\", \"Tanh\"]"
    ),
    Row("sentence_bert_config.json", ["max_seq_length": "2"], "max_seq_length", "is 2; it must be in 3...67108864"),
    Row("sentence_bert_config.json", ["max_seq_length": "1.5"], "max_seq_length", "is a number, wanted an integer"),
    Row(
      "sentence_bert_config.json", ["do_lower_case": "0"], "do_lower_case", "is a number, wanted true or false"),
  ]

  @Test(arguments: rows) func aBadValueIsNamed(row: Row) throws {
    let folder = try ModelFolder(golden: "sentence/dense-normalize")
    try folder.write("sentence_bert_config.json", "{}")
    // The flag under test is the only one that could be set.
    try folder.set("1_Pooling/config.json", Dictionary(uniqueKeysWithValues: Self.flags.map { ($0, "false") }))
    if row.file != "1_Pooling/config.json" {
      try folder.set("1_Pooling/config.json", ["pooling_mode_mean_tokens": "true"])
    }
    try folder.set(row.file, row.fields)
    let wanted = BertError.badConfig(path: folder.path + "/" + row.file, field: row.field, row.what)
    #expect(throws: wanted) { try SentenceHead(directory: folder.path) }
  }

  private static let flags = [
    "pooling_mode_cls_token", "pooling_mode_mean_tokens", "pooling_mode_max_tokens",
    "pooling_mode_mean_sqrt_len_tokens", "pooling_mode_weightedmean_tokens", "pooling_mode_lasttoken",
  ]

  @Test func aDenseLayerOfAnotherWidthNamesItsFile() async throws {
    let folder = try ModelFolder(golden: "sentence/dense-normalize")
    try folder.set("2_Dense/config.json", ["in_features": "19"])
    let wanted = BertError.badConfig(
      path: folder.path + "/2_Dense/config.json", field: "in_features",
      "is 19, but the module before gives 18 numbers")
    await #expect(throws: wanted) { try await SentenceEncoder.fromPretrained(folder.path, on: .cpu) }
  }

  @Test func aDenseLayersWeights() async throws {
    let folder = try ModelFolder(golden: "sentence/dense-normalize")
    var tensors = try folder.tensors("2_Dense/model.safetensors")
    let bias = try #require(tensors["linear.bias"])
    tensors["linear.bias"] = nil
    try folder.writeTensors(tensors, "2_Dense/model.safetensors")
    await #expect(throws: BertError.missingTensors(path: folder.path, ["2_Dense/linear.bias"])) {
      try await SentenceEncoder.fromPretrained(folder.path, on: .cpu)
    }
    tensors["linear.bias"] = ([1, 10], bias.elements)
    try folder.writeTensors(tensors, "2_Dense/model.safetensors")
    await #expect(
      throws: BertError.tensorShape(
        path: folder.path + "/2_Dense/model.safetensors", tensor: "linear.bias", found: [1, 10], wanted: [10])
    ) { try await SentenceEncoder.fromPretrained(folder.path, on: .cpu) }
    try folder.remove("2_Dense/model.safetensors")
    await #expect(throws: CheckpointError.noWeights(directory: folder.path + "/2_Dense")) {
      try await SentenceEncoder.fromPretrained(folder.path, on: .cpu)
    }
  }

  @Test(arguments: ["1_Pooling/config.json", "2_Dense/config.json"]) func missingFiles(name: String) throws {
    let folder = try ModelFolder(golden: "sentence/dense-normalize")
    let path = folder.path + "/" + name
    try folder.replaceByDirectory(name)
    #expect(throws: BertError.file(.notRegular(path: path, kind: "a directory"))) {
      try SentenceHead(directory: folder.path)
    }
    try folder.remove(name)
    #expect(throws: BertError.file(.notFound(path: path))) { try SentenceHead(directory: folder.path) }
  }

  @Test(arguments: ["modules.json", "sentence_bert_config.json"])
  func anOptionalFileThatIsThereMustBeGood(name: String) throws {
    let folder = try ModelFolder(golden: "sentence/cls")
    let path = folder.path + "/" + name
    try folder.write(name, "{\"a\": 1, \"a\": 1}")
    #expect(throws: BertError.json(path: path, .duplicateKey("a", offset: 9))) {
      try SentenceHead(directory: folder.path)
    }
    try folder.replaceByDirectory(name)
    #expect(throws: BertError.file(.notRegular(path: path, kind: "a directory"))) {
      try SentenceHead(directory: folder.path)
    }
  }

  @Test func aFolderNameWithNULIsRefused() throws {
    let folder = try ModelFolder(golden: "sentence/cls")
    try folder.write("modules.json", Self.modules([Self.transformer, ("Pooling", "1_Pooling\\u0000x")]))
    let path = folder.path + "/1_Pooling\0x/config.json"
    #expect(throws: BertError.file(.invalidPath(path))) { try SentenceHead(directory: folder.path) }
  }
}
