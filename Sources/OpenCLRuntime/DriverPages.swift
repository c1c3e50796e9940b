// SPDX-License-Identifier: Apache-2.0

import COpenCL

extension Device {
  /// Takes the driver's code out of the process's resident memory, on CPU devices, whose driver brings a compiler along:
  /// with PoCL 3.1, 54 MB of LLVM that setting up has touched and that running compiled kernels does not. Worth it before
  /// a lot of memory is asked for, so that the two never add up. What is needed again comes back by itself, page by page,
  /// from the system's file cache.
  ///
  /// This concerns the libraries that were loaded while the first devices were looked for, and of their code and constants
  /// only those segments that hold no page that was written to since, by a debugger say; where `/proc/self/pagemap` does
  /// not tell, none. A page written to by someone else in the instant between that look and the dropping is lost.
  ///
  /// Once per process, later calls do nothing: what a compiler has needed again by then it is likely to need once more,
  /// and a process that loads many models should not pay each time.
  ///
  /// A library's file that is overwritten in place while the process runs, instead of replaced as package managers do,
  /// breaks any process that reads more of it, with SIGBUS if it got shorter; after this, that includes pages that had
  /// been read before. `SWIFT_BERT_KEEP_DRIVER_PAGES=1` in the environment keeps everything in memory.
  ///
  /// - Returns: the bytes of address space that the process's one dropping went over; 0 if there was none.
  @discardableResult public func dropDriverPages() -> Int {
    guard kind == .cpu, CacheFolder.variable("SWIFT_BERT_KEEP_DRIVER_PAGES") != "1" else { return 0 }
    return shim_drop_driver_pages()
  }
}
