// SPDX-License-Identifier: Apache-2.0

extension TiledConfiguration: LosslessStringConvertible {
  /// Rows, columns and depth of the tile, rows and columns of an item: `64x64x16 4x4`.
  public var description: String { "\(tileRows)x\(tileColumns)x\(tileDepth) \(itemRows)x\(itemColumns)" }

  public init?(_ description: String) {
    let numbers = description.split(whereSeparator: { $0 == "x" || $0 == " " }).map { Int($0) ?? 0 }
    guard numbers.count == 5, numbers.allSatisfy({ (1...4096).contains($0) }) else { return nil }
    self.init(
      tileRows: numbers[0], tileColumns: numbers[1], tileDepth: numbers[2], itemRows: numbers[3],
      itemColumns: numbers[4])
    guard self.description == description else { return nil }
  }
}
