// SPDX-License-Identifier: Apache-2.0
import ComputeGraph

/// How many queries a work-group of attention takes. A query's bits do not depend on it.
enum AttentionConfiguration: Hashable, Sendable {
  /// Vectors of queries in one work-item of `attention`, on a CPU device.
  case vectors(Int)
  /// A tile of `attention_tiled`, on a GPU.
  case tile(AttentionTile)

  /// Vectors of queries that are worth a program: more of them spill.
  static let vectorCounts = 1...4

  var kernelName: String {
    switch self {
    case .vectors: "attention"
    case .tile: "attention_tiled"
    }
  }

  /// Macros of the kernel.
  var defines: [String: Int] {
    switch self {
    case .vectors(let count): ["QUERY_VECTORS": count]
    case .tile(let tile): ["QUERY_ITEMS": tile.queryItems, "ITEM_QUERIES": tile.itemQueries]
    }
  }

  /// Queries that a work-group takes.
  func queries(vectorWidth: Int) -> Int {
    switch self {
    case .vectors(let count): count * vectorWidth
    case .tile(let tile): tile.queries
    }
  }

  /// Work-items of a group.
  var groupSize: Int {
    switch self {
    case .vectors: 1
    case .tile(let tile): tile.workGroupItems
    }
  }
}

extension AttentionConfiguration: TunedConfiguration {
  static let operation = TuningKey.Operation.attention

  /// As it stands on disk: `vectors 2`, `tile 8x4`.
  var description: String {
    switch self {
    case .vectors(let count): "vectors \(count)"
    case .tile(let tile): "tile \(tile.queryItems)x\(tile.itemQueries)"
    }
  }

  init?(_ description: String) {
    let words = description.split(separator: " ")
    let numbers = words.last?.split(separator: "x").map { Int($0) ?? 0 } ?? []
    guard words.count == 2, numbers.allSatisfy({ (1...1024).contains($0) }) else { return nil }
    switch (words[0], numbers.count) {
    case ("vectors", 1) where AttentionConfiguration.vectorCounts.contains(numbers[0]): self = .vectors(numbers[0])
    case ("tile", 2): self = .tile(AttentionTile(queryItems: numbers[0], itemQueries: numbers[1]))
    default: return nil
    }
  }
}

/// In which configurations attention runs, by its longest sequence: the tuned one, or the one that costs
/// least by count.
struct AttentionChoice {
  /// Each is a kernel.
  let configurations: [AttentionConfiguration]
  fileprivate let tuned: [Int: Int]
  fileprivate let heads: Int
  fileprivate let computeUnits: Int

  /// Which of the configurations serves such a batch.
  func index(longest: Int, sequences: Int) -> Int {
    if let index = tuned[TuningKey.sizeClass(of: longest)] { return index }
    let tiles = configurations.compactMap { configuration in
      if case .tile(let tile) = configuration { tile } else { nil }
    }
    guard !tiles.isEmpty else { return 0 }
    return AttentionTile.choice(
      tiles, longest: longest, sequencesAndHeads: sequences * heads, computeUnits: computeUnits)
  }
}

extension DeviceProfile {
  /// The standard configurations, and those that were chosen by measurement besides.
  func attentionChoice(_ attention: Attention, _ tuning: Tuning) -> AttentionChoice {
    let isForced = attentionItemQueries != nil
    let chosen =
      isForced ? [:] : tuning.choices(AttentionConfiguration.self, [attention.heads, attention.headSize])
    var configurations = standardAttention(headSize: attention.headSize)
    var tuned: [Int: Int] = [:]
    for (size, choice) in chosen.sorted(by: { $0.key < $1.key }) {
      if !configurations.contains(choice), case .vectors = choice, workGroupSize == 1 { configurations.append(choice) }
      tuned[size] = configurations.firstIndex(of: choice)  // nil for what this device does not take
    }
    return AttentionChoice(
      configurations: configurations, tuned: tuned, heads: attention.heads, computeUnits: computeUnits)
  }

  /// What runs where nothing was measured: on a CPU device one configuration, on a GPU several tiles, ascending.
  private func standardAttention(headSize: Int) -> [AttentionConfiguration] {
    workGroupSize == 1
      ? [.vectors(2)] : attentionTiles(headSize: headSize).map(AttentionConfiguration.tile)
  }

  /// What a tuner tries.
  func attentionCandidates(headSize: Int) -> [AttentionConfiguration] {
    workGroupSize == 1
      ? AttentionConfiguration.vectorCounts.map(AttentionConfiguration.vectors)
      : attentionTiles(headSize: headSize).map(AttentionConfiguration.tile)
  }
}
