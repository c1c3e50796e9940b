// SPDX-License-Identifier: Apache-2.0

/// How many queries a work-group of `attention` takes. A query's bits do not depend on it.
enum AttentionConfiguration: Hashable, Sendable {
  /// Vectors of queries, on a CPU device.
  case vectors(Int)
  /// Rows of the query tile, on a GPU.
  case tile(Int)

  /// Queries that a work-group takes.
  func queries(vectorWidth: Int) -> Int {
    switch self {
    case .vectors(let count): count * vectorWidth
    case .tile(let rows): rows
    }
  }
}

extension AttentionConfiguration: TunedConfiguration {
  static let operation = TuningKey.Operation.attention

  /// As it stands on disk: `vectors 2`, `tile 64`.
  var description: String {
    switch self {
    case .vectors(let count): "vectors \(count)"
    case .tile(let rows): "tile \(rows)"
    }
  }

  init?(_ description: String) {
    let words = description.split(separator: " ")
    guard words.count == 2, let number = Int(words[1]), (1...1024).contains(number) else { return nil }
    switch words[0] {
    case "vectors": self = .vectors(number)
    case "tile": self = .tile(number)
    default: return nil
    }
  }
}
