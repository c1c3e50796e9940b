// SPDX-License-Identifier: Apache-2.0

import COpenCL

extension Device {
  /// Takes the driver's code out of the process's resident memory, on CPU devices, whose driver brings a compiler along:
  /// with PoCL 3.1, 54 MB of LLVM that setting up has touched and that running compiled kernels does not. Worth it before
  /// a lot of memory is asked for, so that the two never add up. What is needed again comes back by itself, page by page,
  /// from the system's file cache; no memory that anything was written to is touched.
  public func dropDriverPages() {
    guard kind == .cpu else { return }
    _ = shim_drop_driver_pages()
  }
}
