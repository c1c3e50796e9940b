// SPDX-License-Identifier: Apache-2.0

/// Reads the pickle of a dictionary of tensors. It is the only parser of pickles here: what it accepts is what is loaded.
///
/// A pickle is a program for a stack machine that may name and call any function of Python. This machine builds plain
/// values, and descriptions of tensors where the few functions of `PickleGlobal` are called; everything else is an error.
/// It does not recurse, looks at each byte once, and takes no more memory than it is given.
///
/// Source: CPython, Lib/pickletools.py (the steps), torch/serialization.py (which of them torch writes).
struct PickleMachine {
  var window: ByteWindow
  var heap = PickleHeap()
  private(set) var stack: [PickleValue] = []
  private var marks: [Int] = []
  private var memo: [PickleValue?] = []
  // The most that `stack` and `marks` ever held: what their memory is charged by.
  private var deepestStack = 0
  private var deepestMarks = 0

  let file: String
  private let begin: Int
  private let memoryLimit: Int
  private(set) var opcodeOffset: Int
  private(set) var opcode = PickleOpcode.protocolNumber

  /// Longer pickles are refused, as safetensors headers are: 100,000 tensors take a quarter of it.
  static let byteLimit = 100_000_000

  /// - Parameters:
  ///   - window: begins with the pickle.
  ///   - file: for error messages.
  ///   - memoryLimit: bytes that the values may take together.
  init(_ window: ByteWindow, file: String, memoryLimit: Int) {
    self.window = window
    self.file = file
    self.memoryLimit = memoryLimit
    begin = window.offset
    opcodeOffset = window.offset
  }

  /// Runs one pickle up to its STOP; the window then stands behind it. The heap keeps what earlier ones left.
  ///
  /// - Throws: `CheckpointError.pickle` with the byte of the step that is refused; `.file`.
  mutating func run() throws(CheckpointError) -> PickleValue {
    stack.removeAll(keepingCapacity: true)
    marks.removeAll(keepingCapacity: true)
    memo.removeAll(keepingCapacity: true)
    opcodeOffset = window.offset
    guard try window.next() == PickleOpcode.protocolNumber.rawValue else { throw failed(.noProtocol) }
    opcode = .protocolNumber
    let number = Int(try argument(UInt8.self))
    guard (2...5).contains(number) else { throw failed(.unknownProtocol(number)) }
    while true {
      opcodeOffset = window.offset
      guard opcodeOffset - begin < Self.byteLimit else { throw failed(.tooLong(limit: Self.byteLimit)) }
      guard let byte = try window.next() else { throw failed(.missingStop) }
      guard let opcode = PickleOpcode(rawValue: byte) else { throw failed(PickleOpcode.refusal(of: byte)) }
      self.opcode = opcode
      if opcode == .stop { break }
      try execute()
      try checkMemory()
    }
    let result = try pop()
    guard stack.isEmpty, marks.isEmpty else { throw failed(.leftOver(count: stack.count + marks.count)) }
    return result
  }

  private mutating func execute() throws(CheckpointError) {
    switch opcode {
    case .none: push(.none)
    case .newTrue: push(.boolean(true))
    case .newFalse: push(.boolean(false))
    case .binaryInteger: push(heap.integer(Int(Int32(bitPattern: try argument(UInt32.self)))))
    case .binaryInteger1: push(heap.integer(Int(try argument(UInt8.self))))
    case .binaryInteger2: push(heap.integer(Int(try argument(UInt16.self))))
    case .long1: try pushLong(UInt64(try argument(UInt8.self)))
    case .long4: try pushLong(try signedLength())
    case .binaryFloat:
      _ = try argument(UInt64.self)
      push(.number)
    case .unicode: try pushText(UInt64(try argument(UInt32.self)))
    case .shortUnicode: try pushText(UInt64(try argument(UInt8.self)))
    case .unicode8: try pushText(try argument(UInt64.self))
    case .shortBinaryString: try pushText(UInt64(try argument(UInt8.self)))
    case .binaryString: try pushText(try signedLength())
    case .bytes: try pushBytes(UInt64(try argument(UInt32.self)))
    case .shortBytes: try pushBytes(UInt64(try argument(UInt8.self)))
    case .bytes8: try pushBytes(try argument(UInt64.self))

    case .emptyTuple: push(heap.tuple([]))
    case .tuple1: try pushTuple(1)
    case .tuple2: try pushTuple(2)
    case .tuple3: try pushTuple(3)
    case .tuple: try pushTuple(stack.count - popMark())
    case .emptyList: push(.list(heap.container()))
    case .emptyDictionary: push(.dictionary(heap.container()))
    case .append: try appendToList(from: stack.count - 1)
    case .appends: try appendToList(from: popMark())
    case .setItem: try setItems(from: stack.count - 2)
    case .setItems: try setItems(from: popMark())

    case .mark:
      marks.append(stack.count)
      if marks.count > deepestMarks {
        deepestMarks = marks.count
        heap.spend(1, of: Int.self)
      }
    case .put: try remember(Int(try argument(UInt8.self)))
    case .longPut: try remember(Int(try argument(UInt32.self)))
    case .memoize: try remember(memo.count)
    case .get: push(try recall(Int(try argument(UInt8.self))))
    case .longGet: push(try recall(Int(try argument(UInt32.self))))

    case .global: push(try readGlobal())
    case .stackGlobal: push(try popGlobal())
    case .reduce: try call()
    case .build: try build()
    case .persistentID: push(try readStorage())

    case .frame:
      // Frames only tell a reader how much to buffer.
      let length = try argument(UInt64.self)
      guard length <= UInt64(window.remaining) else { throw beyondEnd(length) }
    case .stop, .protocolNumber: throw failed(.unknownOpcode(opcode.rawValue))
    }
  }
}

extension PickleMachine {
  func failed(_ error: PickleError) -> CheckpointError { .pickle(file: file, offset: opcodeOffset, error: error) }

  func beyondEnd(_ length: UInt64) -> CheckpointError {
    failed(.lengthBeyondEnd(opcode: opcode.name, length: length, available: window.remaining))
  }

  func checkMemory() throws(CheckpointError) {
    guard heap.spent <= memoryLimit else { throw failed(.tooMuchMemory(limit: memoryLimit)) }
  }

  /// An integer after the opcode.
  mutating func argument<Integer: FixedWidthInteger & UnsignedInteger>(
    _ type: Integer.Type
  ) throws(CheckpointError) -> Integer {
    guard let value = try window.integer(type) else { throw failed(.truncated(opcode: opcode.name)) }
    return value
  }

  mutating func push(_ value: PickleValue) {
    stack.append(value)
    if stack.count > deepestStack {
      deepestStack = stack.count
      heap.spend(1, of: PickleValue.self)
    }
  }

  /// The topmost value, which must lie above the last mark.
  mutating func pop() throws(CheckpointError) -> PickleValue {
    try demand(1)
    return stack.removeLast()
  }

  /// Demands that so many values lie above the last mark.
  func demand(_ count: Int) throws(CheckpointError) {
    guard stack.count - (marks.last ?? 0) >= count else { throw failed(.stackUnderflow(opcode: opcode.name)) }
  }

  mutating func removeLast(_ count: Int) { stack.removeLast(count) }

  /// Takes the last mark away and gives its place in the stack.
  mutating func popMark() throws(CheckpointError) -> Int {
    guard let mark = marks.popLast() else { throw failed(.missingMark(opcode: opcode.name)) }
    return mark
  }

  private mutating func remember(_ index: Int) throws(CheckpointError) {
    try demand(1)
    // Each entry takes a step of the program; so a count that starts anywhere near 0 stays below this.
    guard index <= opcodeOffset - begin else { throw failed(.memoIndexTooLarge(index: index)) }
    if index >= memo.count {
      heap.spend(index + 1 - memo.count, of: PickleValue?.self)
      // Before the memory is taken.
      try checkMemory()
      memo.append(contentsOf: repeatElement(nil, count: index + 1 - memo.count))
    }
    memo[index] = stack[stack.count - 1]
  }

  private func recall(_ index: Int) throws(CheckpointError) -> PickleValue {
    guard index < memo.count, let value = memo[index] else { throw failed(.missingMemo(index: index)) }
    return value
  }
}
