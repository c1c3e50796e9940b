// SPDX-License-Identifier: Apache-2.0

/// Work-items in one, two or three dimensions, of a whole launch or of one group.
public struct WorkSize: Sendable, Hashable, ExpressibleByIntegerLiteral {
  public let sizes: (Int, Int, Int)
  /// 1, 2 or 3.
  public let dimensions: Int

  public init(_ x: Int) { (sizes, dimensions) = ((x, 1, 1), 1) }
  public init(_ x: Int, _ y: Int) { (sizes, dimensions) = ((x, y, 1), 2) }
  public init(_ x: Int, _ y: Int, _ z: Int) { (sizes, dimensions) = ((x, y, z), 3) }
  public init(integerLiteral x: Int) { self.init(x) }

  /// Work-items in all; null where that overflows or a size is not positive.
  public var count: Int? {
    let (x, y, z) = sizes
    guard x > 0, y > 0, z > 0 else { return nil }
    let (plane, overflows) = x.multipliedReportingOverflow(by: y)
    let (all, overflowsToo) = plane.multipliedReportingOverflow(by: z)
    return overflows || overflowsToo ? nil : all
  }

  /// Whether groups of `local` fill this without a rest.
  func isDivided(by local: WorkSize) -> Bool {
    let (x, y, z) = local.sizes
    guard x > 0, y > 0, z > 0, dimensions == local.dimensions else { return false }
    return sizes.0 % x == 0 && sizes.1 % y == 0 && sizes.2 % z == 0
  }

  /// The sizes as far as there are dimensions, for errors.
  public var array: [Int] { Array([sizes.0, sizes.1, sizes.2].prefix(dimensions)) }

  public static func == (a: WorkSize, b: WorkSize) -> Bool { a.sizes == b.sizes && a.dimensions == b.dimensions }

  public func hash(into hasher: inout Hasher) { hasher.combine(array) }

  func withSizes<R>(_ body: (UnsafePointer<Int>) -> R) -> R {
    withUnsafePointer(to: sizes) { sizes in
      sizes.withMemoryRebound(to: Int.self, capacity: 3, body)
    }
  }
}
