// SPDX-License-Identifier: Apache-2.0
import ComputeGraph

/// A checkpoint's weights, and drawn ones in place of those that it lacks: a new head on a bare encoder.
struct CompletedParameters: ParameterSource {
  let base: any ParameterSource
  let drawn: InitialParameters
  /// Checkpoint keys of what is drawn.
  let missing: Set<String>

  func read(
    _ part: Graph.Parameter.Part, from start: Int, into destination: UnsafeMutableBufferPointer<Float>
  ) throws {
    if missing.contains(part.key) {
      try drawn.read(part, from: start, into: destination)
    } else {
      try base.read(part, from: start, into: destination)
    }
  }

  func read(
    _ part: Graph.Parameter.Part, from start: Int, into destination: UnsafeMutableBufferPointer<Double>
  ) throws {
    if missing.contains(part.key) {
      try drawn.read(part, from: start, into: destination)
    } else {
      try base.read(part, from: start, into: destination)
    }
  }
}
