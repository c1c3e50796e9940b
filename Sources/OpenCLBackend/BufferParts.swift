// SPDX-License-Identifier: Apache-2.0
import OpenCLRuntime

/// Parts of buffers, each of which is made once and lives as long as the buffers do: plans come and go, and many values of
/// many plans lie in the same place. Touched on the executor's thread only. ``DeviceProfile/sharesArena`` says why.
final class BufferParts {
  private struct Place: Hashable {
    let whole: ObjectIdentifier
    let offset: Int
    let byteCount: Int
  }
  private var indices: [Place: Int] = [:]
  /// In the order made, in which an array releases them: the order that NVIDIA's driver was seen to survive.
  private var parts: [Buffer] = []

  /// The part of `byteCount` bytes from byte `offset` of a buffer.
  ///
  /// - Throws: what `Buffer.subBuffer(offset:byteCount:)` throws.
  func part(of whole: Buffer, offset: Int, byteCount: Int) throws(OpenCLError) -> Buffer {
    // A part keeps its whole, so the identifier stays that buffer's.
    let place = Place(whole: ObjectIdentifier(whole), offset: offset, byteCount: byteCount)
    if let index = indices[place] { return parts[index] }
    let part = try whole.subBuffer(offset: offset, byteCount: byteCount)
    indices[place] = parts.count
    parts.append(part)
    return part
  }
}
