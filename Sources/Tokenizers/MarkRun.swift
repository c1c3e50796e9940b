// SPDX-License-Identifier: Apache-2.0

/// A run of combining marks under NFD: decomposed, put in canonical order, stripped of accents.
///
/// Nearly all marks are nonspacing and vanish, so the scanner calls this for the few texts where one stays.
enum MarkRun {
  /// Reads the run at the cursor: one scalar with marks, or of marks, and all marks that follow it.
  ///
  /// The `k`-th scalar of the run gives its origin to the `k`-th first part in canonical order, and later parts share
  /// the origin of what precedes them: that is how the fast tokenizer aligns NFD, also where the order changed.
  ///
  /// - Returns: elements as `ScalarTable` has them, with their origins. Takes linear time.
  static func read(_ cursor: inout ScalarCursor, table: ScalarTable) -> [(element: UInt32, origin: Int)] {
    let start = cursor
    var stays = table.entry(cursor.next()) >> 28 != ScalarTable.Kind.mark
    while !cursor.isAtEnd {
      var ahead = cursor
      let kind = table.entry(ahead.next()) >> 28
      guard kind == ScalarTable.Kind.mark || kind == ScalarTable.Kind.retainedMark || kind == ScalarTable.Kind.removed
      else { break }
      if kind == ScalarTable.Kind.retainedMark { stays = true }
      cursor = ahead
    }
    guard stays else { return [] }
    return ordered(from: start, to: cursor.position, table: table)
  }

  private struct Part {
    var scalar: UInt32
    var rank: UInt8
    var isFirst: Bool
  }

  private static func ordered(
    from start: ScalarCursor, to end: Int, table: ScalarTable
  ) -> [(element: UInt32, origin: Int)] {
    let data = UnicodeData.shared
    var (starters, marks): ([Part], [Part]) = ([], [])
    var origins: [Int] = []
    var cursor = start
    while cursor.position < end {
      let origin = cursor.index
      let scalar = cursor.next()
      if table.entry(scalar) >> 28 == ScalarTable.Kind.removed { continue }
      origins.append(origin)
      for (offset, part) in data.decomposed(scalar).enumerated() {
        let rank = data.combiningClass(of: part)
        if rank == 0 {
          starters.append(Part(scalar: part, rank: 0, isFirst: offset == 0))
        } else {
          marks.append(Part(scalar: part, rank: rank, isFirst: offset == 0))
        }
      }
    }
    var elements: [(element: UInt32, origin: Int)] = []
    var consumed = 0
    for part in starters + sorted(marks) {
      if part.isFirst { consumed += 1 }
      if data.nonspacingMarks.contains(part.scalar) { continue }
      for element in table.finish(part.scalar, data) { elements.append((element, origins[max(consumed, 1) - 1])) }
    }
    return elements
  }

  /// By combining class, equal classes in place: a counting sort, so that 10^5 marks take no longer than they should.
  private static func sorted(_ parts: [Part]) -> [Part] {
    var next = [Int](repeating: 0, count: 257)
    for part in parts { next[Int(part.rank) + 1] += 1 }
    for rank in 1..<257 { next[rank] += next[rank - 1] }
    var order = parts
    for part in parts {
      order[next[Int(part.rank)]] = part
      next[Int(part.rank)] += 1
    }
    return order
  }
}
