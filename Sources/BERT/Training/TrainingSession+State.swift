// SPDX-License-Identifier: Apache-2.0
import Checkpoints
import ComputeGraph

extension TrainingSession {
  /// Weights and moments, bit for bit what the device has, laid out as `layout` says.
  public struct Snapshot: Sendable, Equatable {
    public var weights: [Float]
    public var firstMoments: [Float]
    public var secondMoments: [Float]
  }

  /// Reads weights and moments from the device.
  ///
  /// - Throws: the device's error.
  public func snapshot() async throws -> Snapshot {
    Snapshot(
      weights: try await read(ParameterLayout.StateName.weights),
      firstMoments: try await read(ParameterLayout.StateName.firstMoments),
      secondMoments: try await read(ParameterLayout.StateName.secondMoments))
  }

  /// Goes on from a snapshot: weights, moments, and gradients of 0.
  ///
  /// - Throws: `GraphError.inputMismatch` for one of another layout; the device's error.
  public func restore(_ snapshot: Snapshot) async throws {
    try await write(snapshot.weights, to: ParameterLayout.StateName.weights)
    try await write(snapshot.firstMoments, to: ParameterLayout.StateName.firstMoments)
    try await write(snapshot.secondMoments, to: ParameterLayout.StateName.secondMoments)
    try await write([Float](repeating: 0, count: layout.elementCount), to: ParameterLayout.StateName.gradients)
    try await state.write(try Tensor(.float32([0]), shape: [1]), to: ParameterLayout.StateName.loss)
  }

  /// The weights by checkpoint key, as they are now.
  ///
  /// - Throws: the device's error.
  public func weights() async throws -> [String: [Float]] { byKey(try await read(ParameterLayout.StateName.weights)) }

  /// The gradients by checkpoint key, as far as they are accumulated.
  ///
  /// - Throws: the device's error.
  public func gradients() async throws -> [String: [Float]] {
    byKey(try await read(ParameterLayout.StateName.gradients))
  }

  /// Keys of the parameters whose gradient is not finite, that which came first in the backward pass first.
  ///
  /// - Throws: the device's error.
  public func nonFiniteGradients() async throws -> [String] {
    let elements = try await read(ParameterLayout.StateName.gradients)
    // Backward is the graph's order reversed.
    let order = try model.form.graph().parameters.reversed().flatMap { $0.parameter.parts.map(\.key) }
    let starts = layout.partStarts
    let counts = Dictionary(
      layout.places.flatMap { $0.parameter.parts.map { ($0.key, $0.elementCount) } }, uniquingKeysWith: { $1 })
    return order.filter { key in
      guard let start = starts[key], let count = counts[key] else { return false }
      return elements[start..<(start + count)].contains { !$0.isFinite }
    }
  }

  /// The network with the weights as they are now, for saving or for use.
  func contents(_ weights: [Float]) -> CheckpointContents {
    CheckpointContents(
      config: model.config, form: model.form,
      parameters: FlatParameters(layout, weights, over: model.parameters), carried: model.carried,
      original: model.original, companions: model.companions.map { OutgoingFile(name: $0.name, bytes: $0.bytes) })
  }

  private func byKey(_ elements: [Float]) -> [String: [Float]] {
    let starts = layout.partStarts
    return layout.places.flatMap(\.parameter.parts).reduce(into: [:]) { table, part in
      guard let start = starts[part.key] else { preconditionFailure("the layout lacks \(part.key) of its own") }
      table[part.key] = Array(elements[start..<(start + part.elementCount)])
    }
  }

  func read(_ name: String) async throws -> [Float] { try await state.read(name).floats }

  func write(_ elements: [Float], to name: String) async throws {
    try await state.write(try Tensor(.float32(elements), shape: [layout.elementCount]), to: name)
  }
}
