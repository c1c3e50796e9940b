// SPDX-License-Identifier: Apache-2.0
import ComputeGraph

/// Another source's weights, some of them changed: what pruning, resizing and replacing leave.
struct EditedParameters: ParameterSource {
  /// How one tensor comes about from the tensor of the same name below.
  enum Edit: Sendable {
    /// Other elements in its place.
    case replaced([Float])
    /// Some of its rows, of all of `count`.
    case rows([Int], of: Int)
    /// Some of its columns, of all of `count`.
    case columns([Int], of: Int)
    /// Its rows, `count` of which there are, and behind them new ones, drawn from a normal distribution.
    case extended(from: Int, deviation: Double, seed: UInt64)
  }

  let base: any ParameterSource
  /// By checkpoint key.
  let edits: [String: Edit]

  func read(
    _ part: Graph.Parameter.Part, from start: Int, into destination: UnsafeMutableBufferPointer<Float>
  ) throws {
    try read(part, start, destination, { try base.read($0, from: $1, into: $2) }, convert: { $0 })
  }

  func read(
    _ part: Graph.Parameter.Part, from start: Int, into destination: UnsafeMutableBufferPointer<Double>
  ) throws {
    try read(part, start, destination, { try base.read($0, from: $1, into: $2) }, convert: { Double($0) })
  }

  private func read<Element: BinaryFloatingPoint>(
    _ part: Graph.Parameter.Part, _ start: Int, _ destination: UnsafeMutableBufferPointer<Element>,
    _ readBase: (Graph.Parameter.Part, Int, UnsafeMutableBufferPointer<Element>) throws -> Void,
    convert: (Float) -> Element
  ) throws {
    let width = part.shape.dropFirst().reduce(1, *)
    switch edits[part.key] {
    case nil: try readBase(part, start, destination)
    case .replaced(let elements)?:
      for index in destination.indices { destination[index] = convert(elements[start + index]) }
    case .rows(let rows, of: let count)?:
      let whole = Graph.Parameter.Part(part.key, [count] + part.shape.dropFirst())
      try eachRun(start, destination, width: width) { row, column, piece in
        try readBase(whole, rows[row] * width + column, piece)
      }
    case .columns(let columns, of: let count)?:
      let whole = Graph.Parameter.Part(part.key, [part.shape[0], count])
      let row = UnsafeMutableBufferPointer<Element>.allocate(capacity: count)
      defer { row.deallocate() }
      try eachRun(start, destination, width: width) { number, column, piece in
        try readBase(whole, number * count, row)
        for index in piece.indices { piece[index] = row[columns[column + index]] }
      }
    case .extended(from: let count, let deviation, let seed)?:
      let whole = Graph.Parameter.Part(part.key, [count] + part.shape.dropFirst())
      let old = max(min(count * width - start, destination.count), 0)
      if old > 0 { try readBase(whole, start, UnsafeMutableBufferPointer(rebasing: destination[..<old])) }
      var generator = NormalGenerator(seed: seed, name: part.key, skipping: max(start - count * width, 0))
      for index in old..<destination.count { destination[index] = convert(Float(generator.next() * deviation)) }
    }
  }

  /// Calls `body` with each row that the elements asked for touch, the first column, and their place.
  private func eachRun<Element>(
    _ start: Int, _ destination: UnsafeMutableBufferPointer<Element>, width: Int,
    _ body: (Int, Int, UnsafeMutableBufferPointer<Element>) throws -> Void
  ) throws {
    var done = 0
    while done < destination.count {
      let (row, column) = (start + done).quotientAndRemainder(dividingBy: width)
      let count = min(width - column, destination.count - done)
      try body(row, column, UnsafeMutableBufferPointer(rebasing: destination[done..<(done + count)]))
      done += count
    }
  }
}
