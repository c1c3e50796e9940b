// SPDX-License-Identifier: Apache-2.0
import ComputeGraph
import OpenCLRuntime

/// Runs graphs on one OpenCL device.
///
/// Everything that touches the device happens on one thread of its own, in order: calls from any number of tasks are served
/// one behind the other, and no wait holds up Swift's cooperative threads.
public final class OpenCLExecutor: Executor {
  public let device: Device
  public let profile: DeviceProfile
  /// Which configuration each step takes; the standard ones where nothing was measured.
  public let tuning: Tuning
  package let context: Context
  package let queue: Queue
  let thread: DeviceThread
  let library: KernelLibrary
  /// What the device did and when; nil unless asked for.
  let recorder: RunRecorder?

  /// - Parameters:
  ///   - profile: the device's own where nil.
  ///   - tuning: what `tune` has measured on such a device.
  ///   - recordsCommands: whether runs keep the times of their commands, see `takeCommands()`; costs an event a command.
  ///   - cache: where built programs are kept; nil builds anew.
  /// - Throws: `OpenCLError.callFailed` if the device gives no context or queue; `PrecisionError.matrixProduct` for a matrix
  ///   product that has no such numbers.
  public init(
    _ device: Device, profile: DeviceProfile? = nil, tuning: Tuning = .none, recordsCommands: Bool = false,
    cache: ProgramCache? = .standard
  ) throws {
    self.device = device
    self.profile = profile ?? DeviceProfile(device)
    guard self.profile.matrixProduct.takes(self.profile.precision) else {
      throw PrecisionError.matrixProduct(self.profile.matrixProduct, self.profile.precision)
    }
    self.tuning = tuning
    let thread = DeviceThread(label: "swift-bert \(device.selector)")
    let recorder = recordsCommands ? RunRecorder() : nil
    // Made where they are used: Oclgrind 21.10 does not survive a context that another thread made.
    let (context, queue) = try thread.runBlocking {
      let context = try Context(device)
      return (context, try recorder.map { try Queue(context, observer: $0.add) } ?? Queue(context))
    }
    (self.thread, self.context, self.queue, self.recorder) = (thread, context, queue, recorder)
    library = KernelLibrary(context, self.profile, cache: cache)
  }

  /// - Throws: `OpenCLError`, or the source's error. All that was allocated is released then.
  public func load(_ graph: Graph, parameters: any ParameterSource) async throws -> any LoadedGraph {
    try await thread.run {
      do { return try LoadedOpenCLGraph(graph, parameters, on: self) } catch {
        // Transfers may still be in flight, and the queue holds their staging memory until it is waited for. It is shared
        // by all graphs, so nobody might wait for long.
        try? self.queue.finish()
        throw error
      }
    }
  }
}
