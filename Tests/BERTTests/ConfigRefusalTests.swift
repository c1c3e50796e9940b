// SPDX-License-Identifier: Apache-2.0
import BERT
import StrictJSON
import Testing

/// Bad config.json: one row for each file.
@Suite struct ConfigRefusalTests {
  /// Fields set to JSON texts, and what the refusal names and says.
  struct Row: Sendable, CustomStringConvertible {
    let fields: [String: String]
    let field: String
    let what: String

    init(_ field: String, _ value: String, _ what: String, with others: [String: String] = [:]) {
      fields = others.merging([field: value]) { $1 }
      self.field = field
      self.what = what
    }

    var description: String { "\(field) \(fields[field] ?? "")" }
  }

  static let values: [Row] = [
    Row("num_attention_heads", "5", "is 5, which does not divide hidden_size 18"),
    Row("num_attention_heads", "19", "is 19, which does not divide hidden_size 18"),
    Row("num_attention_heads", "0", "is 0; it must be in 1...1048576"),
    Row("num_attention_heads", "-3", "is -3; it must be in 1...1048576"),
    Row("hidden_size", "0", "is 0; it must be in 1...1048576"),
    Row("hidden_size", "-18", "is -18; it must be in 1...1048576"),
    Row("hidden_size", "1048577", "is 1048577; it must be in 1...1048576"),
    Row("intermediate_size", "0", "is 0; it must be in 1...4194304"),
    Row("vocab_size", "0", "is 0; it must be in 1...67108864"),
    Row("vocab_size", "9223372036854775807", "is 9223372036854775807; it must be in 1...67108864"),
    Row("num_hidden_layers", "1000000000", "is 1000000000; it must be in 0...4096"),
    Row("num_hidden_layers", "-1", "is -1; it must be in 0...4096"),
    Row("max_position_embeddings", "0", "is 0; it must be in 1...67108864"),
    Row("type_vocab_size", "0", "is 0; it must be in 1...67108864"),
    Row("pad_token_id", "92", "is 92; it must be in 0...91"), Row("pad_token_id", "-1", "is -1; it must be in 0...91"),
    Row(
      "hidden_act", "\"gelu_11\"",
      "is \"gelu_11\"; known are gelu, gelu_fast, gelu_new, gelu_python, "
        + "gelu_pytorch_tanh, linear, mish, quick_gelu, relu, silu, swish, tanh"),
    Row(
      "position_embedding_type", "\"rotary\"",
      "is \"rotary\"; known are absolute, relative_key, relative_key_query"),
    Row(
      "problem_type", "\"guessing\"",
      "is \"guessing\"; known are regression, single_label_classification, multi_label_classification"),
    Row("model_type", "\"roberta\"", "is \"roberta\"; this engine runs \"bert\""),
    Row("layer_norm_eps", "NaN", "is nan; it must be in 0.0...1.0"),
    Row("layer_norm_eps", "Infinity", "is inf; it must be in 0.0...1.0"),
    Row("layer_norm_eps", "1e999", "is inf; it must be in 0.0...1.0"),
    Row("layer_norm_eps", "-1e-12", "is -1e-12; it must be in 0.0...1.0"),
    Row("hidden_dropout_prob", "1.5", "is 1.5; it must be in 0.0...1.0"),
    Row("attention_probs_dropout_prob", "-0.1", "is -0.1; it must be in 0.0...1.0"),
    Row("classifier_dropout", "NaN", "is nan; it must be in 0.0...1.0"),
    Row("initializer_range", "-Infinity", "is -inf; it must be in 0.0...1000000.0"),
    Row("chunk_size_feed_forward", "-1", "is -1; it must be in 0...67108864"),
    Row("num_labels", "0", "is 0; it must be in 1...1048576"),
    Row("id2label", "{\"0\": \"a\", \"2\": \"b\"}", "does not number its labels from 0 without a gap"),
    Row("id2label", "{\"0\": \"a\", \"00\": \"b\"}", "has an entry \"00\" that is not number to name"),
    Row("id2label", "{\"zero\": \"a\"}", "has an entry \"zero\" that is not number to name"),
    Row("id2label", "{\"0\": 1}", "has an entry \"0\" that is not number to name"),
    Row("pruned_heads", "{\"2\": [0]}", "names a layer \"2\" that is not below 2"),
    Row("pruned_heads", "{\"0\": [3]}", "for layer 0 is no list of some of its 3 heads"),
    Row("pruned_heads", "{\"0\": [1, 1]}", "for layer 0 is no list of some of its 3 heads"),
    Row("pruned_heads", "{\"1\": [0, 1, 2]}", "for layer 1 is no list of some of its 3 heads"),
    Row("pruned_heads", "{\"0\": 1}", "for layer 0 is no list of some of its 3 heads"),
  ]

  /// Every field with a value of another JSON type. A fraction is no integer, and neither is 10^30.
  static let types: [Row] =
    rows(
      [
        "vocab_size", "hidden_size", "num_hidden_layers", "num_attention_heads", "intermediate_size",
        "max_position_embeddings", "type_vocab_size", "pad_token_id", "chunk_size_feed_forward", "num_labels",
      ],
      [
        "\"12\"": "is a string", "1.5": "is a number", "true": "is a boolean", "[12]": "is an array",
        "{}": "is an object",
        "1e30": "is a number",
      ], ", wanted an integer")
    + rows(
      [
        "layer_norm_eps", "hidden_dropout_prob", "attention_probs_dropout_prob", "classifier_dropout",
        "initializer_range",
      ], ["\"0.1\"": "is a string", "false": "is a boolean", "[]": "is an array"], ", wanted a number")
    + rows(
      ["is_decoder", "add_cross_attention", "use_cache", "gradient_checkpointing", "tie_word_embeddings"],
      ["\"true\"": "is a string", "1": "is a number", "{}": "is an object"], ", wanted true or false")
    + rows(
      ["hidden_act", "position_embedding_type", "problem_type", "model_type"],
      ["1": "is a number", "[\"gelu\"]": "is an array"], ", wanted a string")
    + rows(["id2label", "pruned_heads"], ["[]": "is an array"], ", wanted an object")
    + rows(["architectures"], ["\"BertModel\"": "is no list", "[1]": "is no list"], " of strings")

  private static func rows(_ fields: [String], _ values: [String: String], _ wanted: String) -> [Row] {
    var rows: [Row] = []
    for field in fields {
      for (value, found) in values.sorted(by: { $0.key < $1.key }) { rows.append(Row(field, value, found + wanted)) }
    }
    return rows
  }

  @Test(arguments: values + types) func aBadValueIsNamed(row: Row) throws {
    let folder = try ModelFolder(golden: "sentence/cls")
    try folder.set("config.json", row.fields)
    let wanted = BertError.badConfig(path: folder.path + "/config.json", field: row.field, row.what)
    #expect(throws: wanted) { try BertConfig.fromPretrained(folder.path) }
    #expect("\(wanted)" == "\(folder.path)/config.json: \(row.field) \(row.what)")
  }

  @Test func nullIsTheDefault() throws {
    let folder = try ModelFolder(golden: "sentence/cls")
    try folder.set("config.json", ["vocab_size": "null", "hidden_act": "null", "pruned_heads": "null"])
    let config = try BertConfig.fromPretrained(folder.path)
    #expect(config.vocabSize == 30522 && config.hiddenAct == .geluErf && config.prunedHeads.isEmpty)
  }

  @Test func noFile() throws {
    let folder = try ModelFolder(golden: "sentence/cls")
    let path = folder.path + "/config.json"
    try folder.replaceByDirectory("config.json")
    #expect(throws: BertError.file(.notRegular(path: path, kind: "a directory"))) {
      try BertConfig.fromPretrained(folder.path)
    }
    try folder.remove("config.json")
    #expect(throws: BertError.noCheckpoint(path: path)) { try BertConfig.fromPretrained(folder.path) }
    #expect(throws: BertError.noCheckpoint(path: "/nowhere/config.json")) {
      try BertConfig.fromPretrained("/nowhere")
    }
    let advice = "a model is a directory as huggingface-cli download makes it (nothing is downloaded)"
    #expect("\(BertError.noCheckpoint(path: path))" == "\(path): no such file; \(advice)")
    try folder.write("config.json", [UInt8](repeating: 0x20, count: 17 << 20))
    #expect(throws: BertError.file(.tooLarge(path: path, size: 17 << 20, limit: 16 << 20))) {
      try BertConfig.fromPretrained(folder.path)
    }
  }

  @Test func notAnObject() throws {
    let folder = try ModelFolder(golden: "sentence/cls")
    let path = folder.path + "/config.json"
    for text in ["[]", "\"bert\"", "12", "null"] {
      try folder.write("config.json", text)
      let wanted = BertError.badConfig(path: path, field: "", "is not a JSON object")
      #expect(throws: wanted) { try BertConfig.fromPretrained(folder.path) }
      #expect("\(wanted)" == "\(path) is not a JSON object")
    }
  }

  @Test func notJSON() async throws {
    let folder = try ModelFolder(golden: "sentence/cls")
    let path = folder.path + "/config.json"
    let files: [(String, JSONError)] = [
      ("", .unexpectedEnd(expected: .value, offset: 0)), ("{", .unexpectedEnd(expected: .commaOrBrace, offset: 1)),
      ("{\"vocab_size\": 1, \"vocab_size\": 2}", .duplicateKey("vocab_size", offset: 18)),
      ("{} {}", .trailingBytes(offset: 3)), ("\u{FEFF}{}", .byteOrderMark),
      ("{\"hidden_act\": \"\\ud800\"}", .loneSurrogate(offset: 16)),
    ]
    for (text, error) in files {
      try folder.write("config.json", text)
      #expect(throws: BertError.json(path: path, error)) { try BertConfig.fromPretrained(folder.path) }
    }
    try folder.write("config.json", Array("{\"a\": \"".utf8) + [0xFF] + Array("\"}".utf8))
    #expect(throws: BertError.json(path: path, .notUTF8(offset: 7))) { try BertConfig.fromPretrained(folder.path) }
    try folder.write("config.json", String(repeating: "[", count: 100_000))
    let deep = await thrown { _ = try BertConfig.fromPretrained(folder.path) }
    guard case .json(path, .tooDeep)? = deep as? BertError else {
      Issue.record("nesting of 100,000 is not refused but gives \(String(describing: deep))")
      return
    }
  }
}
