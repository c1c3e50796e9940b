// SPDX-License-Identifier: Apache-2.0

/// The normalized word that is being read: its UTF-8, and for each byte the scalar of the text that it came from.
///
/// Scratch memory of one encoding call, used by one thread. A word longer than `maxScalars` keeps only its bounds, since
/// all that will ever be said about it is that it is unknown; so memory does not grow with the text.
final class WordBuffer {
  private(set) var bytes: UnsafeMutablePointer<UInt8>
  private var origins: UnsafeMutablePointer<Int>
  private var capacity = 512
  private let maxScalars: Int

  private(set) var count = 0
  private(set) var scalars = 0
  /// Origin of the first scalar of the word.
  private(set) var firstOrigin = 0
  /// Origin of its last scalar.
  private(set) var lastOrigin = 0
  /// While true, byte k came from scalar `firstOrigin + k`, and `origins` is not filled.
  private var isContiguous = true

  init(maxScalars: Int) {
    self.maxScalars = maxScalars
    bytes = .allocate(capacity: capacity)
    // A lookup reads a few bytes past a short word, and must find something there.
    bytes.initialize(repeating: 0, count: 64)
    origins = .allocate(capacity: capacity)
  }

  deinit {
    bytes.deallocate()
    origins.deallocate()
  }

  @inline(__always) var isTooLong: Bool { scalars > maxScalars }

  @inline(__always) func reset() {
    count = 0
    scalars = 0
    isContiguous = true
  }

  /// The scalar of the text that byte `index` of the word came from.
  @inline(__always) func origin(_ index: Int) -> Int {
    isContiguous ? firstOrigin + index : origins[index]
  }

  /// Appends bytes of `source` for as long as `map` gives them a letter. Returns how many.
  ///
  /// - Parameters:
  ///   - map: 256 entries: the byte to append, or 0 to stop.
  ///   - origin: of the first byte; each byte is one scalar.
  @inline(__always)
  func append(ascii source: UnsafePointer<UInt8>, limit: Int, map: UnsafePointer<UInt8>, origin: Int) -> Int {
    if count + 64 > capacity { grow() }
    // What is left over stays for the next call: a pass never overruns the buffer.
    let room = min(limit, min(capacity - count, maxScalars &- scalars))
    if room <= 0 { return overflow(source, limit, map, origin) }
    let out = bytes + count
    var done = 0
    while done < room {
      let byte = map[Int(source[done])]
      if byte == 0 { break }
      out[done] = byte
      done &+= 1
    }
    if done == 0 { return 0 }
    if count == 0 {
      firstOrigin = origin
    } else if !isContiguous || firstOrigin + count != origin {
      breakContiguity()
      for k in 0..<done { origins[count + k] = origin + k }
    }
    count &+= done
    scalars &+= done
    lastOrigin = origin &+ done &- 1
    return done
  }

  private func overflow(
    _ source: UnsafePointer<UInt8>, _ limit: Int, _ map: UnsafePointer<UInt8>, _ origin: Int
  ) -> Int {
    var done = 0
    while done < limit, map[Int(source[done])] != 0 { done += 1 }
    scalars += done
    if done > 0 { lastOrigin = origin + done - 1 }
    return done
  }

  /// Appends one scalar.
  @inline(__always)
  func append(_ scalar: UInt32, origin: Int) {
    if scalars == 0 { firstOrigin = origin }
    scalars += 1
    lastOrigin = origin
    if scalars > maxScalars { return }
    if count + 64 > capacity { grow() }
    if scalar < 0x80, isContiguous, firstOrigin + count == origin {
      bytes[count] = UInt8(truncatingIfNeeded: scalar)
      count += 1
      return
    }
    breakContiguity()
    let start = count
    if scalar < 0x80 {
      put(scalar)
    } else if scalar < 0x800 {
      put(0xC0 | scalar >> 6)
      put(0x80 | scalar & 0x3F)
    } else if scalar < 0x10000 {
      put(0xE0 | scalar >> 12)
      put(0x80 | scalar >> 6 & 0x3F)
      put(0x80 | scalar & 0x3F)
    } else {
      put(0xF0 | scalar >> 18)
      put(0x80 | scalar >> 12 & 0x3F)
      put(0x80 | scalar >> 6 & 0x3F)
      put(0x80 | scalar & 0x3F)
    }
    for k in start..<count { origins[k] = origin }
  }

  @inline(__always)
  private func put(_ byte: UInt32) {
    bytes[count] = UInt8(truncatingIfNeeded: byte)
    count += 1
  }

  private func breakContiguity() {
    guard isContiguous else { return }
    for k in 0..<count { origins[k] = firstOrigin + k }
    isContiguous = false
  }

  private func grow() {
    let larger = capacity * 2
    let newBytes = UnsafeMutablePointer<UInt8>.allocate(capacity: larger)
    let newOrigins = UnsafeMutablePointer<Int>.allocate(capacity: larger)
    newBytes.update(from: bytes, count: count)
    if !isContiguous { newOrigins.update(from: origins, count: count) }
    bytes.deallocate()
    origins.deallocate()
    (bytes, origins, capacity) = (newBytes, newOrigins, larger)
  }

  /// The word as a string. Only for words that are not too long.
  var string: String { String(decoding: UnsafeBufferPointer(start: bytes, count: count), as: UTF8.self) }
}
