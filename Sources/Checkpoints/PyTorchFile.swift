// SPDX-License-Identifier: Apache-2.0

import StrictJSON
import Synchronization

/// An open PyTorch checkpoint: `pytorch_model.bin`, a dictionary of tensors saved with `torch.save`, in the zip format of
/// torch 1.6 and later or in the older stream.
///
/// The pickle in it is not run: see `PickleMachine`. Opening reads the archive's directory and the pickle, and checks them
/// in full: names, shapes, that every tensor lies inside its storage and every storage in the file. Tensors saved from a
/// GPU, transposed or otherwise strided views, and tensors that share a storage are read like any other, in row-major
/// order.
///
/// The data stays in the file and is read on demand through `pread`, from any number of threads. The zip format has a
/// checksum per storage. It is checked when a storage is first read, before any of its bytes are handed out: opening a file
/// of 400 MB costs nothing, reading it a fifth of a second more, and what nobody reads is not checked. (torch itself
/// never checks; files written after `set_crc32_options(False)` have no valid checksums and are refused.)
public final class PyTorchFile: TensorSource {
  /// How the file is laid out.
  public enum Format: Sendable {
    /// torch 1.6 and later.
    case zip
    /// Before that: one pickle after the other, then the data. It has no checksums.
    case legacy
  }

  public let path: String
  public let format: Format
  private let file: SharedFile
  private let records: StorageRecords
  private let dictionary: StateDictionary
  // By record.
  private let verifications: [Verification]
  /// Tensors whose elements do not lie in row-major order, while they are read in parts.
  package let gathered = GatheredTensors()

  /// Opens the file and reads everything but the tensors' bytes.
  ///
  /// - Throws: `CheckpointError`: `.file` if there is no readable regular file; `.archive`, `.pickle` and `.pytorch` for
  ///   what those say; for names, shapes and numbers of tensors the same cases as a safetensors file.
  public init(path: String) throws(CheckpointError) {
    self.path = path
    let file = try SharedFile(path: path)
    self.file = file
    format = try Self.format(of: file)
    // A file of its own size plus a little bounds what its pickle may make the reader hold.
    let memoryLimit = min(file.size, 256 << 20) + 6 << 20
    func machine(_ range: Range<Int>) -> PickleMachine {
      PickleMachine(ByteWindow(file, range), file: path, memoryLimit: memoryLimit)
    }
    switch format {
    case .zip:
      let archive = try ZipLayout(file)
      var machine = machine(archive.pickle)
      let root = try machine.run()
      let rest = machine.window.remaining
      guard rest == 0 else { throw machine.failed(.trailingBytes(count: rest)) }
      records = archive.records
      dictionary = try StateDictionary(root, &machine, records, file: file)
    case .legacy:
      var machine = machine(0..<file.size)
      let stream = try LegacyStream(&machine, file)
      records = stream.records
      dictionary = try StateDictionary(stream.root, &machine, records, file: file)
    }
    verifications = records.records.map { [format] _ in Verification(isDone: format == .legacy) }
  }

  public var tensorNames: [String] { dictionary.tensorNames }

  /// The keys of the dictionary whose values are no tensors (numbers, texts, dictionaries...), in the pickle's order.
  public var ignoredKeys: [String] { dictionary.ignoredKeys }

  public func tensor(named name: String) -> TensorInfo? { dictionary.find(name)?.info }

  /// Reads part of a tensor's elements, as the file stores them.
  ///
  /// - Throws: as the protocol says; `CheckpointError.archive` with `.badChecksum` if the storage's bytes are damaged.
  public func readBytes(
    of name: String, from byteOffset: Int, into buffer: UnsafeMutableRawBufferPointer
  ) throws(CheckpointError) {
    guard let (info, view, record) = dictionary.find(name) else { throw .noSuchTensor(file: path, tensor: name) }
    let size = info.byteCount
    guard byteOffset >= 0, byteOffset <= size, buffer.count <= size - byteOffset else {
      throw .outsideTensor(file: path, tensor: name, offset: byteOffset, count: buffer.count, size: size)
    }
    guard buffer.count > 0 else { return }
    let storage = records.records[record]
    guard view.isContiguous else {
      _ = try verifications[record].once { () throws(CheckpointError) in
        try storage.verify(file, name: records.name(record))
        return true
      }
      guard buffer.count < size else { return try gather(info, view, storage, into: buffer) }
      return try gathered.read(info, from: byteOffset, into: buffer) { whole throws(CheckpointError) in
        try gather(info, view, storage, into: whole)
      }
    }
    // Read whole, it is checked on the way.
    let isRead = try verifications[record].once { () throws(CheckpointError) in
      guard buffer.count == storage.byteCount else {
        try storage.verify(file, name: records.name(record))
        return false
      }
      try storage.read(file, name: records.name(record), into: buffer)
      return true
    }
    if isRead { return }
    try file.read(into: buffer, at: storage.offset + view.offset * info.dataType.byteCount + byteOffset)
  }

  private func gather(
    _ info: TensorInfo, _ view: StridedView, _ storage: StorageRecord, into buffer: UnsafeMutableRawBufferPointer
  ) throws(CheckpointError) {
    switch info.dataType.byteCount {
    case 8: try view.gather(UInt64.self, from: file, dataOffset: storage.offset, into: buffer)
    case 4: try view.gather(UInt32.self, from: file, dataOffset: storage.offset, into: buffer)
    case 2: try view.gather(UInt16.self, from: file, dataOffset: storage.offset, into: buffer)
    default: try view.gather(UInt8.self, from: file, dataOffset: storage.offset, into: buffer)
    }
  }

  private static func format(of file: SharedFile) throws(CheckpointError) -> Format {
    let start = try file.bytes(0..<min(file.size, 24))
    if start.starts(with: [0x50, 0x4B, 3, 4]) { return .zip }
    if start.first == PickleOpcode.protocolNumber.rawValue { return .legacy }
    throw .pytorch(
      file: file.path, error: start.starts(with: "version https://git-lfs".utf8) ? .gitPointer : .unknownFormat)
  }
}

/// Whether a record's checksum has been found right. One thread looks; others that want bytes of the record wait for it.
private final class Verification: Sendable {
  private let isDone: Mutex<Bool>

  init(isDone: Bool) { self.isDone = Mutex(isDone) }

  /// What `check` returns if the record has yet to be checked, else false.
  func once(_ check: () throws(CheckpointError) -> Bool) throws(CheckpointError) -> Bool {
    try isDone.withLock { isDone throws(CheckpointError) in
      guard !isDone else { return false }
      let result = try check()
      isDone = true
      return result
    }
  }
}
