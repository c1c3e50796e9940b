// SPDX-License-Identifier: Apache-2.0

import StrictJSON

/// What `torch.save` wrote before version 1.6, and writes with `_use_new_zipfile_serialization=False`.
///
/// Five pickles one after the other: a magic number, the version of the format, a dictionary about the machine, the object
/// itself, the list of its storages' keys; then for each key the number of elements in 8 bytes, and the elements.
///
/// Source: torch/serialization.py, `_legacy_save`.
struct LegacyStream {
  let records: StorageRecords
  let root: PickleValue

  // 0x1950A86A20F9469CFC6C, little-endian.
  private static let magic: [UInt8] = [0x6C, 0xFC, 0x9C, 0x46, 0xF9, 0x20, 0x6A, 0xA8, 0x50, 0x19]
  private static let version = 1001

  /// - Throws: `CheckpointError.pickle`, `.pytorch`, `.trailingBytes`, `.file`.
  init(_ machine: inout PickleMachine, _ file: SharedFile) throws(CheckpointError) {
    func failed(_ error: PyTorchError) -> CheckpointError { .pytorch(file: file.path, error: error) }
    guard case .hugeInteger(let magic) = try machine.run(),
      machine.heap.bytes(ofText: magic).elementsEqual(Self.magic)
    else { throw failed(.unknownFormat) }
    let version = try machine.run()
    guard machine.heap.int(version) == Self.version else {
      throw failed(.unsupportedVersion(machine.heap.int(version).map(String.init) ?? version.kind))
    }
    let system = try machine.run()
    guard case .dictionary(let system) = system else { throw failed(.unsupportedVersion(system.kind)) }
    if machine.heap.isFalse("little_endian", in: system) { throw failed(.bigEndian) }
    root = try machine.run()
    let list = try machine.run()
    guard case .list(let keys) = list else { throw failed(.storageListKind(kind: list.kind)) }
    records = try Self.readRecords(keys, &machine, file)
  }

  private static func readRecords(
    _ keys: UInt32, _ machine: inout PickleMachine, _ file: SharedFile
  ) throws(CheckpointError) -> StorageRecords {
    func failed(_ error: PyTorchError) -> CheckpointError { .pytorch(file: file.path, error: error) }
    let used = UsedStorages(&machine.heap)
    try machine.checkMemory()
    var (names, table, records): ([String], KeyTable, [StorageRecord]) = ([], KeyTable(), [])
    var window = machine.window
    var cursor = machine.heap.firstLink(of: keys)
    for _ in 0..<machine.heap.containers[Int(keys)].count {
      let value = machine.heap.next(&cursor)
      guard case .text(let text) = value else { throw failed(.storageListKind(kind: "a list with \(value.kind)")) }
      let key = String(decoding: machine.heap.bytes(ofText: text), as: UTF8.self)
      guard let dataType = used.dataType(of: key) else {
        throw failed(.unusedStorage(storage: key))
      }
      names.append(key)
      guard table.insert(records.count, keys: names) == nil else { throw failed(.doubledStorage(storage: key)) }
      guard let bits = try window.integer(UInt64.self) else {
        throw failed(.missingElementCount(storage: key, available: window.remaining))
      }
      let elements = Int(Int64(bitPattern: bits))
      let (bytes, overflow) = elements.multipliedReportingOverflow(by: dataType.byteCount)
      guard elements >= 0, !overflow, bytes <= window.remaining else {
        throw failed(.storageOutside(storage: key, elements: elements, available: window.remaining))
      }
      records.append(StorageRecord(offset: window.offset, byteCount: bytes, checksum: nil))
      window.skip(bytes)
    }
    guard window.remaining == 0 else { throw .trailingBytes(file: file.path, count: window.remaining) }
    return StorageRecords(records, names: names, table: table, prefix: "")
  }
}

/// The storages that a pickle names, each once. The list in the file says neither type nor size.
private struct UsedStorages {
  private var keys: [String] = []
  private var dataTypes: [DataType] = []
  private var table = KeyTable()

  init(_ heap: inout PickleHeap) {
    for storage in heap.storages {
      keys.append(String(decoding: heap.bytes(ofText: storage.key), as: UTF8.self))
      if table.insert(dataTypes.count, keys: keys) == nil {
        dataTypes.append(storage.dataType)
      } else {
        keys.removeLast()
      }
    }
    // Each is there twice, here and in the records.
    heap.spend(2 * keys.count, of: (String, StorageRecord).self)
  }

  func dataType(of key: String) -> DataType? { table.find(key, keys: keys).map { dataTypes[$0] } }
}
