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
  /// How the device stores it.
  let precision: Precision
  /// Elements of the parameter.
  let elements: Range<Int>
  /// Bytes of the parameter's memory.
  let bytes: Range<Int>

  /// Floats of a piece, unless a single panel has more: few enough for a core's second-level cache, in which they are still
  /// when they are checked and packed; enough that a read of them costs no more than the copy.
  private static let elementCount = 1 << 16

  /// Bytes of a parameter's memory in a layout.
  static func byteCount(_ parameter: Graph.Parameter, _ layout: WeightLayout, _ precision: Precision) -> Int {
    switch layout {
    case .plain: parameter.elementCount * precision.byteCount
    case .panels(let columns, let width):
      (columns + width - 1) / width * width * (parameter.elementCount / columns) * precision.byteCount
    }
  }

  /// All of a parameter, in the order of its memory.
  static func pieces(
    _ parameter: Graph.Parameter, _ layout: WeightLayout, _ precision: Precision
  ) -> [WeightPiece] {
    let step: Int
    switch layout {
    case .plain: step = elementCount
    case .panels(let columns, let width):
      let panel = width * (parameter.elementCount / columns)
      step = max(elementCount / panel, 1) * panel
    }
    let total = byteCount(parameter, layout, precision)
    let size = precision.byteCount
    return stride(from: 0, to: parameter.elementCount, by: step).map { start in
      let end = min(start + step, parameter.elementCount)
      // Elements and memory differ in the last panel alone.
      let endByte = end == parameter.elementCount ? total : end * size
      return WeightPiece(
        parameter: parameter, layout: layout, precision: precision, elements: start..<end,
        bytes: start * size..<endByte)
    }
  }

  /// Floats of scratch memory that `fill` needs.
  var scratchCount: Int {
    switch (layout, precision) {
    case (.plain, .float32): 0
    case (.plain, _), (.panels, .float32): elements.count
    case (.panels, _): elements.count + (elements.count + 1) / 2  // as they were read, and converted
    }
  }

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
    if case .plain = layout, precision == .float32 {
      return try source.read(parameter, from: elements.lowerBound, into: memory.bindMemory(to: Float.self))
    }
    let rows = UnsafeMutableBufferPointer(rebasing: scratch[..<elements.count])
    try source.read(parameter, from: elements.lowerBound, into: rows)
    switch (layout, precision) {
    case (.plain, _): precision.encode(UnsafeBufferPointer(rows), into: memory)
    case (.panels(let columns, let width), .float32):
      let target = memory.bindMemory(to: Float.self)
      WeightPiece.pack(rows, depth: parameter.elementCount / columns, width: width, into: target)
    case (.panels(let columns, let width), _):
      let rest = UnsafeMutableRawBufferPointer(
        UnsafeMutableBufferPointer(rebasing: scratch[elements.count..<scratchCount]))
      precision.encode(UnsafeBufferPointer(rows), into: rest)
      let halves = UnsafeMutableBufferPointer(rebasing: rest.bindMemory(to: UInt16.self)[..<elements.count])
      let target = memory.bindMemory(to: UInt16.self)
      WeightPiece.pack(halves, depth: parameter.elementCount / columns, width: width, into: target)
    }
  }

  /// `panels[p, k, i] = rows[p * width + i, k]`, zeros in columns beyond the last.
  @inline(__always)
  private static func pack<Number: Numeric>(
    _ rows: UnsafeMutableBufferPointer<Number>, depth: Int, width: Int,
    into panels: UnsafeMutableBufferPointer<Number>
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
