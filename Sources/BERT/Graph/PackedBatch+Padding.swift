// SPDX-License-Identifier: Apache-2.0
import ComputeGraph

// Back from packed rows to the rectangular tensors that a caller gave, zeros wherever nothing was computed for.
extension PackedBatch {
  /// Packed rows put back to where their tokens were.
  ///
  /// - Parameter packed: `[T, C]`.
  /// - Returns: `[B, S, C]`.
  func padded(_ packed: Tensor, batchSize: Int, sequenceLength: Int) throws -> Tensor {
    let width = packed.shape[1]
    let shape = [batchSize, sequenceLength, width]
    // Of each of the result's rows, the packed row that belongs there.
    var sources = [Int?](repeating: nil, count: batchSize * sequenceLength)
    for (row, place) in rows.enumerated() where !place.isHidden {
      sources[place.sequence * sequenceLength + place.column] = row
    }
    if packed.shape[0] == sources.count, sources.indices.allSatisfy({ sources[$0] == $0 }) {
      return try packed.reshaped(shape)
    }
    guard case .float32(let elements) = packed.storage else {
      return try packed.scattered(to: shape) { move in
        for case (let target, let row?) in sources.enumerated() { move(row * width, target * width, width) }
      }
    }
    let known = sources
    let padded = [Float](count: sources.count * width, multiple: max(width, 1)) { range, target in
      elements.withUnsafeBufferPointer { elements in
        for start in stride(from: 0, to: range.count, by: width) {
          let row = UnsafeMutableBufferPointer(rebasing: target[start..<(start + width)])
          if let source = known[(range.lowerBound + start) / width] {
            _ = row.update(fromContentsOf: elements[(source * width)..<((source + 1) * width)])
          } else {
            row.update(repeating: 0)
          }
        }
      }
    }
    return try Tensor(.float32(padded), shape: shape)
  }

  /// Attention weights put back to where their queries and keys were.
  ///
  /// - Parameters:
  ///   - packed: `[T, N, keys]`.
  ///   - columns: of each sequence, the columns of its keys.
  ///   - keyLength: columns of the result.
  /// - Returns: `[B, N, S, keyLength]`.
  func paddedAttention(
    _ packed: Tensor, columns: [[Int]], batchSize: Int, sequenceLength: Int, keyLength: Int
  ) throws -> Tensor {
    let (heads, keys) = (packed.shape[1], packed.shape[2])
    return try packed.scattered(to: [batchSize, heads, sequenceLength, keyLength]) { move in
      for (row, place) in rows.enumerated() where !place.isHidden {
        for head in 0..<heads {
          let source = (row * heads + head) * keys
          let target = ((place.sequence * heads + head) * sequenceLength + place.column) * keyLength
          for (key, column) in columns[place.sequence].enumerated() { move(source + key, target + column, 1) }
        }
      }
    }
  }

  /// A tensor of one row a sequence, `[B, H]`, with zeros for the sequences that have no token to compute it from.
  func zeroingEmptySequences(_ tensor: Tensor) throws -> Tensor {
    let empty = (0..<sequences).filter { offsets[$0] == offsets[$0 + 1] }
    guard !empty.isEmpty else { return tensor }
    let width = tensor.shape[1]
    return try tensor.scattered(to: tensor.shape) { move in
      for row in 0..<sequences where offsets[row] != offsets[row + 1] { move(row * width, row * width, width) }
    }
  }
}

extension Tensor {
  /// A tensor of zeros into which `body` moves elements: from, to, count.
  func scattered(to shape: [Int], _ body: ((Int, Int, Int) -> Void) -> Void) throws -> Tensor {
    func scatter<Element: ExpressibleByFloatLiteral>(_ elements: [Element]) -> [Element] {
      var result = [Element](repeating: 0.0, count: shape.reduce(1, *))
      body { source, target, count in
        for index in 0..<count { result[target + index] = elements[source + index] }
      }
      return result
    }
    switch storage {
    case .float32(let elements): return try Tensor(.float32(scatter(elements)), shape: shape)
    case .float64(let elements): return try Tensor(.float64(scatter(elements)), shape: shape)
    case .int32, .uint8: return self
    }
  }

  /// The same elements in another shape of as many.
  func reshaped(_ shape: [Int]) throws -> Tensor { try Tensor(storage, shape: shape) }

  /// One column of a tensor's last dimension, which is dropped.
  func column(_ index: Int) throws -> Tensor {
    let width = shape[shape.count - 1]
    let count = width > 0 ? storage.count / width : 0
    return try scattered(to: Array(shape.dropLast())) { move in
      for row in 0..<count { move(row * width + index, row, 1) }
    }
  }
}
