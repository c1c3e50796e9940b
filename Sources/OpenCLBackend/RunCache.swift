// SPDX-License-Identifier: Apache-2.0
import ComputeGraph
import OpenCLRuntime

/// What a loaded graph and its variants share beside their weights: one piece of memory for whatever runs, and the plans
/// that are bound to it. Touched on the executor's thread only.
final class RunCache {
  private struct Key: Hashable {
    let graph: UInt64
    let capacity: Dimensions
    let outputs: [String]
    let state: UInt64?
  }
  private struct Entry {
    let key: Key
    let plan: BoundPlan
    /// The state that the plan's kernels have as arguments; gone, so is the plan.
    weak var state: OpenCLState?
  }

  private let executor: OpenCLExecutor
  private var memory: RunMemory?
  /// Most recently used last.
  private var entries: [Entry] = []

  /// Plans kept: a plan holds handles and no memory of its own, and a mixed load has a few dozen shapes.
  private static let keptPlans = 48

  init(_ executor: OpenCLExecutor) { self.executor = executor }

  /// A plan bound earlier for these dimensions, outputs and memory of states.
  func plan(of graph: UInt64, _ capacity: Dimensions, _ outputs: [String], _ state: OpenCLState?) -> BoundPlan? {
    dropPlansOfReleasedStates()
    let key = Key(graph: graph, capacity: capacity, outputs: outputs, state: state?.identity)
    guard let index = entries.firstIndex(where: { $0.key == key }) else { return nil }
    let entry = entries.remove(at: index)
    entries.append(entry)
    return entry.plan
  }

  /// Lets go of plans whose states nobody has any more, and with them of the states' memory.
  func dropPlansOfReleasedStates() { entries.removeAll { $0.key.state != nil && $0.state == nil } }

  /// Binds a plan to memory that holds it.
  func bind(
    _ plan: Plan, of loaded: LoadedOpenCLGraph, outputs: [String], _ state: OpenCLState?
  ) throws -> BoundPlan {
    let needed = try RunMemory.Size(plan, loaded.graph, executor.profile)
    let bound = try BoundPlan(plan, loaded, memory(for: needed), state, executor)
    if entries.count == RunCache.keptPlans { entries.removeFirst() }
    let key = Key(graph: loaded.identity, capacity: plan.dimensions, outputs: outputs, state: state?.identity)
    entries.append(Entry(key: key, plan: bound, state: state))
    return bound
  }

  /// Memory that holds what is needed: the one there is, or a larger one in its place.
  private func memory(for needed: RunMemory.Size) throws -> RunMemory {
    if let memory, memory.size.holds(needed) { return memory }
    entries = []  // they refer to the memory that is replaced
    let size = memory?.size.union(needed) ?? needed
    memory = nil  // before the new one is made: both might not fit
    let made = try RunMemory(size, executor)
    memory = made
    return made
  }

  /// Lets go of everything, so that the next run starts afresh.
  func drop() {
    entries = []
    memory = nil
  }
}
