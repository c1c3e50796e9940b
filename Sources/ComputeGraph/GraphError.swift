// SPDX-License-Identifier: Apache-2.0

/// What can be wrong with a graph, a plan, or the inputs of a run.
public enum GraphError: Error, Equatable, CustomStringConvertible {
  /// An operation was given more or fewer operands than it takes.
  case operandCount(operation: String, found: Int, wanted: ClosedRange<Int>)
  /// An operand's shape or element type breaks the operation's rule; `operand` counts from 0.
  case shapeMismatch(operation: String, operand: Int, found: TensorType, wanted: String)
  /// An operation's own numbers make no sense.
  case badAttribute(operation: String, String)
  /// A parameter, input or output by that name is there already.
  case duplicateName(String)
  /// A run asked for an output that the graph does not name.
  case unknownOutput(String, known: [String])
  /// A run did not say how large a dimension is.
  case unboundSymbol(Symbol)
  /// A dimension that is negative or beyond what an `Int32` indexes.
  case badDimension(Symbol, Int)
  /// A tensor of more elements than a device indexes.
  case tooLarge(Shape)
  /// The host has no memory for a run's values.
  case outOfMemory(byteCount: Int)
  /// A run did not bring an input that the asked outputs need.
  case missingInput(String)
  /// A weight matrix whose packed layout, which a device's dense layers want, would not serve everything that reads it.
  case cannotPack(String)
  /// A result that an executor should have computed and did not.
  case missingOutput(String)
  /// A variant of a loaded graph that wants a weight which was not loaded, or in a layout in which it was not.
  case unknownParameter(String)
  /// A run was given no memory for a state, or memory that has none by that name or of that width.
  case unknownState(String)
  /// An operation that cannot run backward, or an operand whose gradient has nowhere to go.
  case notDifferentiable(operation: String, String)
  /// An input's shape, type or order is not what the graph says.
  case inputMismatch(name: String, found: String, wanted: String)
  /// An id outside its table: element `index` of the input is `value`, which must be below `limit`.
  case valueOutOfRange(input: String, index: Int, value: Int, limit: Int)

  public var description: String {
    switch self {
    case .operandCount(let operation, let found, let wanted):
      let count = wanted.count == 1 ? "\(wanted.lowerBound)" : "\(wanted.lowerBound) to \(wanted.upperBound)"
      return "\(operation): \(found) operands given, \(count) wanted"
    case .shapeMismatch(let operation, let operand, let found, let wanted):
      return "\(operation): operand \(operand) is \(found), wanted \(wanted)"
    case .badAttribute(let operation, let what): return "\(operation): \(what)"
    case .duplicateName(let name): return "the graph has a parameter, input or output named \(name) already"
    case .unknownOutput(let name, let known):
      return "the graph has no output \(name); it has \(known.joined(separator: ", "))"
    case .unboundSymbol(let symbol): return "no size was given for the dimension \(symbol)"
    case .badDimension(let symbol, let size): return "the dimension \(symbol) cannot be \(size)"
    case .tooLarge(let shape): return "a tensor \(shape) has too many elements for this batch; use a smaller batch"
    case .outOfMemory(let byteCount):
      return "this run needs \(byteCount) bytes, which the host does not have; use a smaller batch"
    case .missingInput(let name): return "the input \(name) was not given"
    case .cannotPack(let name):
      return "\(name) is no weight of dense layers alone, so this device cannot pack it; use another matrix product"
    case .missingOutput(let name): return "the run gave no \(name)"
    case .unknownParameter(let name): return "the weight \(name) was not loaded, or not as this computation wants it"
    case .unknownState(let name): return "no memory was given for \(name) that fits this computation"
    case .notDifferentiable(let operation, let what): return "\(operation) has no gradient: \(what)"
    case .inputMismatch(let name, let found, let wanted): return "input \(name) is \(found), wanted \(wanted)"
    case .valueOutOfRange(let input, let index, let value, let limit):
      return "\(input)[\(index)] is \(value); it must be in 0 ..< \(limit)"
    }
  }
}
