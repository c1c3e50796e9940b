// SPDX-License-Identifier: Apache-2.0

import Glibc

/// This user's cache folders, and files that are replaced whole.
public enum CacheFolder {
  /// `$XDG_CACHE_HOME/swift-bert/NAME`, or `~/.cache/swift-bert/NAME`; nil with neither variable.
  public static func path(_ name: String, environment: (String) -> String?) -> String? {
    // The XDG Base Directory Specification: a relative path is to be ignored.
    if let cache = environment("XDG_CACHE_HOME"), cache.hasPrefix("/") { return "\(cache)/swift-bert/\(name)" }
    if let home = environment("HOME"), home.hasPrefix("/") { return "\(home)/.cache/swift-bert/\(name)" }
    return nil
  }

  /// A variable of this process's environment.
  public static func variable(_ name: String) -> String? { getenv(name).map { String(cString: $0) } }

  /// Writes a file beside and renames it into place; makes its folder. False where that does not work.
  public static func write(_ bytes: [UInt8], to path: String) -> Bool {
    guard let slash = path.lastIndex(of: "/"), makeFolder(String(path[..<slash])) else { return false }
    return writeFile(path, bytes)
  }

  /// 32 hexadecimal digits that change with any change of the bytes.
  public static func fingerprint(_ bytes: [UInt8]) -> String {
    var hash = FNV128()
    hash.add(bytes)
    return hash.hexadecimal
  }
}
