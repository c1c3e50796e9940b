// SPDX-License-Identifier: Apache-2.0

import StrictJSON

/// An open regular file that several readers share, with a checkpoint's errors. Read by position, from any thread.
final class SharedFile: Sendable {
  private let file: RegularFile

  /// - Throws: `CheckpointError.file` if there is no readable regular file.
  init(path: String) throws(CheckpointError) {
    do throws(FileError) { file = try RegularFile(path: path) } catch { throw .file(error) }
  }

  var path: String { file.path }
  /// Bytes when it was opened.
  var size: Int { file.size }

  /// Fills `buffer` with the bytes from `offset` on.
  ///
  /// - Throws: `CheckpointError.file` if the file ends early or cannot be read.
  func read(into buffer: UnsafeMutableRawBufferPointer, at offset: Int) throws(CheckpointError) {
    do throws(FileError) { try file.read(into: buffer, at: offset) } catch { throw .file(error) }
  }

  /// A few bytes; the caller has checked that they are inside the file.
  func bytes(_ range: Range<Int>) throws(CheckpointError) -> [UInt8] {
    var failure: CheckpointError?
    let bytes = [UInt8](unsafeUninitializedCapacity: range.count) { buffer, count in
      do throws(CheckpointError) {
        let target = UnsafeMutableRawBufferPointer(buffer)
        try read(into: UnsafeMutableRawBufferPointer(rebasing: target[..<range.count]), at: range.lowerBound)
        count = range.count
      } catch {
        failure = error
      }
    }
    if let failure { throw failure }
    return bytes
  }
}
