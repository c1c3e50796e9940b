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
    /// Device memory that outlives a run, and that `storeRows` changes in place.
    case state(String)
    case result(node: Int)
  }

  public struct Node: Hashable, Sendable {
    public let operation: Operation
    public let operands: [Value]
    public let result: Value
    /// Where in the model this is, as a checkpoint path without the weight: `encoder.layer.0.attention.self`.
    public let scope: String
  }

  public private(set) var types: [TensorType] = []
  public private(set) var sources: [Source] = []
  public private(set) var nodes: [Node] = []
  public private(set) var outputs: [(name: String, value: Value)] = []
  /// The int32 input that holds, for a symbol of packed rows, where each independent sequence begins and ends.
  public private(set) var segments: [Symbol: Value] = [:]
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

  /// Appends one operation.
  ///
  /// - Throws: what `Operation.resultType(of:)` throws.
  public mutating func apply(
    _ operation: Operation, _ operands: [Value], scope: String = ""
  ) throws(GraphError) -> Value {
    let type = try operation.resultType(of: operands.map { types[$0.index] })
    if case .storeRows = operation, storage(of: operands[0]) == nil {
      throw .badAttribute(operation: operation.name, "stores to a value that is no state")
    }
    let result = append(type, .result(node: nodes.count))
    nodes.append(Node(operation: operation, operands: operands, result: result, scope: scope))
    return result
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

  /// The state that a value is, or is after some stores; nil for every other value.
  public func storage(of value: Value) -> Value? {
    switch sources[value.index] {
    case .state: return value
    case .result(let node):
      guard case .storeRows = nodes[node].operation else { return nil }
      return storage(of: nodes[node].operands[0])
    case .parameter, .input: return nil
    }
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
