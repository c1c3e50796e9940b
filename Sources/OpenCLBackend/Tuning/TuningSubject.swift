// SPDX-License-Identifier: Apache-2.0
import ComputeGraph

/// A kind of step that a graph has, as a graph of its own: what the tuner runs, and the oracle beside it.
enum TuningSubject: Hashable, Sendable {
  case linear(columns: Int, depth: Int, activation: Activation)
  case attention(Attention)

  /// The kinds that occur in a graph, each once, in the graph's order. Layers of equal sizes are one kind, whatever their
  /// activation: it costs the same in every configuration.
  static func all(in graph: Graph) -> [TuningSubject] {
    var found: [TuningSubject] = []
    for node in graph.nodes {
      func width(_ index: Int, _ dimension: Int) -> Int? {
        guard case .fixed(let size) = graph.type(of: node.operands[index]).shape.dimensions[dimension] else {
          return nil
        }
        return size
      }
      func addLinear(_ weight: Int, _ activation: Activation) {
        guard let columns = width(weight, 0), let depth = width(weight, 1) else { return }
        found.append(.linear(columns: columns, depth: depth, activation: activation))
      }
      switch node.operation {
      case .linear(let activation): addLinear(1, activation)
      case .feedForward(let activation, _):
        addLinear(1, activation)
        addLinear(3, .identity)
      case .attention(let attention):
        let plain = Attention(
          heads: attention.heads, headSize: attention.headSize, keyColumn: attention.width,
          valueColumn: 2 * attention.width)
        found.append(.attention(plain))
      default: break  // everything else runs one way
      }
    }
    var known: Set<[Int]> = []
    return found.filter { known.insert([$0.operation == .linear ? 0 : 1] + $0.shape).inserted }
  }

  var operation: TuningKey.Operation {
    switch self {
    case .linear: .linear
    case .attention: .attention
    }
  }

  /// What no batch changes; see `TuningKey`.
  var shape: [Int] {
    switch self {
    case .linear(let columns, let depth, _): [columns, depth]
    case .attention(let attention): [attention.heads, attention.headSize]
    }
  }

  /// A graph with outputs y0, y1...: one, or of a dense layer as many as there are weights. In a model every layer's
  /// weights have left the caches by the time they are read again; one matrix over and over would stay there.
  func graph(copies: Int) throws(GraphError) -> Graph {
    var graph = Graph()
    switch self {
    case .linear(let columns, let depth, let activation):
      let x = try graph.input("x", [.tokens, .fixed(depth)], .real)
      for copy in 0..<copies {
        let weight = try graph.parameter("weight\(copy)", [columns, depth])
        let bias = try graph.parameter("bias\(copy)", [columns])
        try graph.output("y\(copy)", graph.apply(.linear(activation: activation), [x, weight, bias]))
      }
    case .attention(let attention):
      let qkv = try graph.input("x", [.tokens, .fixed(3 * attention.width)], .real)
      let offsets = try graph.input(
        "offsets", [.symbol(.sequences, plus: 1)], .int32, segmenting: .tokens)
      let starts = try graph.input("starts", [.sequences], .int32)
      let ends = try graph.input("ends", [.sequences], .int32)
      try graph.output("y0", graph.apply(.attention(attention), [qkv, qkv, qkv, offsets, starts, ends]))
    }
    return graph
  }

  /// Weights worth having for a size, so that they do not stay in the caches; large sizes read each of them often.
  func copies(size: Int) -> Int {
    guard case .linear(let columns, let depth, _) = self, size <= 64 else { return 1 }
    return min(max(TuningSubject.coldBytes / (columns * depth * 4), 1), 12)
  }

  /// More than most caches hold.
  private static let coldBytes = 64 << 20

  /// Tensors for a run of `size` rows, or of sequences of `size` tokens; the numbers depend on their place alone, so that
  /// a run of fewer rows has the same ones.
  func inputs(size: Int) throws(GraphError) -> RunInputs {
    switch self {
    case .linear(_, let depth, _):
      return RunInputs(
        dimensions: [.tokens: size],
        tensors: ["x": try Tensor(.float32(TrialNumbers.vector(size * depth, salt: 1)), shape: [size, depth])])
    case .attention(let attention):
      let sequences = sequences(size)
      let tokens = sequences * size
      let bounds = (0...sequences).map { Int32($0 * size) }
      let x = TrialNumbers.vector(tokens * 3 * attention.width, salt: 1)
      return RunInputs(
        dimensions: [.tokens: tokens, .sequences: sequences, .longest: size],
        tensors: [
          "x": try Tensor(.float32(x), shape: [tokens, 3 * attention.width]), "offsets": .int32(bounds),
          "starts": .int32(Array(bounds.dropLast())), "ends": .int32(Array(bounds.dropFirst())),
        ])
    }
  }

  /// Sequences of so many tokens in a trial.
  func sequences(_ size: Int) -> Int { max(TuningSubject.attentionTokens / size, 1) }

  /// Tokens of a batch of sequences.
  private static let attentionTokens = 1024

  /// A size that the oracle computes quickly, whose rows are the first rows of the larger run.
  func checkedSize(_ size: Int) -> Int {
    switch self {
    case .linear: min(size, 48)
    case .attention: size
    }
  }
}

extension TuningSubject: CustomStringConvertible {
  var description: String { "\(operation.rawValue) \(shape.map(String.init).joined(separator: " x "))" }
}

/// Numbers for trials: uniform in -1...1, the same everywhere; weights are scaled so that results stay near 1.
struct TrialNumbers: ParameterSource {
  let depth: Int

  static func value(_ index: Int, salt: UInt64) -> Float {
    let bits = RandomBits.mix(RandomBits.mix(salt) &+ UInt64(truncatingIfNeeded: index))
    return Float(Int32(truncatingIfNeeded: bits >> 40) - (1 << 23)) / Float(1 << 23)
  }

  static func vector(_ count: Int, salt: UInt64) -> [Float] { (0..<count).map { value($0, salt: salt) } }

  func read(
    _ part: Graph.Parameter.Part, from start: Int, into destination: UnsafeMutableBufferPointer<Float>
  ) {
    let salt = part.key.utf8.reduce(UInt64(7)) { $0 &* 31 &+ UInt64($1) }
    let scale = part.shape.count == 2 ? (3 / Float(depth)).squareRoot() : 0.1
    for index in destination.indices {
      destination[index] = TrialNumbers.value(start + index, salt: salt) * scale
    }
  }

  func read(
    _ part: Graph.Parameter.Part, from start: Int, into destination: UnsafeMutableBufferPointer<Double>
  ) {
    withUnsafeTemporaryAllocation(of: Float.self, capacity: destination.count) { floats in
      read(part, from: start, into: floats)
      for index in destination.indices { destination[index] = Double(floats[index]) }
    }
  }
}
