// SPDX-License-Identifier: Apache-2.0
import ComputeGraph
import OpenCLRuntime

/// A graph's parameters on the device, each in the layouts that its operations want. Variants of the graph share them.
final class Weights {
  /// As checkpoints store them.
  private var plain: [Graph.Parameter: Buffer] = [:]
  /// In panels, for `linear_panels`.
  private var panels: [Graph.Parameter: Buffer] = [:]

  /// Bytes that pass through staging memory at once.
  private static let chunkByteCount = 4 << 20

  /// Uploads everything. Must run on the device's thread.
  init(_ graph: Graph, _ source: any ParameterSource, on executor: OpenCLExecutor) throws {
    let parameters = graph.parameters
    guard !parameters.isEmpty else { return }
    let uses = try WeightUses(graph, packs: executor.profile.matrixProduct == .panels)
    let staging = try HostBuffer(executor.queue, byteCount: Weights.chunkByteCount)
    // One buffer in checkpoint layout serves all matrices that are only packed, one after the other.
    let largest = parameters.filter { !uses.plain.contains($0.value) }.map(\.parameter.elementCount).max()
    let unpacked = try largest.map { try Buffer(executor.context, byteCount: $0 * 4, label: "weights to pack") }
    let pack = try uses.packed.isEmpty ? nil : PanelPacker(executor)
    for (value, parameter) in parameters {
      let buffer: Buffer
      if let unpacked, !uses.plain.contains(value) {
        buffer = unpacked
      } else {
        buffer = try Buffer(
          executor.context, byteCount: parameter.elementCount * 4, access: .readOnly, label: parameter.name)
        plain[parameter] = buffer
      }
      try Weights.upload(parameter, source, to: buffer, through: staging, executor.queue)
      if let pack, uses.packed.contains(value) { panels[parameter] = try pack(buffer, parameter) }
    }
    try executor.queue.finish()
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

  private static func upload(
    _ parameter: Graph.Parameter, _ source: any ParameterSource, to buffer: Buffer, through staging: HostBuffer,
    _ queue: Queue
  ) throws {
    let elements = staging.bytes.bindMemory(to: Float.self)
    var start = 0
    while start < parameter.elementCount {
      let count = min(elements.count, parameter.elementCount - start)
      try source.read(parameter, from: start, into: UnsafeMutableBufferPointer(rebasing: elements[..<count]))
      try queue.upload(staging, byteCount: count * 4, to: buffer, at: start * 4)
      try queue.finish()  // before the staging memory is filled again
      start += count
    }
  }
}

/// Which of a graph's parameters are read in which layout. One that is read in both, as the word embeddings of a tied
/// masked language model are, is there twice.
struct WeightUses {
  private(set) var plain: Set<Graph.Value> = []
  private(set) var packed: Set<Graph.Value> = []

  /// - Parameter packs: whether dense layers want their matrices in panels.
  /// - Throws: `GraphError.cannotPack` for a dense layer whose matrix is no parameter.
  init(_ graph: Graph, packs: Bool) throws(GraphError) {
    for node in graph.nodes {
      let matrices = packs ? node.operation.packedOperands : []
      for (index, operand) in node.operands.enumerated() {
        if case .parameter = graph.source(of: operand) {
          if matrices.contains(index) { packed.insert(operand) } else { plain.insert(operand) }
        } else if matrices.contains(index) {
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
      .crossEntropy, .segmentCrossEntropy, .squaredError, .binaryCrossEntropy, .mean, .weightedSum:
      []
    }
  }
}

/// Packs weight matrices `[N, K]` into panels; see `Kernels/linear_panels.cl`.
private struct PanelPacker {
  let executor: OpenCLExecutor
  let kernel: Kernel

  init(_ executor: OpenCLExecutor) throws {
    self.executor = executor
    kernel = try executor.library.panelKernel("pack_panels", .identity, hasBias: true)
  }

  func callAsFunction(_ weight: Buffer, _ parameter: Graph.Parameter) throws -> Buffer {
    let columns = parameter.parts.reduce(0) { $0 + $1.shape[0] }
    let depth = parameter.elementCount / columns
    let width = executor.profile.panelWidth
    let panelCount = (columns + width - 1) / width
    let panels = try Buffer(
      executor.context, byteCount: executor.profile.panelByteCount(parameter), label: parameter.name + " in panels")
    try kernel.bind([.buffer(weight), .buffer(panels), .int32(Int32(columns)), .int32(Int32(depth))])
    try executor.queue.launch(kernel, global: WorkSize(depth, panelCount), local: WorkSize(1, 1))
    return panels
  }
}

extension DeviceProfile {
  /// Bytes of a weight matrix in panels, the last of which may be half empty.
  fileprivate func panelByteCount(_ parameter: Graph.Parameter) -> Int {
    let columns = parameter.parts.reduce(0) { $0 + $1.shape[0] }
    return (columns + panelWidth - 1) / panelWidth * panelWidth * (parameter.elementCount / columns) * 4
  }

  /// Bytes of a graph's weights on the device, in the layouts that they have there.
  ///
  /// - Throws: `GraphError.cannotPack`.
  public func weightByteCount(of graph: Graph) throws(GraphError) -> Int {
    let uses = try WeightUses(graph, packs: matrixProduct == .panels)
    return graph.parameters.reduce(0) { sum, entry in
      sum + (uses.packed.contains(entry.value) ? panelByteCount(entry.parameter) : 0)
        + (uses.plain.contains(entry.value) ? entry.parameter.elementCount * 4 : 0)
    }
  }
}
