// SPDX-License-Identifier: Apache-2.0

/// The offset of the first byte that belongs to no well-formed UTF-8 sequence (Unicode 16, table 3-7), or nil.
///
/// Used before strings are cut out: `String(decoding:)` would repair bad bytes in silence.
package func firstInvalidUTF8(_ bytes: UnsafeRawBufferPointer) -> Int? {
  let count = bytes.count
  var at = 0
  while at < count {
    // Eight ASCII bytes at a time: most of every file.
    if at + 8 <= count, bytes.loadUnaligned(fromByteOffset: at, as: UInt64.self) & 0x8080_8080_8080_8080 == 0 {
      at += 8
      continue
    }
    let lead = bytes[at]
    if lead < 0x80 {
      at += 1
      continue
    }
    // Continuation bytes needed, and the range of the first one: it excludes overlong forms, surrogates and > U+10FFFF.
    let (needed, low, high): (Int, UInt8, UInt8)
    switch lead {
    case 0xC2...0xDF: (needed, low, high) = (1, 0x80, 0xBF)
    case 0xE0: (needed, low, high) = (2, 0xA0, 0xBF)
    case 0xE1...0xEC, 0xEE, 0xEF: (needed, low, high) = (2, 0x80, 0xBF)
    case 0xED: (needed, low, high) = (2, 0x80, 0x9F)
    case 0xF0: (needed, low, high) = (3, 0x90, 0xBF)
    case 0xF1...0xF3: (needed, low, high) = (3, 0x80, 0xBF)
    case 0xF4: (needed, low, high) = (3, 0x80, 0x8F)
    default: return at
    }
    guard at + needed < count, bytes[at + 1] >= low, bytes[at + 1] <= high else { return at }
    var next = at + 2
    while next <= at + needed {
      guard bytes[next] & 0xC0 == 0x80 else { return at }
      next += 1
    }
    at = next
  }
  return nil
}
