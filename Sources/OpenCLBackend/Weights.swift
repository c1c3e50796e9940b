// SPDX-License-Identifier: Apache-2.0
import ComputeGraph
import OpenCLRuntime

/// A graph's parameters on the device, each in the layouts that its operations want. Variants of the graph share them.
final class Weights {
  /// As checkpoints store them.
  private var plain: [Graph.Parameter: Buffer] = [:]
  /// In panels, for `linear_panels`.
  private var panels: [Graph.Parameter: Buffer] = [:]

  /// Brings everything there. Must run on the device's thread.
  init(_ graph: Graph, _ source: any ParameterSource, on executor: OpenCLExecutor) throws {
    let profile = executor.profile
    let uses = try WeightUses(graph, packs: profile.matrixProduct == .panels)
    var targets: [WeightTransfer.Target] = []
    func buffer(_ parameter: Graph.Parameter, _ layout: WeightLayout) throws -> Buffer {
      targets.append(try WeightTransfer.Target(parameter, layout, executor))
      return targets[targets.count - 1].buffer
    }
    for (value, parameter) in graph.parameters {
      if uses.plain.contains(value) { plain[parameter] = try buffer(parameter, .plain) }
      if uses.packed.contains(value) { panels[parameter] = try buffer(parameter, profile.panels(parameter)) }
    }
    guard !targets.isEmpty else { return }
    let transfer = WeightTransfer(source: source, queue: executor.queue)
    if profile.mapsWeights { try transfer.map(targets) } else { try transfer.stage(targets) }
  }

  /// The buffers of a graph's parameters: of those in checkpoint layout, and of those in panels.
  ///
  /// - Throws: `GraphError.unknownParameter` for one that is not here, or not in that layout.
  func buffers(
    for graph: Graph, packs: Bool
  ) throws -> (plain: [Graph.Value: Buffer], panels: [Graph.Value: Buffer]) {
    let uses = try WeightUses(graph, packs: packs)
    func lookUp(_ values: Set<Graph.Value>, in table: [Graph.Parameter: Buffer]) throws -> [Graph.Value: Buffer] {
      try values.reduce(into: [:]) { found, value in
        guard case .parameter(let parameter) = graph.source(of: value) else { return }
        guard let buffer = table[parameter] else { throw GraphError.unknownParameter(parameter.name) }
        found[value] = buffer
      }
    }
    return (try lookUp(uses.plain, in: plain), try lookUp(uses.packed, in: panels))
  }
}

/// Which of a graph's parameters are read in which layout. One that is read in both, as the word embeddings of a tied
/// masked language model are, is there twice.
struct WeightUses {
  private(set) var plain: Set<Graph.Value> = []
  private(set) var packed: Set<Graph.Value> = []

  /// - Parameter packs: whether dense layers want their matrices in panels.
  /// - Throws: `GraphError.cannotPack` for a dense layer whose matrix is no parameter, nor in a state: those are packed
  ///   whenever they are used.
  init(_ graph: Graph, packs: Bool) throws(GraphError) {
    for node in graph.nodes {
      let matrices = packs ? node.operation.packedOperands : []
      for (index, operand) in node.operands.enumerated() {
        if case .parameter = graph.source(of: operand) {
          if matrices.contains(index) { packed.insert(operand) } else { plain.insert(operand) }
        } else if matrices.contains(index), graph.storage(of: operand) == nil {
          throw .cannotPack("the weight of \(node.scope)")
        }
      }
    }
    // A parameter that nobody reads is in nobody's way.
    for (value, _) in graph.parameters where !packed.contains(value) { plain.insert(value) }
  }
}

extension Operation {
  /// Operands that are matrices of dense layers, which CPU devices want in panels.
  var packedOperands: [Int] {
    switch self {
    case .linear: [1]
    case .feedForward: [1, 3]
    case .embeddingLayerNorm, .biasActivation, .addLayerNorm, .layerNorm, .maskedSoftmax, .attention,
      .attentionProbabilities, .attentionContext, .scaleHeads, .gatherRows, .storeRows, .pooling, .l2Normalize,
      .crossEntropy, .segmentCrossEntropy, .squaredError, .binaryCrossEntropy, .mean, .weightedSum, .embeddingSum,
      .dropout, .trainingAttention, .gradient, .optimizer:
      []
    }
  }
}

extension DeviceProfile {
  /// The layout of a dense layer's matrix for `linear_panels`.
  fileprivate func panels(_ parameter: Graph.Parameter) -> WeightLayout {
    .panels(columns: parameter.parts.reduce(0) { $0 + $1.shape[0] }, width: panelWidth)
  }

  /// Bytes of a graph's weights on the device, in the layouts that they have there.
  ///
  /// - Throws: `GraphError.cannotPack`.
  public func weightByteCount(of graph: Graph) throws(GraphError) -> Int {
    let uses = try WeightUses(graph, packs: matrixProduct == .panels)
    return graph.parameters.reduce(0) { sum, entry in
      sum
        + (uses.packed.contains(entry.value)
          ? WeightPiece.byteCount(entry.parameter, panels(entry.parameter), precision) : 0)
        + (uses.plain.contains(entry.value) ? WeightPiece.byteCount(entry.parameter, .plain, precision) : 0)
    }
  }
}
