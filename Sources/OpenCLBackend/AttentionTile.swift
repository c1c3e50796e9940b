// SPDX-License-Identifier: Apache-2.0

/// How `attention_tiled` cuts the queries of a sequence into work-groups and work-items. The bits do not depend on it.
struct AttentionTile: Hashable {
  /// Work-items across the queries; `keyItems` times as many make a group.
  let queryItems: Int
  /// Queries of a work-item.
  let itemQueries: Int

  /// `KEY_ITEMS` of the kernel: work-items across the keys. The sums' order depends on it, so it is the
  /// same everywhere.
  private static let keyItems = 16

  /// Queries of a work-group.
  var queries: Int { queryItems * itemQueries }
  var workGroupItems: Int { queryItems * AttentionTile.keyItems }

  /// The tiles for a head size, each a program, ascending: for lone queries, for short sequences and for long ones.
  ///
  /// - Parameter workGroupSize: the most work-items of a group; 16 are needed.
  static func tiles(headSize: Int, workGroupSize: Int) -> [AttentionTile] {
    let queryItems = max(workGroupSize / keyItems, 1)
    // Registers for 64 elements of the result; a very wide head has its one query's elsewhere.
    let most = max(64 / max((headSize + keyItems - 1) / keyItems, 1), 1)
    return [1, 4, 8].filter { $0 == 1 || $0 <= most }.map { AttentionTile(queryItems: queryItems, itemQueries: $0) }
  }
}
