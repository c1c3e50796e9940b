// SPDX-License-Identifier: Apache-2.0

extension TiledConfiguration: LosslessStringConvertible {
  /// Rows, columns and depth of the tile, rows and columns of an item, as `description` writes them.
  public init?(_ description: String) {
    let numbers = description.split(whereSeparator: { $0 == "x" || $0 == "/" }).map { Int($0) ?? 0 }
    guard numbers.count == 5, numbers.allSatisfy({ (1...4096).contains($0) }) else { return nil }
    self.init(
      tileRows: numbers[0], tileColumns: numbers[1], tileDepth: numbers[2], itemRows: numbers[3],
      itemColumns: numbers[4])
    // Only what the kernel takes: the others would not build.
    guard self.description == description, TiledConfiguration.candidates.contains(self) else { return nil }
  }
}
