// SPDX-License-Identifier: Apache-2.0
import ComputeGraph
import OpenCLRuntime

/// A graph's parameters on the device, each in the layout that its operation wants.
struct Weights {
  private(set) var buffers: [Graph.Value: Buffer] = [:]

  var byteCount: Int { buffers.values.reduce(0) { $0 + $1.byteCount } }

  /// Bytes that pass through staging memory at once.
  private static let chunkByteCount = 4 << 20

  /// Uploads everything. Must run on the device's thread.
  init(_ graph: Graph, _ source: any ParameterSource, on executor: OpenCLExecutor) throws {
    let parameters = graph.parameters
    guard !parameters.isEmpty else { return }
    let packed = executor.profile.matrixProduct == .panels ? try Weights.packableWeights(graph) : []
    let staging = try HostBuffer(executor.queue, byteCount: Weights.chunkByteCount)
    // One buffer in checkpoint layout serves all matrices that are packed, one after the other.
    let largest = parameters.filter { packed.contains($0.value) }.map(\.parameter.elementCount).max()
    let unpacked = try largest.map { try Buffer(executor.context, byteCount: $0 * 4, label: "weights to pack") }
    let pack = try unpacked.map { _ in try PanelPacker(executor) }
    for (value, parameter) in parameters {
      if packed.contains(value), let unpacked, let pack {
        try Weights.upload(parameter, source, to: unpacked, through: staging, executor.queue)
        buffers[value] = try pack(unpacked, parameter)
      } else {
        let buffer = try Buffer(
          executor.context, byteCount: parameter.elementCount * 4, access: .readOnly, label: parameter.name)
        try Weights.upload(parameter, source, to: buffer, through: staging, executor.queue)
        buffers[value] = buffer
      }
    }
    try executor.queue.finish()
  }

  /// The matrices that linear layers multiply by, if packing them changes nothing for anybody else.
  ///
  /// - Throws: `GraphError.cannotPack` for one that is no parameter, or that another operation reads as well.
  private static func packableWeights(_ graph: Graph) throws -> Set<Graph.Value> {
    let weights = linearWeights(graph)
    for value in weights {
      guard case .parameter = graph.source(of: value) else { throw GraphError.cannotPack("value \(value.index)") }
    }
    for node in graph.nodes {
      for (index, operand) in node.operands.enumerated() where weights.contains(operand) {
        guard case .linear = node.operation, index == 1 else {
          throw GraphError.cannotPack("the weight of \(node.scope)")
        }
      }
    }
    return weights
  }

  /// The matrices that linear layers multiply by.
  static func linearWeights(_ graph: Graph) -> Set<Graph.Value> {
    Set(graph.nodes.compactMap { node in if case .linear = node.operation { node.operands[1] } else { nil } })
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
  public func weightByteCount(of graph: Graph) -> Int {
    let packed = matrixProduct == .panels ? Weights.linearWeights(graph) : []
    return graph.parameters.reduce(0) { sum, entry in
      sum + (packed.contains(entry.value) ? panelByteCount(entry.parameter) : entry.parameter.elementCount * 4)
    }
  }
}
