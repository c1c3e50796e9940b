// SPDX-License-Identifier: Apache-2.0

import Synchronization

/// What becomes of each scalar under one setting of the normalizer and the pre-tokenizer together.
///
/// A two-stage table: `blocks[scalar >> 7]` names a block of 128 entries. An entry is a kind (high four bits) and a
/// payload: a scalar, or an index into `expansions`.
struct ScalarTable: Sendable {
  enum Kind {
    /// The scalar itself, part of a word.
    static let keep: UInt32 = 0
    /// The payload's scalar, part of a word.
    static let one: UInt32 = 1
    /// Dropped by `cleanText`: for everything after, it was never there.
    static let removed: UInt32 = 2
    /// Ends a word.
    static let white: UInt32 = 3
    /// The payload's scalar, a word of its own: punctuation, or an ideograph between its blanks.
    static let isolated: UInt32 = 4
    /// `expansions[payload]` elements follow it, maybe none.
    static let several: UInt32 = 5
    /// Decomposes into marks that are all dropped, but whose classes order the marks around it.
    static let mark: UInt32 = 6
    /// Decomposes into marks (combining class not 0) of which some stay: the order of the whole run matters.
    static let retainedMark: UInt32 = 7
    /// A starter whose decomposition ends in marks that stay.
    static let retainedStarter: UInt32 = 8
  }

  /// Elements of an expansion: the scalar, and above it what it is.
  static let elementIsWhite: UInt32 = 1 << 24
  static let elementIsIsolated: UInt32 = 1 << 25
  static let scalarMask: UInt32 = 0x1F_FFFF

  private static let cache = Mutex<[NormalizerOptions: ScalarTable]>([:])

  /// The table for a setting; made once per process, since it takes milliseconds.
  static func shared(_ options: NormalizerOptions) -> ScalarTable {
    var key = options
    key.stripAccents = options.stripsAccents
    return cache.withLock { tables in
      if let table = tables[key] { return table }
      let table = ScalarTable(options: key)
      tables[key] = table
      return table
    }
  }

  let options: NormalizerOptions
  private(set) var blocks: [UInt16] = []
  private(set) var entries: [UInt32] = []
  /// Each expansion: a count, then so many elements.
  private(set) var expansions: [UInt32] = []
  /// For bytes below 0x80 that are part of a word: the byte they become. 0 for all others.
  private(set) var ascii = [UInt8](repeating: 0, count: 256)

  init(options: NormalizerOptions) {
    self.options = options
    let data = UnicodeData.shared
    var flat = [UInt32](repeating: 0, count: 0x110000)
    for (start, end) in data.whiteSpace.ranges { for s in start..<end { flat[Int(s)] = entry(Kind.white, 0) } }
    for (start, end) in data.punctuation.ranges { for s in start..<end { flat[Int(s)] = entry(Kind.isolated, s) } }
    for scalar in changed(data) {
      let elements = expand(scalar, data)
      flat[Int(scalar)] = classify(scalar, elements, data)
    }
    if options.cleanText {
      for (start, end) in data.removed.ranges { for s in start..<end { flat[Int(s)] = entry(Kind.removed, 0) } }
    }
    for byte in 0..<128 {
      let (kind, payload) = (flat[byte] >> 28, flat[byte] & Self.scalarMask)
      if kind == Kind.keep { ascii[byte] = UInt8(byte) }
      if kind == Kind.one, payload < 128 { ascii[byte] = UInt8(payload) }
    }
    fold(flat)
  }

  private func entry(_ kind: UInt32, _ payload: UInt32) -> UInt32 { kind << 28 | payload }

  /// The scalars that this setting may change, or pad with blanks.
  private func changed(_ data: UnicodeData) -> [UInt32] {
    var scalars: [UInt32] = []
    if options.stripsAccents || options.doLowerCase { scalars += data.mapped }
    if options.stripsAccents {
      scalars += Hangul.syllables
      for (start, end) in data.nonspacingMarks.ranges { scalars += start..<end }
      for (start, end) in data.combining.ranges { scalars += start..<end }
    }
    if options.tokenizeChineseCharacters {
      for (start, end) in data.ideographs.ranges { scalars += start..<end }
    }
    return scalars
  }

  /// All that one scalar becomes on its own, with what each part is.
  func expand(_ scalar: UInt32, _ data: UnicodeData) -> [UInt32] {
    // cleanText has turned white space into a blank before anything could decompose it.
    if options.cleanText, data.whiteSpace.contains(scalar) { return [0x20 | Self.elementIsWhite] }
    var elements: [UInt32] = []
    let decomposed = options.stripsAccents ? data.decomposed(scalar) : [scalar]
    for part in decomposed where !(options.stripsAccents && data.nonspacingMarks.contains(part)) {
      elements += finish(part, data)
    }
    if options.tokenizeChineseCharacters, data.ideographs.contains(scalar) {
      return [0x20 | Self.elementIsWhite] + elements + [0x20 | Self.elementIsWhite]
    }
    return elements
  }

  /// The last steps for a scalar that is decomposed already: lower case, and what each part is.
  func finish(_ part: UInt32, _ data: UnicodeData) -> [UInt32] {
    let lower = options.doLowerCase ? data.lowercased(part) : [part]
    return lower.map { scalar in
      if data.whiteSpace.contains(scalar) { return scalar | Self.elementIsWhite }
      if data.punctuation.contains(scalar) { return scalar | Self.elementIsIsolated }
      return scalar
    }
  }

  private mutating func classify(_ scalar: UInt32, _ elements: [UInt32], _ data: UnicodeData) -> UInt32 {
    if options.stripsAccents {
      let decomposed = data.decomposed(scalar)
      let isMark = decomposed.map { data.combiningClass(of: $0) != 0 }
      let stays = zip(decomposed, isMark).contains { $1 && !data.nonspacingMarks.contains($0) }
      if isMark.first == true { return entry(stays ? Kind.retainedMark : Kind.mark, 0) }
      if stays { return entry(Kind.retainedStarter, 0) }
    }
    let white = Self.elementIsWhite
    if elements.count == 1, elements[0] == scalar { return entry(Kind.keep, 0) }
    if elements.count == 1, elements[0] <= Self.scalarMask { return entry(Kind.one, elements[0]) }
    if elements.count == 1, elements[0] & white != 0 { return entry(Kind.white, 0) }
    if elements.count == 1 { return entry(Kind.isolated, elements[0] & Self.scalarMask) }
    if elements.count == 3, elements[0] & white != 0, elements[2] & white != 0, elements[1] & white == 0 {
      return entry(Kind.isolated, elements[1] & Self.scalarMask)
    }
    let index = UInt32(expansions.count)
    expansions.append(UInt32(elements.count))
    expansions += elements
    return entry(Kind.several, index)
  }

  /// Shares equal blocks: 4 MB become about 100 KB.
  private mutating func fold(_ flat: [UInt32]) {
    var seen: [ArraySlice<UInt32>: UInt16] = [:]
    blocks.reserveCapacity(flat.count >> 7)
    for start in stride(from: 0, to: flat.count, by: 128) {
      let block = flat[start..<start + 128]
      if let index = seen[block] {
        blocks.append(index)
      } else {
        let index = UInt16(entries.count >> 7)
        seen[block] = index
        blocks.append(index)
        entries += block
      }
    }
  }
}
