// SPDX-License-Identifier: Apache-2.0
import ComputeGraph
import OpenCLBackend
import OpenCLRuntime
import TestSupport
import Testing

/// Both ways of weights to a device: written into its memory, and through staging memory.
@Suite struct WeightLoadingTests {
  typealias Mode = CallMonitor.Fault.Mode

  /// Element `i` of the part with key "k" is `k + i`: every float of the layouts below can be told from the others.
  private struct Counted: ParameterSource {
    var refuses: (@Sendable (String, Range<Int>) -> Bool)?

    struct Refused: Error, Equatable {
      let key: String
    }

    func read(
      _ part: Graph.Parameter.Part, from start: Int, into destination: UnsafeMutableBufferPointer<Float>
    ) throws {
      if refuses?(part.key, start..<start + destination.count) == true { throw Refused(key: part.key) }
      guard let first = Float(part.key) else { throw Refused(key: part.key) }
      for index in destination.indices { destination[index] = first + Float(start + index) }
    }

    func read(
      _ part: Graph.Parameter.Part, from start: Int, into destination: UnsafeMutableBufferPointer<Double>
    ) throws { throw Refused(key: part.key) }
  }

  /// A graph whose parameters are matrices of dense layers, a bias each, and a table.
  private struct Model {
    var graph = Graph()
    var matrices: [(value: Graph.Value, rows: [Int], depth: Int)] = []
    var vectors: [(value: Graph.Value, first: Float, count: Int)] = []

    /// - Parameter matrices: rows of each stacked part, and the depth.
    init(_ matrices: [(rows: [Int], depth: Int)]) throws {
      for (number, (rows, depth)) in matrices.enumerated() {
        let parts = rows.enumerated().map { part, rows in
          Graph.Parameter.Part("\(number * 10 + part)", [rows, depth])
        }
        let weight = try graph.parameter(parts)
        let columns = rows.reduce(0, +)
        let bias = try graph.parameter("-\(number + 1)", [columns])
        let x = try graph.input("x\(number)", [.tokens, .fixed(depth)], .real)
        try graph.output("\(number)", graph.apply(.linear(activation: .identity), [x, weight, bias]))
        self.matrices.append((weight, rows, depth))
        vectors.append((bias, Float(-number - 1), columns))
      }
    }

    /// A matrix as checkpoints have it, parts one behind the other.
    func elements(_ number: Int) -> [Float] {
      matrices[number].rows.enumerated().flatMap { part, rows in
        (0..<rows * matrices[number].depth).map { Float(number * 10 + part) + Float($0) }
      }
    }

    /// The same in panels: see `Kernels/linear_panels.cl`.
    func panels(_ number: Int, width: Int) -> [Float] {
      let (rows, depth) = (matrices[number].rows.reduce(0, +), matrices[number].depth)
      let elements = elements(number)
      return (0..<(rows + width - 1) / width).flatMap { panel in
        (0..<depth).flatMap { k in
          (0..<width).map { i in
            let row = panel * width + i
            return row < rows ? elements[row * depth + k] : 0
          }
        }
      }
    }
  }

  /// Odd sizes, stacked parts, panels that end inside a part, and more than one piece, panel and staging memory hold.
  private static func model() throws -> Model {
    try Model([
      ([1], 1), ([7], 5), ([48], 3), ([49], 33), ([5, 1, 30], 65), ([100, 100, 100], 300), ([20], 10_007),
      ([1300], 1024),
    ])
  }

  @Test(
    arguments: [KernelForm.vectors16, .vectors8, .vectors4, .groups], [true, false]
  ) func everyElementIsInItsPlace(form: KernelForm, maps: Bool) async throws {
    let executor = try executor(form, maps: maps)
    let model = try Self.model()
    let buffers = try await executor.weights(of: model.graph, from: Counted())
    for (number, matrix) in model.matrices.enumerated() {
      let buffer = try #require(buffers[matrix.value])
      let found = try executor.queue.read(buffer, count: buffer.byteCount / 4, of: Float.nan)
      let packs = executor.profile.matrixProduct == .panels
      let wanted = packs ? model.panels(number, width: executor.profile.panelWidth) : model.elements(number)
      #expect(found == wanted, "\(matrix.rows) x \(matrix.depth)")
    }
    for (value, first, count) in model.vectors {
      let buffer = try #require(buffers[value])
      #expect(try executor.queue.read(buffer, count: count, of: 0) == (0..<count).map { first + Float($0) })
    }
  }

  @Test(arguments: [true, false]) func theFirstErrorOfTheSourceIsReported(maps: Bool) async throws {
    let executor = try executor(.native, maps: maps)
    let model = try Self.model()
    // Two that fail, far apart: whichever core gets there first, the error is the earlier one's.
    let source = Counted { key, elements in key == "51" && elements.contains(20_000) || key == "70" }
    for _ in 0..<10 {
      await #expect(throws: Counted.Refused(key: "51")) { try await executor.weights(of: model.graph, from: source) }
    }
    #expect(try await executor.weights(of: model.graph, from: Counted()).count == 2 * model.matrices.count)
  }

  /// The n-th call fails, for n = 1, 2, 3 ...: a typed error, no handle left, and the next load is right.
  @Test(.timeLimit(.minutes(10)), arguments: Mode.allCases, [true, false])
  func everyCallFails(mode: Mode, maps: Bool) async {
    await #expect(processExitsWith: .success) { [mode, maps] in
      let device = try Device.select("auto")
      var profile = DeviceProfile(device)
      profile.mapsWeights = maps
      let executor = try OpenCLExecutor(device, profile: profile)
      let model = try Model([([49], 33), ([100, 100], 300)])
      func load() async throws -> [[Float]] {
        let buffers = try await executor.weights(of: model.graph, from: Counted())
        return try model.matrices.map { matrix in
          let buffer = try #require(buffers[matrix.value])
          return try executor.queue.read(buffer, count: buffer.byteCount / 4, of: Float.nan)
        }
      }
      /// What is not released yet, once the device's thread has let go of what it held.
      func outstanding() async throws -> [CallMonitor.HandleKind: Int] {
        for _ in 0..<2000 where !CallMonitor.counts.outstanding.isEmpty { try await Task.sleep(for: .milliseconds(1)) }
        return CallMonitor.counts.outstanding
      }
      CallMonitor.start()
      let wanted = try await load()
      #expect(try await outstanding().isEmpty)
      let status: OpenCLStatus = mode == .late ? .allocationFailure : .deviceNotAvailable
      for nth in 1...200 {
        CallMonitor.start()
        CallMonitor.inject(.init(nth: nth, mode: mode, status: status))
        var found: [[Float]]?
        var caught: (any Error)?
        do { found = try await load() } catch { caught = error }
        let report = CallMonitor.removeFault()
        try? executor.queue.finish()  // as `OpenCLExecutor.load` does, in whose place the load above stands
        let what = "\(mode) \(nth) \(report.call ?? "no fault met")"
        let left = try await outstanding()
        #expect(left.isEmpty, "\(what): \(left)")
        #expect(caught.map { $0 is OpenCLError && report.hits > 0 } ?? (found == wanted), "\(what)")
        #expect(try await load() == wanted, "after \(what)")
        let leftAfter = try await outstanding()
        #expect(leftAfter.isEmpty, "after \(what): \(leftAfter)")
        if report.hits == 0 {
          // At least: four buffers made and released, two reads, and a map and an unmap of each or an upload.
          #expect(nth > (mode == .late ? 4 : 12), "\(nth)")
          return
        }
      }
      Issue.record("still meeting faults after 200 loads")
    }
  }
}

/// An executor that brings weights to the device in a certain way.
private func executor(_ form: KernelForm, maps: Bool) throws -> OpenCLExecutor {
  var profile = try form.executor().profile
  profile.mapsWeights = maps
  return try OpenCLExecutor(try Device.select("auto"), profile: profile)
}
