// SPDX-License-Identifier: Apache-2.0

/// Whether a name is that of a file in one directory: no path, nothing hidden in it. For names that come out of a file.
func isPlainFileName(_ name: String) -> Bool {
  !name.isEmpty && name != "." && name != ".." && name.utf8.count <= 255
    && !name.utf8.contains { $0 == UInt8(ascii: "/") || $0 == UInt8(ascii: "\\") || $0 < 0x20 || $0 == 0x7F }
}
