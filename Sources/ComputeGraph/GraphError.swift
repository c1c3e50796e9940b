// SPDX-License-Identifier: Apache-2.0

/// What can be wrong with a graph, a plan, or the inputs of a run.
public enum GraphError: Error, Equatable, CustomStringConvertible {
  case operandCount(operation: String, found: Int, wanted: ClosedRange<Int>)
  case shapeMismatch(operation: String, operand: Int, found: TensorType, wanted: String)
  case badAttribute(operation: String, String)
  case duplicateName(String)
  case unknownOutput(String, known: [String])
  case unboundSymbol(Symbol)
  case badDimension(Symbol, Int)
  case tooLarge(Shape)
  /// The host has no memory for a run's values.
  case outOfMemory(byteCount: Int)
  case missingInput(String)
  /// A weight matrix whose packed layout, which a device's dense layers want, would not serve everything that reads it.
  case cannotPack(String)
  /// A result that an executor should have computed and did not.
  case missingOutput(String)
  case inputMismatch(name: String, found: String, wanted: String)
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
    case .inputMismatch(let name, let found, let wanted): return "input \(name) is \(found), wanted \(wanted)"
    case .valueOutOfRange(let input, let index, let value, let limit):
      return "\(input)[\(index)] is \(value); it must be in 0 ..< \(limit)"
    }
  }
}
