// SPDX-License-Identifier: Apache-2.0

/// Which elements of a storage a tensor has, and in which order: element `(i, j, ...)` is number
/// `offset + i * strides[0] + j * strides[1] + ...`. All counted in elements.
struct StridedView {
  let offset: Int
  let shape: [Int]
  let strides: [Int]

  /// Whether the elements lie one after the other in row-major order. Strides of dimensions of 1 say nothing.
  var isContiguous: Bool {
    guard !shape.contains(0) else { return true }
    var expected = 1
    for (size, stride) in zip(shape, strides).reversed() where size != 1 {
      guard stride == expected else { return false }
      expected *= size
    }
    return true
  }

  /// Demands that the view stays inside its storage and that no two elements share a place, except by a stride of 0, which
  /// is how `expand` repeats a dimension.
  ///
  /// - Parameters:
  ///   - info: the tensor; its element count fits in `Int`.
  ///   - elements: how many the storage has.
  ///   - byteLimit: the most that the tensor may take: the file's size, whatever it repeats.
  func check(_ info: TensorInfo, elements: Int, byteLimit: Int) throws(PyTorchError) {
    guard offset >= 0, strides.allSatisfy({ $0 >= 0 }) else {
      throw .negativeView(tensor: info.name, offset: offset, strides: strides)
    }
    guard info.elementCount > 0 else { return }
    let outside = PyTorchError.viewOutside(
      tensor: info.name, offset: offset, shape: shape, strides: strides, elements: elements)
    var last = offset
    for (size, stride) in zip(shape, strides) {
      let (reach, overflow) = (size - 1).multipliedReportingOverflow(by: stride)
      let (sum, overflow2) = last.addingReportingOverflow(reach)
      guard !overflow, !overflow2 else { throw outside }
      last = sum
    }
    guard last < elements else { throw outside }
    // From the fastest dimension to the slowest, each step must lead past all that the faster ones reach.
    var reach = 0
    for (stride, size) in zip(strides, shape).filter({ $1 > 1 && $0 > 0 }).sorted(by: { $0 < $1 }) {
      guard stride > reach else { throw .overlappingView(tensor: info.name, shape: shape, strides: strides) }
      reach += (size - 1) * stride
    }
    guard info.byteCount <= byteLimit else {
      throw .viewTooLarge(tensor: info.name, size: info.byteCount, limit: byteLimit)
    }
  }

  // As many elements at a time as this holds.
  private static let windowBytes = 256 << 10

  /// Copies the elements into row-major order. The view has been checked and has elements.
  ///
  /// They are visited in the order of the storage, so that each part of it is read once, through a small buffer.
  ///
  /// - Parameters:
  ///   - dataOffset: where the storage begins in the file.
  ///   - buffer: as many bytes as the tensor has.
  func gather<Element: BitwiseCopyable>(
    _ type: Element.Type, from file: SharedFile, dataOffset: Int, into buffer: UnsafeMutableRawBufferPointer
  ) throws(CheckpointError) {
    let width = MemoryLayout<Element>.size
    var dimensions: [(size: Int, stride: Int, dense: Int)] = []
    var dense = 1
    for (size, stride) in zip(shape, strides).reversed() {
      if size > 1 { dimensions.append((size, stride, dense)) }
      dense *= size
    }
    dimensions.sort { $0.stride > $1.stride }
    let inner = dimensions.popLast() ?? (1, 0, 0)
    let last = dimensions.reduce(offset + (inner.size - 1) * inner.stride) { $0 + ($1.size - 1) * $1.stride }
    let window = UnsafeMutableRawBufferPointer.allocate(byteCount: Self.windowBytes, alignment: 16)
    defer { window.deallocate() }
    var held = 0..<0
    var counters = [Int](repeating: 0, count: dimensions.count)
    var (source, target) = (offset, 0)
    while true {
      var done = 0
      while done < inner.size {
        let first = source + done * inner.stride
        if !held.contains(first) {
          held = first..<first + min(Self.windowBytes / width, last + 1 - first)
          let piece = UnsafeMutableRawBufferPointer(rebasing: window[..<(held.count * width)])
          try file.read(into: piece, at: dataOffset + first * width)
        }
        let fits = inner.stride == 0 ? inner.size : (held.upperBound - 1 - first) / inner.stride + 1
        let count = min(inner.size - done, fits)
        for index in 0..<count {
          let element = window.load(
            fromByteOffset: (first - held.lowerBound + index * inner.stride) * width, as: Element.self)
          buffer.storeBytes(
            of: element, toByteOffset: (target + (done + index) * inner.dense) * width, as: Element.self)
        }
        done += count
      }
      // The next row: the fastest of the outer dimensions that is not at its end moves on, those after it start again.
      guard let next = dimensions.indices.last(where: { counters[$0] + 1 < dimensions[$0].size }) else { return }
      counters[next] += 1
      source += dimensions[next].stride
      target += dimensions[next].dense
      for index in dimensions.indices where index > next {
        source -= counters[index] * dimensions[index].stride
        target -= counters[index] * dimensions[index].dense
        counters[index] = 0
      }
    }
  }
}
