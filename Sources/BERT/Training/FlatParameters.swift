// SPDX-License-Identifier: Apache-2.0
import ComputeGraph

/// Weights that lie one behind the other as training has them, and those of a checkpoint that training does not touch.
struct FlatParameters: ParameterSource {
  private let elements: [Float]
  /// By checkpoint key, where in the elements each part begins.
  private let starts: [String: Int]
  private let base: any ParameterSource

  /// - Parameter elements: as many as the layout has.
  init(_ layout: ParameterLayout, _ elements: [Float], over base: any ParameterSource) {
    precondition(elements.count == layout.elementCount)
    self.elements = elements
    self.base = base
    starts = layout.partStarts
  }

  func read(
    _ part: Graph.Parameter.Part, from start: Int, into destination: UnsafeMutableBufferPointer<Float>
  ) throws {
    guard let first = starts[part.key] else { return try base.read(part, from: start, into: destination) }
    _ = destination.update(fromContentsOf: elements[(first + start)..<(first + start + destination.count)])
  }

  func read(
    _ part: Graph.Parameter.Part, from start: Int, into destination: UnsafeMutableBufferPointer<Double>
  ) throws {
    guard let first = starts[part.key] else { return try base.read(part, from: start, into: destination) }
    for index in destination.indices { destination[index] = Double(elements[first + start + index]) }
  }
}

extension ParameterLayout {
  /// By checkpoint key, where each part of a parameter begins, in elements.
  var partStarts: [String: Int] {
    var starts: [String: Int] = [:]
    for place in places {
      var start = place.offset
      for part in place.parameter.parts {
        starts[part.key] = start
        start += part.elementCount
      }
    }
    return starts
  }

  /// Hugging Face's groups: weight decay leaves biases and LayerNorms alone. Source: `Trainer.get_decay_parameter_names`.
  init(trainable graph: Graph) throws(GraphError) {
    try self.init(graph) { parameter in
      parameter.parts.allSatisfy { !$0.key.contains("bias") && !$0.key.contains("LayerNorm") }
    }
  }
}
