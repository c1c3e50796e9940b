// SPDX-License-Identifier: Apache-2.0
import ComputeGraph

/// How a parameter lies in device memory.
enum WeightLayout {
  /// As checkpoints store it.
  case plain
  /// A matrix `[columns, depth]` as `linear_panels` wants it, `[ceil(columns / width), depth, width]`: panels of `width`
  /// columns, the last one filled up with zeros.
  case panels(columns: Int, width: Int)
}

/// A stretch of one parameter's memory: what one core reads, converts and packs at a time.
struct WeightPiece: Sendable {
  let parameter: Graph.Parameter
  let layout: WeightLayout
  /// Elements of the parameter.
  let elements: Range<Int>
  /// Bytes of the parameter's memory.
  let bytes: Range<Int>

  /// Floats of a piece, unless a single panel has more: few enough for a core's second-level cache, in which they are still
  /// when they are checked and packed; enough that a read of them costs no more than the copy.
  private static let elementCount = 1 << 16

  /// Bytes of a parameter's memory in a layout.
  static func byteCount(_ parameter: Graph.Parameter, _ layout: WeightLayout) -> Int {
    switch layout {
    case .plain: parameter.elementCount * 4
    case .panels(let columns, let width):
      (columns + width - 1) / width * width * (parameter.elementCount / columns) * 4
    }
  }

  /// All of a parameter, in the order of its memory.
  static func pieces(_ parameter: Graph.Parameter, _ layout: WeightLayout) -> [WeightPiece] {
    let step: Int
    switch layout {
    case .plain: step = elementCount
    case .panels(let columns, let width):
      let panel = width * (parameter.elementCount / columns)
      step = max(elementCount / panel, 1) * panel
    }
    let total = byteCount(parameter, layout)
    return stride(from: 0, to: parameter.elementCount, by: step).map { start in
      let end = min(start + step, parameter.elementCount)
      // Elements and memory differ in the last panel alone.
      let endByte = end == parameter.elementCount ? total : end * 4
      return WeightPiece(parameter: parameter, layout: layout, elements: start..<end, bytes: start * 4..<endByte)
    }
  }

  /// Floats of scratch memory that `fill` needs.
  var scratchCount: Int { if case .plain = layout { 0 } else { elements.count } }

  /// Reads the piece and lays it out.
  ///
  /// - Parameters:
  ///   - memory: `bytes` of the parameter's memory.
  ///   - scratch: at least `scratchCount` floats.
  /// - Throws: the source's error.
  func fill(
    _ memory: UnsafeMutableRawBufferPointer, from source: any ParameterSource,
    scratch: UnsafeMutableBufferPointer<Float>
  ) throws {
    let target = memory.bindMemory(to: Float.self)
    switch layout {
    case .plain: try source.read(parameter, from: elements.lowerBound, into: target)
    case .panels(let columns, let width):
      let rows = UnsafeMutableBufferPointer(rebasing: scratch[..<elements.count])
      try source.read(parameter, from: elements.lowerBound, into: rows)
      WeightPiece.pack(rows, depth: parameter.elementCount / columns, width: width, into: target)
    }
  }

  /// `panels[p, k, i] = rows[p * width + i, k]`, zeros in columns beyond the last.
  private static func pack(
    _ rows: UnsafeMutableBufferPointer<Float>, depth: Int, width: Int, into panels: UnsafeMutableBufferPointer<Float>
  ) {
    guard let first = rows.baseAddress, let target = panels.baseAddress else { return }
    let columns = rows.count / depth
    for start in stride(from: 0, to: columns, by: width) {
      let panel = target + start * depth
      let count = min(width, columns - start)
      if count < width { panel.update(repeating: 0, count: width * depth) }
      // A cache line of every row at a time, so that what is written stays in the first-level cache.
      for block in stride(from: 0, to: depth, by: 16) {
        let end = min(block + 16, depth)
        for i in 0..<count {
          let row = first + (start + i) * depth
          var place = panel + block * width + i
          for k in block..<end {
            place.pointee = row[k]
            place += width
          }
        }
      }
    }
  }
}
