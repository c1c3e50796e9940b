// SPDX-License-Identifier: Apache-2.0
import ComputeGraph

/// How many queries a work-group of attention takes. A query's bits do not depend on it.
enum AttentionConfiguration: Hashable, Sendable {
  /// Vectors of queries in one work-item of `attention`, on a CPU device.
  case vectors(Int)
  /// A tile of `attention_tiled`, on a GPU.
  case tile(AttentionTile)
  /// Warps of `attention_mma`, on a matrix engine.
  case warps(AttentionWarps)

  /// Vectors of queries that are worth a program: more of them spill.
  static let vectorCounts = 1...4

  var kernelName: String {
    switch self {
    case .vectors: "attention"
    case .tile: "attention_tiled"
    case .warps: "attention_mma"
    }
  }

  /// Macros of the kernel.
  var defines: [String: Int] {
    switch self {
    case .vectors(let count): ["QUERY_VECTORS": count]
    case .tile(let tile): ["QUERY_ITEMS": tile.queryItems, "ITEM_QUERIES": tile.itemQueries]
    case .warps(let warps): ["WARPS": warps.warps, "WARP_QUERIES": warps.warpQueries]
    }
  }

  /// Queries that a work-group takes.
  func queries(vectorWidth: Int) -> Int {
    switch self {
    case .vectors(let count): count * vectorWidth
    case .tile(let tile): tile.queries
    case .warps(let warps): warps.queries
    }
  }

  /// Work-items of a group.
  var groupSize: Int {
    switch self {
    case .vectors: 1
    case .tile(let tile): tile.workGroupItems
    case .warps(let warps): warps.workGroupItems
    }
  }

  /// What sequences of up to `longest` queries cost, that many sequences times heads, by count and in no unit: as often as
  /// the device must be filled with groups, a group's queries and the operands that are read for each of them. Nothing is
  /// counted on a CPU device, where one configuration serves all that nobody has tuned.
  fileprivate func estimatedCost(longest: Int, sequencesAndHeads: Int, computeUnits: Int) -> Double {
    let (queries, reads): (Int, Double)
    switch self {
    case .vectors: return 0
    case .tile(let tile): (queries, reads) = (tile.queries, 1 / Double(tile.itemQueries))
    case .warps(let warps): (queries, reads) = (warps.queries, 16 / Double(warps.warpQueries))
    }
    let groups = (longest + queries - 1) / queries * sequencesAndHeads
    let fillings = (groups + computeUnits - 1) / computeUnits
    return Double(fillings * min(queries, longest)) * (1 + reads)
  }
}

extension AttentionConfiguration: TunedConfiguration {
  static let operation = TuningKey.Operation.attention

  /// As it stands on disk: `vectors 2`, `tile 8x4`, `warps 4x32`.
  var description: String {
    switch self {
    case .vectors(let count): "vectors \(count)"
    case .tile(let tile): "tile \(tile.queryItems)x\(tile.itemQueries)"
    case .warps(let warps): "warps \(warps.warps)x\(warps.warpQueries)"
    }
  }

  init?(_ description: String) {
    let words = description.split(separator: " ")
    let numbers = words.last?.split(separator: "x").map { Int($0) ?? 0 } ?? []
    guard words.count == 2, numbers.allSatisfy({ (1...1024).contains($0) }) else { return nil }
    switch (words[0], numbers.count) {
    case ("vectors", 1) where AttentionConfiguration.vectorCounts.contains(numbers[0]): self = .vectors(numbers[0])
    case ("tile", 2): self = .tile(AttentionTile(queryItems: numbers[0], itemQueries: numbers[1]))
    case ("warps", 2): self = .warps(AttentionWarps(warps: numbers[0], warpQueries: numbers[1]))
    default: return nil
    }
  }
}

/// In which configurations attention runs, by its longest sequence: the tuned one, or the one that costs
/// least by count.
struct AttentionChoice {
  /// Each is a kernel.
  let configurations: [AttentionConfiguration]
  /// How many of them, the first ones, are there without any measurement.
  fileprivate let standardCount: Int
  fileprivate let tuned: [Int: Int]
  fileprivate let heads: Int
  fileprivate let computeUnits: Int

  /// Which of the configurations serves such a batch.
  func index(longest: Int, sequences: Int) -> Int {
    if let index = tuned[TuningKey.sizeClass(of: longest)] { return index }
    let standard = configurations[..<standardCount]
    // None that is larger than the longest sequence needs.
    let needed = standard.firstIndex { $0.queries(vectorWidth: 1) >= longest } ?? standardCount - 1
    func cost(_ index: Int) -> Double {
      standard[index].estimatedCost(
        longest: longest, sequencesAndHeads: sequences * heads, computeUnits: computeUnits)
    }
    return (0...needed).min { cost($0) < cost($1) } ?? 0
  }
}

extension DeviceProfile {
  /// The standard configurations, and those that were chosen by measurement besides.
  func attentionChoice(_ attention: Attention, _ tuning: Tuning) -> AttentionChoice {
    let isForced = attentionItemQueries != nil || attentionWarps != nil
    let chosen =
      isForced ? [:] : tuning.choices(AttentionConfiguration.self, [attention.heads, attention.headSize])
    let standard = standardAttention(headSize: attention.headSize)
    let candidates = attentionCandidates(headSize: attention.headSize)
    var configurations = standard
    var tuned: [Int: Int] = [:]
    for (size, choice) in chosen.sorted(by: { $0.key < $1.key }) {
      if !configurations.contains(choice), candidates.contains(choice) { configurations.append(choice) }
      tuned[size] = configurations.firstIndex(of: choice)  // nil for what this device does not take
    }
    return AttentionChoice(
      configurations: configurations, standardCount: standard.count, tuned: tuned, heads: attention.heads,
      computeUnits: computeUnits)
  }

  /// What runs where nothing was measured: on a CPU device one configuration, on a GPU several, ascending.
  private func standardAttention(headSize: Int) -> [AttentionConfiguration] {
    if workGroupSize == 1 { return [.vectors(2)] }
    guard usesAttentionWarps(headSize: headSize) else {
      return attentionTiles(headSize: headSize).map(AttentionConfiguration.tile)
    }
    if let attentionWarps { return [.warps(attentionWarps)] }
    return fittingWarps(AttentionWarps.untuned(headSize: headSize), headSize: headSize)
      .map(AttentionConfiguration.warps)
  }

  /// What a tuner tries.
  func attentionCandidates(headSize: Int) -> [AttentionConfiguration] {
    if workGroupSize == 1 { return AttentionConfiguration.vectorCounts.map(AttentionConfiguration.vectors) }
    guard usesAttentionWarps(headSize: headSize) else {
      return attentionTiles(headSize: headSize).map(AttentionConfiguration.tile)
    }
    return fittingWarps(AttentionWarps.candidates(headSize: headSize), headSize: headSize)
      .map(AttentionConfiguration.warps)
  }
}
