// SPDX-License-Identifier: Apache-2.0

import StrictJSON

/// An open safetensors file whose header has been checked in full.
///
/// The data stays in the file and is read on demand, through `pread`: many threads may read at once, and a file that
/// shrinks in the meantime is an error, not a signal.
public final class SafetensorsFile: TensorSource {
  public let path: String
  private let file: RegularFile
  private let header: SafetensorsHeader
  private let dataOffset: Int

  /// Opens the file and reads its header.
  ///
  /// - Throws: `CheckpointError`: `.file` if there is no readable regular file; otherwise what is wrong with the header,
  ///   or between the header and the data.
  public init(path: String) throws(CheckpointError) {
    self.path = path
    file = try Self.wrap { () throws(FileError) in try RegularFile(path: path) }
    guard file.size >= 8 else { throw .tooShort(file: path, size: file.size) }
    let length = try Self.headerLength(file)
    guard length <= UInt64(SafetensorsHeader.byteLimit) else {
      throw .headerTooLarge(file: path, length: length, limit: SafetensorsHeader.byteLimit)
    }
    guard length <= UInt64(file.size - 8) else {
      throw .headerBeyondFile(file: path, length: length, available: file.size - 8)
    }
    let count = Int(length)
    dataOffset = 8 + count
    let text = UnsafeMutableRawBufferPointer.allocate(byteCount: count, alignment: 8)
    defer { text.deallocate() }
    do throws(FileError) { try file.read(into: text, at: 8) } catch { throw .file(error) }
    header = try SafetensorsHeader(UnsafeRawBufferPointer(text), dataBytes: file.size - dataOffset, file: path)
  }

  public var tensorNames: [String] { header.tensorNames }

  /// The pairs of `__metadata__`, all strings; empty if there are none.
  public var metadata: JSONObject { header.metadata }

  public func tensor(named name: String) -> TensorInfo? { header.find(name)?.info }

  public func readBytes(
    of name: String, from byteOffset: Int, into buffer: UnsafeMutableRawBufferPointer
  ) throws(CheckpointError) {
    guard let (info, begin) = header.find(name) else { throw .noSuchTensor(file: path, tensor: name) }
    let size = info.byteCount
    guard byteOffset >= 0, byteOffset <= size, buffer.count <= size - byteOffset else {
      throw .outsideTensor(file: path, tensor: name, offset: byteOffset, count: buffer.count, size: size)
    }
    do throws(FileError) {
      try file.read(into: buffer, at: dataOffset + begin + byteOffset)
    } catch {
      throw .file(error)
    }
  }

  private static func headerLength(_ file: borrowing RegularFile) throws(CheckpointError) -> UInt64 {
    var length: UInt64 = 0
    var failure: FileError?
    withUnsafeMutableBytes(of: &length) { bytes in
      do throws(FileError) { try file.read(into: bytes, at: 0) } catch { failure = error }
    }
    if let failure { throw .file(failure) }
    return UInt64(littleEndian: length)
  }

  private static func wrap(
    _ open: () throws(FileError) -> RegularFile
  ) throws(CheckpointError) -> RegularFile {
    do throws(FileError) { return try open() } catch { throw .file(error) }
  }
}
