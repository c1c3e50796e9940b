// SPDX-License-Identifier: Apache-2.0
import OpenCLRuntime

/// Instructions of NVIDIA's sm_90a in OpenCL programs.
///
/// OpenCL's compiler builds for sm_90 and passes inline PTX on as it is, comments too; its binary is PTX text, and the driver
/// loads one for sm_90a as well. So warpgroup.cl writes `wgmma` behind a mark that makes it a comment, and here the mark goes and
/// the target changes. Tried on an H200 with driver 580.159.04, by another program: trials.txt in
/// Benchmarks/results/2026-11-28-h200, "wgmma".
package enum HopperBinary {
  /// `SM_90A` of warpgroup.cl.
  package static let mark = "//sm_90a: "

  package static let edit = Program.BinaryEdit(
    name: "opened for sm_90a, 1", complaint: "the binary is no PTX for sm_90, which wgmma needs"
  ) { binary in
    // Drivers may end the text with a zero.
    guard let text = String(validating: binary, as: UTF8.self), text.contains(mark) else { return nil }
    let target = text.replacing(/\.target\s+sm_90\b/, with: ".target sm_90a", maxReplacements: 1)
    guard target != text else { return nil }
    return Array(target.replacing(mark, with: "").utf8)
  }
}
