// SPDX-License-Identifier: Apache-2.0

import Glibc

/// Compiled programs on disk.
public final class ProgramCache: Sendable {
  public static let standard: ProgramCache? = nil
  public struct Key: Sendable, Hashable {
    init(device: Device, source: String, options: String) {}
  }
  func binary(for key: Key) -> [UInt8]? { nil }
  func store(_ binary: [UInt8], for key: Key) {}
}
