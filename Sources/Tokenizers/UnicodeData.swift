// SPDX-License-Identifier: Apache-2.0

/// A set of scalars as sorted, disjoint ranges.
struct ScalarSet: Sendable {
  private(set) var starts: [UInt32] = []
  private(set) var ends: [UInt32] = []

  mutating func append(start: UInt32, count: UInt32) {
    starts.append(start)
    ends.append(start &+ count)
  }

  var ranges: Zip2Sequence<[UInt32], [UInt32]> { zip(starts, ends) }

  func contains(_ scalar: UInt32) -> Bool { index(of: scalar) != nil }

  /// The range that holds the scalar.
  func index(of scalar: UInt32) -> Int? {
    let above = starts.firstIndexSorted { $0 > scalar }
    return above > 0 && scalar < ends[above - 1] ? above - 1 : nil
  }
}

/// The tables of `UnicodeTables`, decoded. Source: scripts/make-unicode-tables.py, which asks the `tokenizers` package.
struct UnicodeData: Sendable {
  static let shared = UnicodeData()

  let removed: ScalarSet
  let whiteSpace: ScalarSet
  let punctuation: ScalarSet
  let ideographs: ScalarSet
  let nonspacingMarks: ScalarSet
  let wordNeighbours: ScalarSet
  /// The scalars with a canonical combining class other than 0, and the class of each range of them.
  let combining: ScalarSet
  private let classes: [UInt8]
  private let decompositions: ScalarMap
  private let lowercase: ScalarMap

  private init() {
    removed = Self.ranges(UnicodeTables.removed)
    whiteSpace = Self.ranges(UnicodeTables.whiteSpace)
    punctuation = Self.ranges(UnicodeTables.punctuation)
    ideographs = Self.ranges(UnicodeTables.ideographs)
    nonspacingMarks = Self.ranges(UnicodeTables.nonspacingMarks)
    wordNeighbours = Self.ranges(UnicodeTables.wordNeighbours)
    (combining, classes) = Self.classes(UnicodeTables.combiningClasses)
    decompositions = Self.map(UnicodeTables.decompositions)
    var lower = Self.deltas(UnicodeTables.lowercase)
    lower.merge(Self.map(UnicodeTables.lowercaseMany))
    lowercase = lower
  }

  /// Every scalar whose decomposition or lower case is not itself; Hangul syllables are not listed.
  var mapped: [UInt32] { decompositions.keys + lowercase.keys }

  func combiningClass(of scalar: UInt32) -> UInt8 {
    combining.index(of: scalar).map { classes[$0] } ?? 0
  }

  /// The lower case of one scalar, without context: the fast tokenizer knows no final sigma.
  func lowercased(_ scalar: UInt32) -> ArraySlice<UInt32> { lowercase[scalar] ?? [scalar] }

  /// The full canonical decomposition of one scalar, in canonical order.
  func decomposed(_ scalar: UInt32) -> ArraySlice<UInt32> {
    if Hangul.syllables.contains(scalar) { return Hangul.decomposed(scalar) }
    return decompositions[scalar] ?? [scalar]
  }
}

/// Hangul syllables decompose by arithmetic. Source: The Unicode Standard, section 3.12.
enum Hangul {
  static let syllables: Range<UInt32> = 0xAC00..<0xD7A4

  static func decomposed(_ syllable: UInt32) -> ArraySlice<UInt32> {
    let index = syllable - 0xAC00
    let (lead, vowel, trail) = (0x1100 + index / 588, 0x1161 + index % 588 / 28, 0x11A7 + index % 28)
    return trail == 0x11A7 ? [lead, vowel] : [lead, vowel, trail]
  }
}

/// A map from scalars to one or more scalars, sorted by key.
struct ScalarMap: Sendable {
  private(set) var keys: [UInt32] = []
  private var bounds: [Int] = [0]
  private var targets: [UInt32] = []

  mutating func append(_ key: UInt32, _ values: some Collection<UInt32>) {
    keys.append(key)
    targets += values
    bounds.append(targets.count)
  }

  mutating func merge(_ other: ScalarMap) {
    var merged = ScalarMap()
    for key in (keys + other.keys).sorted() { merged.append(key, other[key] ?? self[key] ?? [key]) }
    self = merged
  }

  subscript(key: UInt32) -> ArraySlice<UInt32>? {
    let index = keys.firstIndexSorted { $0 >= key }
    guard index < keys.count, keys[index] == key else { return nil }
    return targets[bounds[index]..<bounds[index + 1]]
  }
}

extension Array {
  /// The first index whose element satisfies `predicate`, which is false up to it and true from it on.
  func firstIndexSorted(where predicate: (Element) -> Bool) -> Int {
    var (low, high) = (0, count)
    while low < high {
      let middle = (low + high) / 2
      if predicate(self[middle]) { high = middle } else { low = middle + 1 }
    }
    return low
  }
}
