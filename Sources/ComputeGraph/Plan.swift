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
    public let results: [Graph.Value]
    /// Where a step keeps what it needs while it runs; nil for most.
    public internal(set) var scratch: Slot?

    /// The first result.
    public var result: Graph.Value { results[0] }
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
  /// A slot for each value that a step computes, but for states, which have memory of their own.
  public let slots: [Graph.Value: Slot]
  /// Inputs that the steps read, in the graph's order.
  public let inputs: [Graph.Value]
  /// States that the steps read or change, in the graph's order.
  public let states: [Graph.Value]
  public let outputs: [(name: String, value: Graph.Value)]
  /// Bytes from the front of the arena that hold all outputs.
  public let outputByteCount: Int
  /// The arena's size in bytes: the peak.
  public let arenaByteCount: Int

  /// - Parameters:
  ///   - outputs: names of outputs; the graph's own, all of them, where nil.
  ///   - realByteCount: bytes of one `real` element in the executor's precision.
  ///   - alignment: every offset is a multiple of it, in bytes.
  ///   - extraScratch: real numbers that an executor writes down while a node runs, beyond what its operation says.
  /// - Throws: `GraphError.unknownOutput`, `.unboundSymbol`, `.badDimension`, `.tooLarge`.
  public init(
    _ graph: Graph, _ dimensions: Dimensions, outputs names: [String]? = nil, realByteCount: Int = 4,
    alignment: Int = 64, extraScratch: ((Graph.Node) throws(GraphError) -> Int)? = nil
  ) throws(GraphError) {
    var outputs: [(name: String, value: Graph.Value)] = []
    for name in names ?? graph.outputs.map(\.name) {
      guard let output = graph.outputs.first(where: { $0.name == name }) else {
        throw .unknownOutput(name, known: graph.outputs.map(\.name))
      }
      outputs.append(output)
    }
    let needed = Plan.neededNodes(graph, outputs.map(\.value) + graph.effects)
    var steps = needed.map { index in
      let node = graph.nodes[index]
      return Step(
        node: index, operation: node.operation, operands: node.operands, results: node.results, scratch: nil)
    }
    self.dimensions = dimensions
    self.outputs = outputs
    var read = Set(steps.flatMap(\.operands))
    for value in read {
      if let storage = graph.storage(of: value) { read.insert(graph.place(ofStorage: storage).state) }
    }
    inputs = graph.inputs.map(\.value).filter(read.contains)
    states = graph.states.map(\.value).filter(read.contains)

    var arena = Arena(alignment: alignment)
    let lifetimes = Plan.lifetimes(steps, outputs: outputs.map(\.value))
    for (_, value) in outputs where arena.slots[value] == nil {
      let count = try graph.type(of: value).byteCount(dimensions, realByteCount: realByteCount)
      arena.append(value, byteCount: count, lifetime: 0...max(steps.count - 1, 0))
    }
    outputByteCount = arena.byteCount
    var rest: [(place: Arena.Place, byteCount: Int, lifetime: ClosedRange<Int>)] = []
    for (index, step) in steps.enumerated() {
      let shape = try step.operation.scratchShape(step.operands.map(graph.type), dimensions)
      let written = try shape?.elementCount(dimensions) ?? 0
      let extra = try extraScratch?(graph.nodes[step.node]) ?? 0
      if shape != nil || extra > 0 {
        rest.append((.scratch(step: index), (written + extra) * realByteCount, index...index))
      }
      for result in step.results where arena.slots[result] == nil && graph.storage(of: result) == nil {
        let count = try graph.type(of: result).byteCount(dimensions, realByteCount: realByteCount)
        rest.append((.value(result), count, lifetimes[result] ?? 0...0))
      }
    }
    // Largest first, each at the lowest place that is free for its whole life (Pisarchyk and Lee, arXiv:2001.03288).
    rest.sort { ($1.byteCount, $0.place.order) < ($0.byteCount, $1.place.order) }
    for entry in rest {
      let slot = arena.place(byteCount: entry.byteCount, lifetime: entry.lifetime)
      switch entry.place {
      case .value(let value): arena.slots[value] = slot
      case .scratch(let index): steps[index].scratch = slot
      }
    }
    self.steps = steps
    slots = arena.slots
    arenaByteCount = arena.byteCount
  }

  public static func == (left: Plan, right: Plan) -> Bool {
    left.dimensions == right.dimensions && left.steps == right.steps && left.slots == right.slots
      && left.inputs == right.inputs && left.states == right.states && left.outputs.elementsEqual(right.outputs, by: ==)
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
      for result in step.results { lifetimes[result] = index...index }
      for operand in step.operands {
        if let birth = lifetimes[operand]?.lowerBound { lifetimes[operand] = birth...index }
      }
    }
    return lifetimes
  }
}

/// Slots handed out so far.
private struct Arena {
  /// What a slot is for.
  enum Place {
    case value(Graph.Value)
    case scratch(step: Int)

    /// Any order will do, as long as it is always the same.
    var order: Int {
      switch self {
      case .value(let value): value.index
      case .scratch(let step): -1 - step
      }
    }
  }

  let alignment: Int
  var slots: [Graph.Value: Plan.Slot] = [:]
  var byteCount = 0
  private var taken: [Plan.Slot] = []

  init(alignment: Int) { self.alignment = alignment }

  func aligned(_ offset: Int) -> Int { (offset + alignment - 1) / alignment * alignment }

  /// Puts a value behind all others.
  mutating func append(_ value: Graph.Value, byteCount count: Int, lifetime: ClosedRange<Int>) {
    slots[value] = insert(Plan.Slot(offset: aligned(byteCount), byteCount: count, lifetime: lifetime))
  }

  /// A slot at the lowest offset where nothing else lives at the same time.
  mutating func place(byteCount count: Int, lifetime: ClosedRange<Int>) -> Plan.Slot {
    let occupied = taken.filter { $0.lifetime.overlaps(lifetime) }.sorted { $0.offset < $1.offset }
    var offset = 0
    for slot in occupied {
      if offset + count <= slot.offset { break }
      offset = max(offset, aligned(slot.offset + slot.byteCount))
    }
    return insert(Plan.Slot(offset: offset, byteCount: count, lifetime: lifetime))
  }

  private mutating func insert(_ slot: Plan.Slot) -> Plan.Slot {
    taken.append(slot)
    byteCount = max(byteCount, slot.offset + slot.byteCount)
    return slot
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
