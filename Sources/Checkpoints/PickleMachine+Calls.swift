// SPDX-License-Identifier: Apache-2.0

import StrictJSON

// Names, and what may be done with them.
extension PickleMachine {
  // Longer than every name on the list.
  private static let nameLimit = 256

  /// GLOBAL: two lines of text.
  mutating func readGlobal() throws(CheckpointError) -> PickleValue {
    let module = try line()
    return try global(module: module, name: try line())
  }

  /// STACK_GLOBAL: two texts on the stack.
  mutating func popGlobal() throws(CheckpointError) -> PickleValue {
    let name = try name(try pop())
    return try global(module: try self.name(try pop()), name: name)
  }

  private func global(module: String, name: String) throws(CheckpointError) -> PickleValue {
    do throws(PickleError) {
      return .global(try PickleGlobal(module: module, name: name))
    } catch {
      throw failed(error)
    }
  }

  private mutating func line() throws(CheckpointError) -> String {
    var bytes: [UInt8] = []
    while true {
      guard bytes.count <= Self.nameLimit, let byte = try window.next() else {
        throw failed(.truncated(opcode: opcode.name))
      }
      if byte == UInt8(ascii: "\n") { return String(decoding: bytes, as: UTF8.self) }
      bytes.append(byte)
    }
  }

  private func name(_ value: PickleValue) throws(CheckpointError) -> String {
    guard case .text(let index) = value, heap.bytes(ofText: index).count <= Self.nameLimit else {
      throw failed(.nameNotText(kind: value.kind))
    }
    return String(decoding: heap.bytes(ofText: index), as: UTF8.self)
  }

  /// REDUCE: a function and a tuple of arguments, replaced by what the function would give.
  mutating func call() throws(CheckpointError) {
    try demand(2)
    let (function, arguments) = (stack[stack.count - 2], stack[stack.count - 1])
    guard case .global(let global) = function else { throw failed(.notCallable(kind: function.kind)) }
    guard case .tuple(let index) = arguments else { throw failed(.wrongArguments(function: global.name)) }
    let result = try result(of: global, Array(heap.elements(ofTuple: index).prefix(8)), heap.count(ofTuple: index))
    removeLast(2)
    push(result)
  }

  private mutating func result(
    of global: PickleGlobal, _ arguments: [PickleValue], _ count: Int
  ) throws(CheckpointError) -> PickleValue {
    var wrong: CheckpointError { failed(.wrongArguments(function: global.name)) }
    switch global {
    case .orderedDictionary:
      let index = heap.container()
      // Python 2 gives the items as an argument, Python 3 sets them afterwards.
      switch (count, arguments.first) {
      case (0, nil): break
      case (1, .list(let items)?): try setPairs(items, in: index)
      default: throw wrong
      }
      return .orderedDictionary(index)
    case .rebuildTensor, .rebuildTensorV2:
      guard global == .rebuildTensor ? count == 4 : count == 6 || count == 7,
        case .storage(let storage) = arguments[0], let offset = heap.int(arguments[1]),
        case .tuple(let sizes) = arguments[2], case .tuple(let strides) = arguments[3]
      else { throw wrong }
      // The last one says that the values are to be negated or conjugated.
      if count == 7 {
        guard case .dictionary(let metadata) = arguments[6], heap.containers[Int(metadata)].count == 0 else {
          throw wrong
        }
      }
      return heap.tensor(PickleHeap.Tensor(storage: storage, offset: offset, sizes: sizes, strides: strides))
    case .rebuildParameter, .rebuildParameterWithState:
      guard count == (global == .rebuildParameter ? 3 : 4), case .tensor = arguments[0] else { throw wrong }
      return arguments[0]
    case .storage: throw failed(.notCallable(kind: global.name))
    }
  }

  /// Items of Python 2's `OrderedDict`: a list of lists of two.
  private mutating func setPairs(_ items: UInt32, in dictionary: UInt32) throws(CheckpointError) {
    var cursor = heap.firstLink(of: items)
    while cursor != 0 {
      let item = heap.next(&cursor)
      let pair: (PickleValue, PickleValue)?
      switch item {
      case .list(let index): pair = heap.pair(ofList: index)
      case .tuple(let index):
        let elements = Array(heap.elements(ofTuple: index).prefix(3))
        pair = elements.count == 2 ? (elements[0], elements[1]) : nil
      default: pair = nil
      }
      guard let (key, value) = pair else {
        throw failed(.wrongArguments(function: PickleGlobal.orderedDictionary.name))
      }
      heap.append(key, to: dictionary)
      heap.append(value, to: dictionary)
      try checkMemory()
    }
  }

  /// BUILD: the attributes of an `OrderedDict`, `_metadata` in a state dict. They are ignored.
  mutating func build() throws(CheckpointError) {
    try demand(2)
    let (target, state) = (stack[stack.count - 2], stack[stack.count - 1])
    guard case .orderedDictionary(let index) = target else { throw failed(.notBuildable(kind: target.kind)) }
    guard case .dictionary(let attributes) = state else { throw failed(.notDictionary(kind: state.kind)) }
    heap.freeze(state)
    guard !heap.containers[Int(index)].isFrozen, index != attributes else { throw failed(.selfReference) }
    removeLast(1)
  }

  /// BINPERSID: `("storage", type, key, location, count)`, in the legacy format with a sixth element, None.
  ///
  /// The location ("cpu", "cuda:0") is where the tensor was; it does not matter here.
  mutating func readStorage() throws(CheckpointError) -> PickleValue {
    let value = try pop()
    guard case .tuple(let index) = value else { throw failed(.unknownPersistentID(kind: value.kind)) }
    let count = heap.count(ofTuple: index)
    let id = Array(heap.elements(ofTuple: index).prefix(6))
    guard count == 5 || count == 6, case .text(let tag) = id[0], heap.bytes(ofText: tag).elementsEqual("storage".utf8),
      case .global(.storage(let dataType)) = id[1], case .text(let key) = id[2], case .text = id[3],
      let elements = heap.int(id[4]), elements >= 0, count == 5 || id[5].isNone
    else { throw failed(.unknownPersistentID(kind: value.kind)) }
    let name = heap.bytes(ofText: key)
    guard name.count <= Self.nameLimit else {
      throw failed(.unsafeStorageKey(String(decoding: name.prefix(Self.nameLimit), as: UTF8.self)))
    }
    let text = String(decoding: name, as: UTF8.self)
    guard isPlainFileName(text), name.elementsEqual(text.utf8) else { throw failed(.unsafeStorageKey(text)) }
    guard heap.storages.count < SafetensorsHeader.tensorLimit else {
      throw .tooManyTensors(file: file, limit: SafetensorsHeader.tensorLimit)
    }
    return heap.storage(PickleHeap.Storage(key: key, dataType: dataType, count: elements))
  }
}
