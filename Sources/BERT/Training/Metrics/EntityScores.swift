// SPDX-License-Identifier: Apache-2.0

/// Entities found among those that are there: a hit has the same type, first and last word.
///
/// Source: seqeval 1.2.2 in its default mode, which takes the tags of `conlleval`: an `I-` begins an entity where none of
/// its type is open.
public struct EntityScores: Sendable, Equatable {
  private var hits = 0
  private var found = 0
  private var wanted = 0
  private var rightTags = 0
  private var tags = 0

  public init() {}

  /// Adds a sentence.
  ///
  /// - Parameters:
  ///   - labels: the true tag of each word, `B-PER`, `I-PER`, `O`...
  ///   - predictions: as many predicted ones.
  public mutating func add(labels: [String], predictions: [String]) {
    let there = Set(EntityScores.entities(labels))
    let predicted = Set(EntityScores.entities(predictions))
    hits += there.intersection(predicted).count
    wanted += there.count
    found += predicted.count
    tags += labels.count
    rightTags += zip(labels, predictions).count { $0 == $1 }
  }

  /// Hits among the entities found; 0 where none was found.
  public var precision: Double { ratio(Double(hits), Double(found)) }
  /// Hits among the entities that are there; 0 where there are none.
  public var recall: Double { ratio(Double(hits), Double(wanted)) }
  /// The harmonic mean of precision and recall.
  public var f1: Double { ratio(2 * Double(hits), Double(found + wanted)) }
  /// Words with the right tag.
  public var accuracy: Double { ratio(Double(rightTags), Double(tags)) }

  package struct Entity: Hashable, Sendable {
    package let type: String
    package let words: ClosedRange<Int>
  }

  /// The entities of a sentence. Source: `get_entities`.
  package static func entities(_ tags: [String]) -> [Entity] {
    var entities: [Entity] = []
    var (previous, start) = (Tag("O"), 0)
    // One tag more closes what is open.
    for (index, name) in (tags + ["O"]).enumerated() {
      let tag = Tag(name)
      if tag.ends(previous) { entities.append(Entity(type: previous.type, words: start...index - 1)) }
      if tag.begins(after: previous) { start = index }
      previous = tag
    }
    return entities
  }

  /// `B-PER`: its first letter, and what follows the first hyphen.
  private struct Tag {
    let letter: Unicode.Scalar
    let type: String

    init(_ name: String) {
      let scalars = name.unicodeScalars
      letter = scalars.first ?? "O"
      let rest = scalars.dropFirst()
      let type = rest.firstIndex(of: "-").map { rest[rest.index(after: $0)...] } ?? rest
      self.type = type.isEmpty ? "_" : String(type)
    }

    private var isOutside: Bool { letter == "O" || letter == "." }

    func ends(_ previous: Tag) -> Bool {
      if previous.letter == "E" || previous.letter == "S" { return true }
      let isInside = previous.letter == "B" || previous.letter == "I"
      if isInside, letter == "B" || letter == "S" || letter == "O" { return true }
      return !previous.isOutside && previous.type != type
    }

    func begins(after previous: Tag) -> Bool {
      if letter == "B" || letter == "S" { return true }
      let isClosed = previous.letter == "E" || previous.letter == "S" || previous.letter == "O"
      if isClosed, letter == "E" || letter == "I" { return true }
      return !isOutside && previous.type != type
    }
  }
}
