// SPDX-License-Identifier: Apache-2.0
import BERT
import Checkpoints
import ComputeGraph
import StrictJSON

/// What `bert info` says, as numbers.
struct ModelReport {
  let path: String
  let model: ModelDescription
  let engine: Engine
  let batchSize: Int
  let sequenceLength: Int
  /// Parameters by part of the model (`embeddings`, `encoder`, `pooler`, a module's folder), in the graph's order.
  private(set) var parts: [(name: String, count: Int)] = []
  /// Tensors and elements of the checkpoint by type.
  private(set) var types: [(type: DataType, tensors: Int, elements: Int)] = []
  /// Bytes of all weights on the device.
  let weightByteCount: Int
  /// Bytes of everything that one run computes.
  let arenaByteCount: Int

  /// - Throws: `GraphError.tooLarge` for a batch that no device indexes.
  init(path: String, _ model: ModelDescription, _ engine: Engine, batchSize: Int, sequenceLength: Int) throws {
    self.path = path
    self.model = model
    self.engine = engine
    self.batchSize = batchSize
    self.sequenceLength = sequenceLength
    let parameters = model.graph.parameters.map(\.parameter)
    weightByteCount =
      try engine.profile?.weightByteCount(of: model.graph) ?? parameters.reduce(0) { $0 + $1.elementCount * 4 }
    let dimensions = model.dimensions(batchSize: batchSize, sequenceLength: sequenceLength)
    arenaByteCount =
      try engine.profile.map { $0.byteCount(of: try $0.plan(model.graph, dimensions, outputs: model.outputs)) }
      ?? Plan(model.graph, dimensions, outputs: model.outputs).arenaByteCount
    for part in parameters.flatMap(\.parts) {
      let name = String(part.key.prefix { $0 != "." && $0 != "/" })
      if let index = parts.firstIndex(where: { $0.name == name }) {
        parts[index].count += part.elementCount
      } else {
        parts.append((name, part.elementCount))
      }
    }
    for type in DataType.allCases {
      let tensors = model.checkpoint.tensorNames.compactMap(model.checkpoint.tensor).filter { $0.dataType == type }
      if !tensors.isEmpty { types.append((type, tensors.count, tensors.reduce(0) { $0 + $1.elementCount })) }
    }
  }

  var parameterCount: Int { parts.reduce(0) { $0 + $1.count } }

  /// `BertModel` where the file does not say.
  private var architecture: String {
    model.config.architectures.isEmpty ? "BertModel" : model.config.architectures.joined(separator: ", ")
  }

  /// What comes behind the encoder, module by module.
  private var headModules: [String] {
    guard let head = model.sentenceHead else { return [] }
    return head.pooling.map { "pooling \($0)" }
      + head.modules.map { module in
        switch module {
        case .dense(let layer): "dense \(layer.inFeatures) to \(layer.outFeatures), \(layer.activation)"
        case .normalize: "normalize"
        }
      }
  }

  private var kernelForm: String {
    guard let profile = engine.profile else { return "CPU executor" }
    return profile.workGroupSize == 1
      ? "a work-item per row, vectors of \(profile.vectorWidth)" : "work-groups of \(profile.workGroupSize) per row"
  }

  private var matrixProduct: String { engine.profile?.matrixProduct.rawValue ?? "OpenBLAS" }
}

extension ModelReport {
  var text: String {
    let config = model.config
    var rows = [
      ("model", path),
      (
        "architecture",
        "\(architecture): \(config.numHiddenLayers) layers, hidden \(config.hiddenSize), "
          + "\(config.numAttentionHeads) heads of \(config.headSize), intermediate \(config.intermediateSize), "
          + "\(config.hiddenAct)"
      ),
      (
        "tables",
        "vocabulary \(grouped(config.vocabSize)), positions \(config.maxPositionEmbeddings), types "
          + "\(config.typeVocabSize)"
      ),
    ]
    if let head = model.sentenceHead {
      rows.append(("sentences", headModules.joined(separator: ", ")))
      rows.append(
        (
          "",
          "vectors of \(head.dimension(hiddenSize: config.hiddenSize)), texts cut at "
            + "\(min(head.maxSequenceLength ?? .max, config.maxPositionEmbeddings)) tokens"
        ))
    }
    rows.append(
      (
        "parameters",
        "\(grouped(parameterCount)): " + parts.map { "\($0.name) \(grouped($0.count))" }.joined(separator: ", ")
      ))
    for file in model.checkpoint.files { rows.append(("file", file)) }
    for (type, tensors, elements) in types {
      rows.append((type.rawValue, "\(counted(tensors, "tensor")), \(grouped(elements)) elements"))
    }
    if let head = model.spareHead {
      rows.append(
        (
          "head",
          "\(head.architecture), which sentence vectors do not use: "
            + model.spareTensors.joined(separator: ", ").shortened(to: 400)
        ))
    }
    let ignored = model.ignoredTensors
    rows.append(("ignored", ignored.isEmpty ? "nothing" : ignored.joined(separator: ", ").shortened(to: 400)))
    rows.append(("device", engine.name + (engine.device.map { ", \($0.name)" } ?? "")))
    let tuned = engine.tuning.measurements.count
    rows.append(
      (
        "kernels",
        "\(kernelForm); matrix product \(matrixProduct); precision \(engine.precision.rawValue); "
          + (tuned == 0 ? "standard configurations" : counted(tuned, "tuned choice"))
      ))
    rows.append(
      (
        "memory",
        "weights \(byteText(UInt64(weightByteCount))), arena \(byteText(UInt64(arenaByteCount))) for "
          + "\(batchSize) x \(sequenceLength) tokens"
      ))
    return rows.map { "\($0.0.padded(to: 12))  \($0.1)\n" }.joined()
  }

  var json: JSON {
    let config = model.config
    var object: JSONObject = [
      "model": .string(path), "architectures": .strings(config.architectures),
      "config": .object([
        "num_hidden_layers": .integer(config.numHiddenLayers), "hidden_size": .integer(config.hiddenSize),
        "num_attention_heads": .integer(config.numAttentionHeads),
        "intermediate_size": .integer(config.intermediateSize), "hidden_act": .string("\(config.hiddenAct)"),
        "vocab_size": .integer(config.vocabSize),
        "max_position_embeddings": .integer(config.maxPositionEmbeddings),
        "type_vocab_size": .integer(config.typeVocabSize),
      ]),
    ]
    if let head = model.sentenceHead {
      object["sentence_encoder"] = .object([
        "modules": .strings(headModules), "dimension": .integer(head.dimension(hiddenSize: config.hiddenSize)),
        "max_seq_length": .integer(min(head.maxSequenceLength ?? .max, config.maxPositionEmbeddings)),
      ])
    }
    object["parameters"] = .object(
      JSONObject([("total", .integer(parameterCount))] + parts.map { ($0.name, .integer($0.count)) }))
    object["files"] = .strings(model.checkpoint.files)
    object["dtypes"] = .object(
      JSONObject(
        types.map {
          ($0.type.rawValue, .object(["tensors": .integer($0.tensors), "elements": .integer($0.elements)]))
        }))
    if let head = model.spareHead {
      object["head"] = .object(["architecture": .string(head.architecture), "tensors": .strings(model.spareTensors)])
    }
    object["ignored_tensors"] = .strings(model.ignoredTensors)
    object["device"] = .string(engine.name)
    if let device = engine.device { object["device_name"] = .string(device.name) }
    object["kernels"] = .string(kernelForm)
    object["precision"] = .string(engine.precision.rawValue)
    object["matrix_product"] = .string(matrixProduct)
    object["tuned_choices"] = .integer(engine.tuning.measurements.count)
    object["memory"] = .object([
      "weights": .integer(weightByteCount), "arena": .integer(arenaByteCount), "batch_size": .integer(batchSize),
      "sequence_length": .integer(sequenceLength),
    ])
    return .object(object)
  }
}
