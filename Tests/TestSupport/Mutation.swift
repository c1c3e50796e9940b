// SPDX-License-Identifier: Apache-2.0

/// Bytes with one to four small changes: what a broken download, a careless tool or an attacker might make of a file.
///
/// - Parameters:
///   - dictionary: texts of the format (`"dtype"`, `18446744073709551615`, ...) that are put in now and then.
///   - maximumCount: the result is cut to this many bytes.
public func mutate(
  _ original: [UInt8], dictionary: [String] = [], maximumCount: Int = 1 << 20,
  using generator: inout some RandomNumberGenerator
) -> [UInt8] {
  var bytes = original
  for _ in 0..<Int.random(in: 1...4, using: &generator) {
    mutateOnce(&bytes, dictionary, &generator)
  }
  return bytes.count > maximumCount ? Array(bytes[..<maximumCount]) : bytes
}

private func mutateOnce(
  _ bytes: inout [UInt8], _ dictionary: [String], _ generator: inout some RandomNumberGenerator
) {
  guard !bytes.isEmpty else {
    bytes.append(.random(in: 0...255, using: &generator))
    return
  }
  let at = Int.random(in: 0..<bytes.count, using: &generator)
  // A short range more often than a long one.
  let length = min(bytes.count - at, 1 << Int.random(in: 0...5, using: &generator))
  switch Int.random(in: 0..<9, using: &generator) {
  case 0: bytes[at] ^= 1 << UInt8.random(in: 0...7, using: &generator)
  case 1: bytes[at] = .random(in: 0...255, using: &generator)
  case 2:
    bytes[at] =
      [0, 0x20, 0x22, 0x2C, 0x30, 0x39, 0x5B, 0x5D, 0x7B, 0x7D, 0x7F, 0x80, 0xFF].randomElement(using: &generator) ?? 0
  case 3: bytes.removeSubrange(at..<at + length)
  case 4: bytes.insert(contentsOf: bytes[at..<at + length], at: at)
  case 5: bytes.removeSubrange(at...)
  case 6:
    let other = Int.random(in: 0...(bytes.count - length), using: &generator)
    for index in 0..<length { bytes.swapAt(at + index, other + index) }
  case 7:
    if let word = dictionary.randomElement(using: &generator) { bytes.insert(contentsOf: Array(word.utf8), at: at) }
  default:
    // The field's favourite: a number that is off by a little or by a lot.
    if let digit = bytes[at...].firstIndex(where: { (0x30...0x39).contains($0) }) {
      bytes[digit] = .random(in: 0x30...0x39, using: &generator)
    } else {
      bytes.append(contentsOf: repeatElement(bytes[at], count: length))
    }
  }
}
