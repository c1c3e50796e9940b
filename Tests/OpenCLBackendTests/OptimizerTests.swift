// SPDX-License-Identifier: Apache-2.0
import ComputeGraph
import OpenCLBackend
import TestSupport
import Testing

/// What an optimizer's step on the device leaves where its numbers are at the ends of what a float holds.
@Suite struct OptimizerTests {
  /// Gradients are 0 afterwards, unless their norm is no number: then weights, moments and gradients are as they were.
  @Test(arguments: [KernelForm.native, .groups]) func aNormThatIsNoNumberChangesNothing(form: KernelForm) async throws {
    let executor = try form.executor()
    for scale in [Float.infinity, .nan, 1e25, 1] {
      let run = try PreparedRun.step(scale, 1)
      let after = try await run.run(on: executor)
      #expect(after["squared_norm"]?.floats[0].isFinite == (scale == 1))
      for name in ["weights", "gradients", "first_moments", "second_moments"] {
        let (before, now) = (try #require(run.states[name]).floats, try #require(after[name]).floats)
        #expect((now.map(\.bitPattern) == before.map(\.bitPattern)) == (scale != 1), "\(name), times \(scale)")
      }
      if scale == 1 { #expect(after["gradients"]?.floats.allSatisfy { $0 == 0 } == true) }
      #expect(after["loss"]?.floats == run.states["loss_sum"]?.floats)
      #expect(after["loss_sum"]?.floats == [0])
    }
  }

  /// The moments of a parameter that gets no gradient end at 0, not at a number too small to be computed with at full speed.
  @Test func momentsEndAtZero() async throws {
    let executor = try KernelForm.native.executor()
    var run = try PreparedRun.step(0, nil)
    let tiny = try #require(run.states["first_moments"]).floats.map { _ in Float(1.3e-38) }
    for name in ["first_moments", "second_moments"] {
      run.states[name] = try Tensor(.float32(tiny), shape: [tiny.count])
    }
    let after = try await run.run(on: executor)
    #expect(after["first_moments"]?.floats.allSatisfy { $0 == 0 } == true)
    #expect(after["second_moments"]?.floats.allSatisfy { $0 > 1.2e-38 } == true)
  }
}
