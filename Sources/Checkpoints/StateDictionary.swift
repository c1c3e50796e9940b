// SPDX-License-Identifier: Apache-2.0

import StrictJSON

/// The tensors of a pickled dictionary, each checked against the record that holds its bytes.
struct StateDictionary: Sendable {
  /// In the order of the data.
  private(set) var tensorNames: [String] = []
  /// Keys whose values are no tensors.
  private(set) var ignoredKeys: [String] = []

  // What is known of `tensorNames[i]`; sizes, then strides, lie end to end in one array.
  private struct Tensor {
    var offset: Int
    var record: UInt32
    var dimensionsStart: UInt32
    var rank: UInt8
    var dataType: DataType
  }
  private var tensors: [Tensor] = []
  private var dimensions: [Int] = []
  private var table = KeyTable()
  // What `noTensors` lists: the first few keys.
  private var found: [String] = []
  private static let foundLimit = 8

  /// - Parameters:
  ///   - root: what the pickle left.
  ///   - machine: the one that ran it.
  ///   - records: the records in the file.
  ///   - file: its path and size.
  /// - Throws: `CheckpointError.pytorch`, and for names, shapes and numbers of tensors what a safetensors header gets.
  init(
    _ root: PickleValue, _ machine: inout PickleMachine, _ records: StorageRecords, file: SharedFile
  ) throws(CheckpointError) {
    let index: UInt32
    switch root {
    case .dictionary(let dictionary), .orderedDictionary(let dictionary): index = dictionary
    default: throw .pytorch(file: file.path, error: .notDictionary(kind: root.kind))
    }
    let count = machine.heap.containers[Int(index)].count / 2
    var cursor = machine.heap.firstLink(of: index)
    for _ in 0..<count {
      let key = machine.heap.next(&cursor)
      let value = machine.heap.next(&cursor)
      try add(key, value, &machine, records, file)
      try machine.checkMemory()
    }
    guard !tensors.isEmpty || found.isEmpty else {
      if count > found.count { found.append("... (\(count) keys)") }
      throw .pytorch(file: file.path, error: .noTensors(found: found))
    }
    arrange(records)
  }

  /// A tensor by name, with the record that holds its bytes.
  func find(_ name: String) -> (info: TensorInfo, view: StridedView, record: Int)? {
    guard let index = table.find(name, keys: tensorNames) else { return nil }
    let tensor = tensors[index]
    let (start, rank) = (Int(tensor.dimensionsStart), Int(tensor.rank))
    let shape = Array(dimensions[start..<start + rank])
    guard let info = TensorInfo(name: name, dataType: tensor.dataType, shape: shape) else { return nil }
    let strides = Array(dimensions[start + rank..<start + 2 * rank])
    return (info, StridedView(offset: tensor.offset, shape: shape, strides: strides), Int(tensor.record))
  }
}

extension StateDictionary {
  private mutating func add(
    _ key: PickleValue, _ value: PickleValue, _ machine: inout PickleMachine, _ records: StorageRecords,
    _ file: SharedFile
  ) throws(CheckpointError) {
    guard case .text(let text) = key else { throw .pytorch(file: file.path, error: .keyNotText(kind: key.kind)) }
    let bytes = machine.heap.bytes(ofText: text)
    let name = String(decoding: bytes, as: UTF8.self)
    guard isTensorName(name), name.utf8.elementsEqual(bytes) else { throw .invalidName(file: file.path, tensor: name) }
    // The string on the heap, its place in an array, and in the table of names.
    machine.heap.spend(bytes.count / 3 + 40, of: UInt8.self)
    guard case .tensor(let index) = value else {
      ignoredKeys.append(name)
      if found.count < Self.foundLimit { found.append("\(quoted(name)) (\(value.kind))") }
      return
    }
    guard tensors.count < SafetensorsHeader.tensorLimit else {
      throw .tooManyTensors(file: file.path, limit: SafetensorsHeader.tensorLimit)
    }
    tensorNames.append(name)
    guard table.insert(tensors.count, keys: tensorNames) == nil else {
      throw .duplicateTensor(file: file.path, tensor: name)
    }
    try add(machine.heap.tensors[Int(index)], name, &machine.heap, records, file)
  }

  private mutating func add(
    _ tensor: PickleHeap.Tensor, _ name: String, _ heap: inout PickleHeap, _ records: StorageRecords, _ file: SharedFile
  ) throws(CheckpointError) {
    func failed(_ error: PyTorchError) -> CheckpointError { .pytorch(file: file.path, error: error) }
    let storage = heap.storages[Int(tensor.storage)]
    let key = String(decoding: heap.bytes(ofText: storage.key), as: UTF8.self)
    guard let record = records.find(key) else { throw failed(.missingStorage(tensor: name, storage: key)) }
    let found = records.records[record].byteCount
    let (bytes, overflow) = storage.count.multipliedReportingOverflow(by: storage.dataType.byteCount)
    guard !overflow, bytes == found else {
      throw failed(
        .wrongStorageSize(storage: key, dataType: storage.dataType, elements: storage.count, found: found))
    }
    let (sizes, strides) = (heap.elements(ofTuple: tensor.sizes), heap.elements(ofTuple: tensor.strides))
    guard sizes.count <= SafetensorsHeader.rankLimit else {
      throw .rankTooHigh(file: file.path, tensor: name, limit: SafetensorsHeader.rankLimit)
    }
    guard sizes.count == strides.count else {
      throw failed(.rankMismatch(tensor: name, sizes: sizes.count, strides: strides.count))
    }
    let view = StridedView(
      offset: tensor.offset, shape: sizes.compactMap(heap.int), strides: strides.compactMap(heap.int))
    guard view.shape.count == sizes.count, view.strides.count == strides.count else {
      throw failed(.viewNotIntegers(tensor: name))
    }
    guard let info = TensorInfo(name: name, dataType: storage.dataType, shape: view.shape) else {
      throw .shapeOverflow(file: file.path, tensor: name, shape: view.shape)
    }
    do throws(PyTorchError) {
      try view.check(info, elements: storage.count, byteLimit: file.size)
    } catch {
      throw failed(error)
    }
    heap.spend(1, of: Tensor.self)
    heap.spend(2 * sizes.count, of: Int.self)
    tensors.append(
      Tensor(
        offset: view.offset, record: UInt32(record), dimensionsStart: UInt32(dimensions.count),
        rank: UInt8(sizes.count), dataType: storage.dataType))
    dimensions.append(contentsOf: view.shape)
    dimensions.append(contentsOf: view.strides)
  }

  /// Sorts the tensors by their place in the file.
  private mutating func arrange(_ records: StorageRecords) {
    func place(_ index: Int) -> (Int, Int) {
      (records.records[Int(tensors[index].record)].offset, tensors[index].offset)
    }
    let order = tensors.indices.sorted { left, right in
      let (first, second) = (place(left), place(right))
      return first == second ? left < right : first < second
    }
    guard !order.elementsEqual(tensors.indices) else { return }
    tensors = order.map { tensors[$0] }
    tensorNames = order.map { tensorNames[$0] }
    table = KeyTable()
    for index in tensorNames.indices { _ = table.insert(index, keys: tensorNames) }
  }
}
