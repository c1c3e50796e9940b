// SPDX-License-Identifier: Apache-2.0

/// Small files, read whole. The cap comes before the allocation.
public enum BoundedFile {
  /// The bytes of the regular file at `path`.
  ///
  /// - Parameter limit: the largest size accepted, in bytes.
  /// - Throws: `FileError`, also for a FIFO or a directory, and if the file shrinks while it is read.
  public static func read(path: String, limit: Int) throws(FileError) -> [UInt8] {
    let file = try RegularFile(path: path)
    guard file.size <= limit else { throw .tooLarge(path: path, size: file.size, limit: limit) }
    var failure: FileError?
    let bytes = [UInt8](unsafeUninitializedCapacity: file.size) { buffer, count in
      do throws(FileError) {
        let target = UnsafeMutableRawBufferPointer(buffer)
        try file.read(into: UnsafeMutableRawBufferPointer(rebasing: target[..<file.size]), at: 0)
        count = file.size
      } catch {
        failure = error
        count = 0
      }
    }
    if let failure { throw failure }
    return bytes
  }
}
