// SPDX-License-Identifier: Apache-2.0

/// The order in which a graph runs for given dimensions and outputs, and where every value lies in one arena.
///
/// A pure function of its arguments: two equal calls give equal plans. Steps that no asked output needs are left out.
/// Asked outputs lie at the front of the arena, in the order asked, so that one read brings all of them.
public struct Plan: Sendable, Equatable {
  public struct Step: Sendable, Equatable {
    /// Index into `Graph.nodes`.
    public let node: Int
    public let operation: Operation
    public let operands: [Graph.Value]
    public let result: Graph.Value
  }

  /// A place in the arena, in bytes, and the steps at which it is occupied (written at the first, last read at the last).
  public struct Slot: Sendable, Equatable {
    public let offset: Int
    public let byteCount: Int
    public let lifetime: ClosedRange<Int>

    public var range: Range<Int> { offset..<(offset + byteCount) }
  }

  public let dimensions: Dimensions
  public let steps: [Step]
  /// A slot for each value that a step computes.
  public let slots: [Graph.Value: Slot]
  /// Inputs that the steps read, in the graph's order.
  public let inputs: [Graph.Value]
  public let outputs: [(name: String, value: Graph.Value)]
  /// Bytes from the front of the arena that hold all outputs.
  public let outputByteCount: Int
  /// The arena's size in bytes: the peak.
  public let arenaByteCount: Int

  /// - Parameters:
  ///   - outputs: names of outputs; the graph's own, all of them, where nil.
  ///   - realByteCount: bytes of one `real` element in the executor's precision.
  ///   - alignment: every offset is a multiple of it, in bytes.
  /// - Throws: `GraphError.unknownOutput`, `.unboundSymbol`, `.badDimension`, `.tooLarge`.
  public init(
    _ graph: Graph, _ dimensions: Dimensions, outputs names: [String]? = nil, realByteCount: Int = 4,
    alignment: Int = 64
  ) throws(GraphError) {
    var outputs: [(name: String, value: Graph.Value)] = []
    for name in names ?? graph.outputs.map(\.name) {
      guard let output = graph.outputs.first(where: { $0.name == name }) else {
        throw .unknownOutput(name, known: graph.outputs.map(\.name))
      }
      outputs.append(output)
    }
    let needed = Plan.neededNodes(graph, outputs.map(\.value))
    steps = needed.map { index in
      let node = graph.nodes[index]
      return Step(node: index, operation: node.operation, operands: node.operands, result: node.result)
    }
    self.dimensions = dimensions
    self.outputs = outputs
    let read = Set(steps.flatMap(\.operands))
    inputs = graph.inputs.map(\.value).filter(read.contains)

    var arena = Arena(alignment: alignment)
    let lifetimes = Plan.lifetimes(steps, outputs: outputs.map(\.value))
    for (_, value) in outputs where arena.slots[value] == nil {
      let count = try graph.type(of: value).byteCount(dimensions, realByteCount: realByteCount)
      arena.append(value, byteCount: count, lifetime: 0...max(steps.count - 1, 0))
    }
    outputByteCount = arena.byteCount
    var rest: [(value: Graph.Value, byteCount: Int, lifetime: ClosedRange<Int>)] = []
    for step in steps where arena.slots[step.result] == nil {
      let count = try graph.type(of: step.result).byteCount(dimensions, realByteCount: realByteCount)
      rest.append((step.result, count, lifetimes[step.result] ?? 0...0))
    }
    // Largest first, each at the lowest place that is free for its whole life (Pisarchyk and Lee, arXiv:2001.03288).
    rest.sort { ($1.byteCount, $0.value.index) < ($0.byteCount, $1.value.index) }
    for entry in rest { arena.place(entry.value, byteCount: entry.byteCount, lifetime: entry.lifetime) }
    slots = arena.slots
    arenaByteCount = arena.byteCount
  }

  public static func == (left: Plan, right: Plan) -> Bool {
    left.dimensions == right.dimensions && left.steps == right.steps && left.slots == right.slots
      && left.inputs == right.inputs && left.outputs.elementsEqual(right.outputs, by: ==)
      && left.arenaByteCount == right.arenaByteCount
  }

  private static func neededNodes(_ graph: Graph, _ values: [Graph.Value]) -> [Int] {
    var needed = Set<Int>()
    var pending = values
    while let value = pending.popLast() {
      if case .result(let node) = graph.source(of: value), needed.insert(node).inserted {
        pending += graph.nodes[node].operands
      }
    }
    return needed.sorted()
  }

  private static func lifetimes(_ steps: [Step], outputs: [Graph.Value]) -> [Graph.Value: ClosedRange<Int>] {
    var lifetimes: [Graph.Value: ClosedRange<Int>] = [:]
    for (index, step) in steps.enumerated() {
      lifetimes[step.result] = index...index
      for operand in step.operands {
        if let birth = lifetimes[operand]?.lowerBound { lifetimes[operand] = birth...index }
      }
    }
    return lifetimes
  }
}

/// Slots handed out so far.
private struct Arena {
  let alignment: Int
  var slots: [Graph.Value: Plan.Slot] = [:]
  var byteCount = 0

  func aligned(_ offset: Int) -> Int { (offset + alignment - 1) / alignment * alignment }

  /// Puts a value behind all others.
  mutating func append(_ value: Graph.Value, byteCount count: Int, lifetime: ClosedRange<Int>) {
    insert(value, Plan.Slot(offset: aligned(byteCount), byteCount: count, lifetime: lifetime))
  }

  /// Puts a value at the lowest offset where nothing else lives at the same time.
  mutating func place(_ value: Graph.Value, byteCount count: Int, lifetime: ClosedRange<Int>) {
    let occupied = slots.values.filter { $0.lifetime.overlaps(lifetime) }.sorted { $0.offset < $1.offset }
    var offset = 0
    for slot in occupied {
      if offset + count <= slot.offset { break }
      offset = max(offset, aligned(slot.offset + slot.byteCount))
    }
    insert(value, Plan.Slot(offset: offset, byteCount: count, lifetime: lifetime))
  }

  private mutating func insert(_ value: Graph.Value, _ slot: Plan.Slot) {
    slots[value] = slot
    byteCount = max(byteCount, slot.offset + slot.byteCount)
  }
}

extension TensorType {
  /// Bytes of a dense tensor of this type.
  public func byteCount(_ dimensions: Dimensions, realByteCount: Int) throws(GraphError) -> Int {
    let count = try shape.elementCount(dimensions)
    switch element {
    case .real: return count * realByteCount
    case .int32: return count * 4
    case .uint8: return count
    }
  }
}
