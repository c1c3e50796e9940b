// SPDX-License-Identifier: Apache-2.0

/// What is wrong with the pickle in a PyTorch checkpoint. A pickle is a program; this says which step was refused.
public enum PickleError: Error, Equatable, Sendable {
  // The form.
  /// It does not begin with the PROTO step that protocols 2 to 5 have.
  case noProtocol
  case unknownProtocol(Int)
  case missingStop
  /// A step ends before its argument does.
  case truncated(opcode: String)
  case lengthBeyondEnd(opcode: String, length: UInt64, available: Int)
  case tooLong(limit: Int)
  case trailingBytes(count: Int)
  /// Values are left over when the program stops.
  case leftOver(count: Int)

  // What is not allowed.
  /// A step that torch.save never writes; INST, OBJ, NEWOBJ and their like would run code.
  case forbiddenOpcode(String)
  case unknownOpcode(UInt8)
  /// A function or class that is not on the list.
  case forbiddenGlobal(module: String, name: String)
  case unsupportedStorage(String)
  /// The names of a function must be two texts.
  case nameNotText(kind: String)
  case notCallable(kind: String)
  case wrongArguments(function: String)
  case notBuildable(kind: String)
  case unknownPersistentID(kind: String)
  case unsafeStorageKey(String)

  // What does not fit together.
  case stackUnderflow(opcode: String)
  case missingMark(opcode: String)
  case missingMemo(index: Int)
  /// Real picklers count their memo from 0.
  case memoIndexTooLarge(index: Int)
  case notDictionary(kind: String)
  case notList(kind: String)
  /// A key without a value.
  case oddItems(count: Int)
  /// A container is put in itself, or changed after it was put in another: the beginning of every cycle.
  case selfReference
  case tooMuchMemory(limit: Int)
}

extension PickleError: CustomStringConvertible {
  /// Part of a line, without file and offset.
  public var description: String {
    switch self {
    case .noProtocol: "no pickle of protocol 2 to 5 begins here"
    case .unknownProtocol(let number): "pickle protocol \(number), where 2 to 5 are known"
    case .missingStop: "the pickle has no end; is the download complete?"
    case .truncated(let opcode): "the pickle ends inside \(opcode)"
    case .lengthBeyondEnd(let opcode, let length, let available):
      "\(opcode) of \(length) bytes, but only \(available) follow"
    case .tooLong(let limit): "a pickle of more than \(limit) bytes"
    case .trailingBytes(let count): "\(count) bytes follow the pickle's end"
    case .leftOver(let count): "\(count) values are left over at the pickle's end"
    case .forbiddenOpcode(let name): "the pickle wants \(name), which can run any code and is refused"
    case .unknownOpcode(let byte):
      "pickle step 0x\(byte < 16 ? "0" : "")\(String(byte, radix: 16)) is none that torch.save writes"
    case .forbiddenGlobal(let module, let name):
      "the pickle wants \(quoted("\(module).\(name)")), which no plain dictionary of tensors needs and which is refused"
    case .unsupportedStorage(let name):
      "tensors of \(quoted(name)) cannot be read; supported are \(PickleGlobal.storageNames)"
    case .nameNotText(let kind): "\(kind), where the name of a function or class should be"
    case .notCallable(let kind): "the pickle calls \(kind), which is no function"
    case .wrongArguments(let function): "the pickle calls \(function) with arguments that it does not take"
    case .notBuildable(let kind): "the pickle sets attributes of \(kind), which is refused"
    case .unknownPersistentID(let kind): "a reference to outside data is \(kind), not that of a tensor's storage"
    case .unsafeStorageKey(let key): "storage \(quoted(key)) is not the plain name of a record"
    case .stackUnderflow(let opcode): "\(opcode) needs more values than there are"
    case .missingMark(let opcode): "\(opcode) without a mark before it"
    case .missingMemo(let index): "memo \(index) is read, but was not written"
    case .memoIndexTooLarge(let index): "memo \(index) is more than the pickle has steps"
    case .notDictionary(let kind): "items are put in \(kind), which is no dictionary"
    case .notList(let kind): "elements are put in \(kind), which is no list"
    case .oddItems(let count): "\(count) values are no pairs of keys and values"
    case .selfReference: "a container is put in itself, or changed after it was put in another"
    case .tooMuchMemory(let limit): "the pickle's values take more than \(limit) bytes"
    }
  }
}
