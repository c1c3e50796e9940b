// SPDX-License-Identifier: Apache-2.0
import Glibc

extension BoundedFile {
  /// Whether anything is there under this name, readable or not: an optional file that is present but broken is an error,
  /// and only an absent one means "use the default".
  public static func exists(path: String) -> Bool {
    var status = stat()
    guard !path.utf8.contains(0) else { return false }
    return lstat(path, &status) == 0 || errno != ENOENT && errno != ENOTDIR
  }
}
