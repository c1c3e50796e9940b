// SPDX-License-Identifier: Apache-2.0

import Glibc
import StrictJSON

extension CheckpointWriter {
  /// Removes a checkpoint directory with everything in it: killed at any moment, what stands under the name is whole or not
  /// there. It is moved to a hidden name first (`.NAME.bert-save-removed`); what a killed removal left goes with the next
  /// one of the same name.
  ///
  /// - Throws: `CheckpointError.file` where it cannot be moved; nothing is removed then.
  public static func remove(_ directory: String) throws(CheckpointError) {
    let target = resolved(directory)
    let name = target[target.index(after: target.lastIndex(of: "/") ?? target.startIndex)...]
    let hidden = joinPath(parent(of: target), ".\(name)\(removedEnding)")
    let calls = FileCalls.system
    removeTree(hidden, calls)
    guard calls.rename(target, hidden) == 0 else {
      throw .file(.system(call: "rename", path: directory, code: .last))
    }
    removeTree(hidden, calls)
  }

  /// Removes what removals in a directory have left that were killed.
  public static func sweepRemovals(in directory: String) {
    for name in directoryEntries(directory) where name.hasPrefix(".") && name.hasSuffix(removedEnding) {
      removeTree(joinPath(directory, name), FileCalls.system)
    }
  }

  private static let removedEnding = ".bert-save-removed"

  /// The names in a directory, those of unfinished saves left out; none if it cannot be read.
  public static func entries(of directory: String) -> [String] {
    directoryEntries(directory).filter { !AtomicDirectory.isTemporary($0) }.sorted()
  }

  /// Whether a file of this name holds weights of a checkpoint: `model.safetensors`, `pytorch_model.bin`, their shards and
  /// indexes.
  public static func isWeights(_ name: String) -> Bool { CheckpointFiles.isWeights(name) }

  /// Makes a directory and its parents, where they are not there.
  ///
  /// - Throws: `CheckpointError.file`, `.notDirectory`.
  public static func makeDirectory(_ directory: String) throws(CheckpointError) {
    let target = try AtomicDirectory.resolve(directory)
    guard mkdir(target, 0o777) == 0 || errno == EEXIST else {
      throw .file(.system(call: "mkdir", path: directory, code: .last))
    }
  }
}
