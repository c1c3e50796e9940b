// SPDX-License-Identifier: Apache-2.0
/// stub until the gpu branch is merged
public struct TiledConfiguration: Hashable, Sendable {
  public var tileRows: Int
  public var tileColumns: Int
  public var tileDepth: Int
  public var itemRows: Int
  public var itemColumns: Int
}
