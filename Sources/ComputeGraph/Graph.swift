// SPDX-License-Identifier: Apache-2.0

/// A computation in static single assignment form: every value is a parameter, an input, or the result of one node.
///
/// Nodes are appended in an order in which they can run. A graph knows nothing of devices, batches or memory.
public struct Graph: Sendable {
  /// A handle to one value of the graph that made it.
  public struct Value: Hashable, Sendable {
    public let index: Int
  }

  /// A weight. `parts` are the checkpoint's keys, verbatim, with the rows (first extent) that each contributes: matrices
  /// that one product consumes together (query, key, value) are one parameter of three parts.
  public struct Parameter: Hashable, Sendable {
    public struct Part: Hashable, Sendable {
      public let key: String
      public let shape: [Int]

      public init(_ key: String, _ shape: [Int]) {
        self.key = key
        self.shape = shape
      }

      public var elementCount: Int { shape.reduce(1, *) }
    }
    public let parts: [Part]

    /// Keys joined by `+`: a name for errors and listings.
    public var name: String { parts.map(\.key).joined(separator: "+") }
    public var elementCount: Int { parts.reduce(0) { $0 + $1.elementCount } }
  }

  /// Where a value comes from.
  public enum Source: Hashable, Sendable {
    case parameter(Parameter)
    case input(String)
    /// Device memory that outlives a run, and that some operations change in place.
    case state(String)
    /// A tensor within a state, from element `offset` on.
    case view(of: Value, offset: Int)
    case result(node: Int)
  }

  public struct Node: Hashable, Sendable {
    public let operation: Operation
    public let operands: [Value]
    /// One for most operations.
    public let results: [Value]
    /// Where in the model this is, as a checkpoint path without the weight: `encoder.layer.0.attention.self`.
    public let scope: String

    /// The first result.
    public var result: Value { results[0] }
  }

  /// The order in which ids are sorted, for operations that sum what belongs to one id: of a run's ids, `rows` are the
  /// distinct ones, rising; `order[starts[r] ..< starts[r + 1]]` are the places of id `rows[r]`, rising. All three are as
  /// long as if every id were distinct, and end in groups of nothing. A run makes them from the ids; nobody brings them.
  public struct RowGroups: Hashable, Sendable {
    public let ids: Value
    /// An id that belongs to no group: the padding token's.
    public let ignored: Int32?
    public let rows: Value
    public let starts: Value
    public let order: Value

    var values: [Value] { [rows, starts, order] }
  }

  public private(set) var types: [TensorType] = []
  public private(set) var sources: [Source] = []
  public private(set) var nodes: [Node] = []
  public private(set) var outputs: [(name: String, value: Value)] = []
  /// The int32 input that holds, for a symbol of packed rows, where each independent sequence begins and ends.
  public private(set) var segments: [Symbol: Value] = [:]
  /// Inputs that a run makes itself.
  public private(set) var rowGroups: [RowGroups] = []
  /// States, after steps that every run takes, whatever outputs it is asked for.
  public private(set) var effects: [Value] = []
  private var names: Set<String> = []

  public init() {}

  public func type(of value: Value) -> TensorType { types[value.index] }
  public func source(of value: Value) -> Source { sources[value.index] }

  /// Adds a weight whose parts are stacked along their first extent.
  ///
  /// - Throws: `GraphError.duplicateName` for a key twice; `.badAttribute` if parts differ behind the first extent;
  ///   `.tooLarge` for more elements than a device indexes.
  public mutating func parameter(_ parts: [Parameter.Part]) throws(GraphError) -> Value {
    for part in parts { try claim(part.key) }
    guard let first = parts.first, !first.shape.isEmpty,
      parts.allSatisfy({ $0.shape.dropFirst() == first.shape.dropFirst() && $0.shape.allSatisfy { $0 > 0 } })
    else { throw .badAttribute(operation: "parameter", "parts \(parts.map(\.key)) cannot be stacked") }
    var shape = first.shape
    shape[0] = 0
    for part in parts {
      let (rows, overflow) = shape[0].addingReportingOverflow(part.shape[0])
      guard !overflow else { throw .tooLarge(Shape(fixed: part.shape)) }
      shape[0] = rows
    }
    let type = TensorType(Shape(fixed: shape))
    _ = try type.shape.elementCount([:])  // from here on every count of it can be trusted
    return append(type, .parameter(Parameter(parts: parts)))
  }

  public mutating func parameter(_ key: String, _ shape: [Int]) throws(GraphError) -> Value {
    try parameter([Parameter.Part(key, shape)])
  }

  /// Adds a tensor that each run brings. With `segmenting`, it is the offset table of that symbol's rows.
  public mutating func input(
    _ name: String, _ shape: Shape, _ element: ElementType, segmenting symbol: Symbol? = nil
  ) throws(GraphError) -> Value {
    try claim(name)
    let value = append(TensorType(shape, element), .input(name))
    if let symbol { segments[symbol] = value }
    return value
  }

  /// Adds memory that lives on the device from run to run. Which one a run uses, its caller says.
  public mutating func state(_ name: String, _ shape: Shape) throws(GraphError) -> Value {
    try claim(name)
    return append(TensorType(shape), .state(name))
  }

  /// A tensor within a state.
  ///
  /// - Parameter offset: in elements; a multiple of `viewAlignment`, so that every device can address it.
  /// - Throws: `GraphError.badAttribute` for a value that is no state, or a place that is not within it.
  public mutating func view(of state: Value, offset: Int, _ shape: [Int]) throws(GraphError) -> Value {
    guard case .state(let name) = source(of: state), case .fixed(let size)? = type(of: state).shape.dimensions.first,
      type(of: state).shape.rank == 1
    else { throw .badAttribute(operation: "view", "looks into a value that is no state of one dimension") }
    let count = try Shape(fixed: shape).elementCount([:])
    guard offset >= 0, offset.isMultiple(of: Graph.viewAlignment), count > 0, offset <= size - count else {
      throw .badAttribute(operation: "view", "\(shape) from \(offset) on is not within \(name) of \(size)")
    }
    return append(TensorType(Shape(fixed: shape)), .view(of: state, offset: offset))
  }

  /// Elements that the offset of a view is a multiple of: 1 kB, more than any device's `CL_DEVICE_MEM_BASE_ADDR_ALIGN`.
  public static let viewAlignment = 256

  /// The groups of equal ids of an input, made once for each input.
  ///
  /// - Throws: `GraphError.badAttribute` for ids that are no int32 input of rank 1.
  public mutating func rowGroups(
    of ids: Value, ignoring ignored: Int32? = nil
  ) throws(GraphError) -> RowGroups {
    if let known = rowGroups.first(where: { $0.ids == ids && $0.ignored == ignored }) { return known }
    guard case .input(let name) = source(of: ids), type(of: ids).shape.rank == 1, type(of: ids).element == .int32 else {
      throw .badAttribute(operation: "row groups", "of ids that are no input")
    }
    let count = type(of: ids).shape.dimensions[0]
    let suffix = ignored.map { " but \($0)" } ?? ""
    let groups = RowGroups(
      ids: ids, ignored: ignored, rows: try input("\(name) rows\(suffix)", [count], .int32),
      starts: try input("\(name) starts\(suffix)", [count.plusOne], .int32),
      order: try input("\(name) order\(suffix)", [count], .int32))
    rowGroups.append(groups)
    return groups
  }

  /// Appends one operation of one result, or of which the first result is wanted.
  ///
  /// - Throws: what `applyAll` throws.
  public mutating func apply(
    _ operation: Operation, _ operands: [Value], scope: String = ""
  ) throws(GraphError) -> Value {
    try applyAll(operation, operands, scope: scope)[0]
  }

  /// Appends one operation.
  ///
  /// - Returns: its results.
  /// - Throws: what `Operation.resultTypes(of:)` throws; `GraphError.badAttribute` for an operation that changes in place
  ///   what is no state.
  public mutating func applyAll(
    _ operation: Operation, _ operands: [Value], scope: String = ""
  ) throws(GraphError) -> [Value] {
    let resultTypes = try operation.resultTypes(of: operands.map { types[$0.index] })
    for (_, operand) in operation.changes where storage(of: operands[operand]) == nil {
      throw .badAttribute(operation: operation.name, "stores to a value that is no state")
    }
    let results = resultTypes.map { append($0, .result(node: nodes.count)) }
    nodes.append(Node(operation: operation, operands: operands, results: results, scope: scope))
    return results
  }

  /// Has every run take the steps that lead to a state's new contents.
  ///
  /// - Throws: `GraphError.badAttribute` for a value that is no changed state.
  public mutating func effect(_ value: Value) throws(GraphError) {
    guard case .result = sources[value.index], storage(of: value) != nil else {
      throw .badAttribute(operation: "effect", "of a value that is no changed state")
    }
    effects.append(value)
  }

  /// Names a computed value that a run can be asked for.
  public mutating func output(_ name: String, _ value: Value) throws(GraphError) {
    guard case .result = sources[value.index], storage(of: value) == nil else {
      throw .badAttribute(operation: "output", "\(name) is not computed by the graph")
    }
    try claim("output " + name)
    outputs.append((name, value))
  }

  /// Every weight, in the order in which the graph was built.
  public var parameters: [(value: Value, parameter: Parameter)] {
    sources.enumerated().compactMap { index, source in
      if case .parameter(let parameter) = source { (Value(index: index), parameter) } else { nil }
    }
  }

  /// Every input, in the order in which the graph was built.
  public var inputs: [(value: Value, name: String)] {
    sources.enumerated().compactMap { index, source in
      if case .input(let name) = source { (Value(index: index), name) } else { nil }
    }
  }

  /// Every state, in the order in which the graph was built.
  public var states: [(value: Value, name: String)] {
    sources.enumerated().compactMap { index, source in
      if case .state(let name) = source { (Value(index: index), name) } else { nil }
    }
  }

  /// The state, or the view of one, that a value is, or is after some changes; nil for every other value.
  public func storage(of value: Value) -> Value? {
    switch sources[value.index] {
    case .state, .view: return value
    case .result(let node):
      let node = nodes[node]
      guard let change = node.operation.changes.first(where: { node.results[$0.result] == value }) else { return nil }
      return storage(of: node.operands[change.operand])
    case .parameter, .input: return nil
    }
  }

  /// The state that a storage is, or lies in, and where in it.
  public func place(ofStorage storage: Value) -> (state: Value, offset: Int) {
    if case .view(let state, let offset) = sources[storage.index] { (state, offset) } else { (storage, 0) }
  }

  private mutating func claim(_ name: String) throws(GraphError) {
    guard names.insert(name).inserted else { throw .duplicateName(name) }
  }

  private mutating func append(_ type: TensorType, _ source: Source) -> Value {
    types.append(type)
    sources.append(source)
    return Value(index: types.count - 1)
  }
}
