// SPDX-License-Identifier: Apache-2.0
import ComputeGraph
import StrictJSON

/// What follows the encoder in a sentence-transformers directory: pooling, dense layers, normalization.
///
/// Read from `modules.json` and the folders that it names. Source: sentence-transformers' `Pooling`, `Dense`, `Normalize`.
public struct SentenceHead: Sendable, Equatable {
  public enum Module: Sendable, Equatable {
    case dense(DenseLayer)
    case normalize
  }

  /// `activation(x W^T + b)` with the weights in `<folder>/model.safetensors`.
  public struct DenseLayer: Sendable, Equatable {
    public let folder: String
    public let inFeatures: Int
    public let outFeatures: Int
    public let hasBias: Bool
    public let activation: Activation
  }

  public let pooling: [PoolingMode]
  public let modules: [Module]
  /// Folder of the transformer inside the directory: empty, or `0_Transformer` in old ones.
  public let transformerFolder: String
  /// Tokens, special ones included, beyond which a text is cut.
  public let maxSequenceLength: Int?
  /// Lower-case the text before the tokenizer sees it.
  public let lowercases: Bool
  /// False where the directory says nothing and mean pooling was assumed.
  public let isConfigured: Bool

  /// Numbers of one vector.
  public func dimension(hiddenSize: Int) -> Int {
    for case .dense(let layer) in modules.reversed() { return layer.outFeatures }
    return hiddenSize * pooling.count
  }
}

extension SentenceHead {
  /// - Throws: `BertError.badModules` for a chain that this engine does not know; file, JSON and field errors.
  public init(directory: String) throws(BertError) {
    let path = directory + "/modules.json"
    guard BoundedFile.exists(path: path) else {
      let limits = try SentenceHead.limits(directory)
      self.init(
        pooling: [.mean], modules: [], transformerFolder: "", maxSequenceLength: limits.length,
        lowercases: limits.lowercases, isConfigured: false)
      return
    }
    guard let entries = try JSONFields.parse(path).arrayValue else { throw .badModules(path: path, "is no list") }
    var pooling: [PoolingMode]?
    var modules: [Module] = []
    var transformer: String?
    for entry in entries {
      guard let object = entry.objectValue else { throw .badModules(path: path, "has an entry that is no object") }
      let fields = JSONFields(path: path, object: object)
      guard let type = try fields.string("type"), let folder = try fields.string("path") else {
        throw .badModules(path: path, "has an entry without type or path")
      }
      guard !folder.hasPrefix("/"), !folder.split(separator: "/").contains("..") else {
        throw .badModules(path: path, "names a folder outside the model: \(folder)")
      }
      switch (type.split(separator: ".").last.map(String.init) ?? type, transformer, pooling) {
      case ("Transformer", nil, nil): transformer = folder
      case ("Pooling", .some, nil): pooling = try SentenceHead.poolingModes(directory + "/" + folder)
      case ("Dense", .some, .some):
        let layer = try DenseLayer(directory, folder)
        guard !modules.contains(where: { if case .dense(let other) = $0 { other.folder == folder } else { false } })
        else { throw .badModules(path: path, "names the folder \(folder) twice") }
        modules.append(.dense(layer))
      case ("Normalize", .some, .some): modules.append(.normalize)
      default: throw .badModules(path: path, "has a module \(type) that is unknown or out of order")
      }
    }
    guard let transformer, let pooling else { throw .badModules(path: path, "lacks a Transformer or a Pooling module") }
    let limits = try SentenceHead.limits(transformer.isEmpty ? directory : directory + "/" + transformer)
    self.init(
      pooling: pooling, modules: modules, transformerFolder: transformer, maxSequenceLength: limits.length,
      lowercases: limits.lowercases, isConfigured: true)
  }

  /// Every dense layer takes what the module before it gives.
  func checkWidths(hiddenSize: Int, directory: String) throws(BertError) {
    var width = hiddenSize * pooling.count
    for case .dense(let layer) in modules {
      guard layer.inFeatures == width else {
        throw .badConfig(
          path: directory + "/" + layer.folder + "/config.json", field: "in_features",
          "is \(layer.inFeatures), but the module before gives \(width) numbers")
      }
      width = layer.outFeatures
    }
  }

  /// Keys of `1_Pooling/config.json`, in the order in which sentence-transformers puts the vectors side by side.
  private static let poolingKeys: [(key: String, name: String, mode: PoolingMode)] = [
    ("pooling_mode_cls_token", "cls", .cls), ("pooling_mode_max_tokens", "max", .max),
    ("pooling_mode_mean_tokens", "mean", .mean),
    ("pooling_mode_mean_sqrt_len_tokens", "mean_sqrt_len_tokens", .meanSqrtLength),
    ("pooling_mode_weightedmean_tokens", "weightedmean", .weightedMean),
    ("pooling_mode_lasttoken", "lasttoken", .lastToken),
  ]

  private static func poolingModes(_ folder: String) throws(BertError) -> [PoolingMode] {
    let fields = try JSONFields.read(folder + "/config.json")
    // Since sentence-transformers 5.4: one mode, several joined by `+`, or a list, in the order in which they are wanted.
    if let value = fields.object["pooling_mode"] {
      let names =
        value.arrayValue?.map { $0.stringValue ?? "" } ?? value.stringValue?.split(separator: "+").map(String.init)
      let modes = (names ?? []).compactMap { name in poolingKeys.first { $0.name == name }?.mode }
      guard let names, !modes.isEmpty, modes.count == names.count, Set(modes).count == modes.count else {
        throw fields.bad(
          "pooling_mode", "is none of \(poolingKeys.map(\.name).joined(separator: ", ")), nor a list of some")
      }
      return modes
    }
    var modes: [PoolingMode] = []
    for (key, _, mode) in poolingKeys where try fields.bool(key) ?? (mode == .mean) { modes.append(mode) }
    guard !modes.isEmpty else { throw fields.bad("pooling_mode_mean_tokens", "is false, and so is every other mode") }
    return modes
  }

  private static func limits(_ folder: String) throws(BertError) -> (length: Int?, lowercases: Bool) {
    let path = folder + "/sentence_bert_config.json"
    var length: Int?
    var lowercases = false
    if BoundedFile.exists(path: path) {
      let fields = try JSONFields.read(path)
      length = try fields.integer("max_seq_length", in: 3...(1 << 26))
      lowercases = try fields.bool("do_lower_case") ?? false
    }
    // Without a limit of its own, sentence-transformers takes the tokenizer's; `SentenceEncoder` adds the model's.
    let tokenizer = folder + "/tokenizer_config.json"
    if length == nil, BoundedFile.exists(path: tokenizer) {
      // transformers writes 1e30 for "no limit".
      let limit = try JSONFields.read(tokenizer).number("model_max_length", in: 3...(.greatestFiniteMagnitude))
      length = limit.flatMap { Int(exactly: min($0, 1e9).rounded(.down)) }
    }
    return (length, lowercases)
  }
}

extension SentenceHead.DenseLayer {
  init(_ directory: String, _ folder: String) throws(BertError) {
    let fields = try JSONFields.read(directory + "/" + folder + "/config.json")
    let sizes = 1...(1 << 20)
    guard let inFeatures = try fields.integer("in_features", in: sizes),
      let outFeatures = try fields.integer("out_features", in: sizes)
    else { throw fields.bad("in_features", "or out_features is missing") }
    if try fields.bool("use_residual") ?? false {
      throw fields.bad("use_residual", "is true, which this version does not compute")
    }
    let name = try fields.string("activation_function") ?? "torch.nn.modules.activation.Tanh"
    let activations: [String: Activation] = [
      "Tanh": .tanh, "Identity": .identity, "ReLU": .relu, "GELU": .geluErf, "SiLU": .silu, "Mish": .mish,
    ]
    guard let activation = activations[name.split(separator: ".").last.map(String.init) ?? name] else {
      throw fields.bad("activation_function", "is \"\(name)\"; known are \(activations.keys.sorted())")
    }
    self.init(
      folder: folder, inFeatures: inFeatures, outFeatures: outFeatures, hasBias: try fields.bool("bias") ?? true,
      activation: activation)
  }
}
