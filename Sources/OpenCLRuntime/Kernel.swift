// SPDX-License-Identifier: Apache-2.0

import COpenCL
import Synchronization

/// One kernel with its own arguments. Arguments stay set from launch to launch, so a step of a plan that makes a kernel
/// of its own sets them once.
///
/// Every method may be called from any thread, but two owners that set arguments and launch would mix theirs: give each
/// kernel one owner. (OpenCL itself forbids concurrent `clSetKernelArg` on one kernel; a lock here keeps to that.)
public final class Kernel: Sendable {
  /// The function's name.
  public let name: String
  public let program: Program
  public let argumentCount: Int
  /// What the kernel declares, or null where the driver does not tell; then only the driver checks the arguments.
  public let arguments: [KernelArgument]?
  /// The largest work-group this kernel runs with on the device, in work-items.
  public let maxWorkGroupSize: Int
  /// Group sizes that are multiples of this waste no lanes.
  public let preferredWorkGroupMultiple: Int
  /// Bytes of local memory a group needs, without `.local` arguments.
  public let localMemory: Int

  nonisolated(unsafe) private let handle: cl_kernel  // calls that are not thread-safe go through the lock
  private let values: Mutex<[KernelValue?]>

  /// - Throws: `noSuchKernel`, `callFailed`.
  public init(_ program: Program, _ name: String) throws(OpenCLError) {
    var status = CL_SUCCESS
    let made = shim_clCreateKernel(program.handle, name, &status)
    if OpenCLStatus(rawValue: status) == .invalidKernelName { throw .noSuchKernel(name, file: program.file) }
    let handle = try created(made, status, "clCreateKernel", name)
    // All stored properties at once, so that a failure half-way releases the handle.
    let facts: KernelFacts
    do throws(OpenCLError) {
      facts = try KernelFacts(handle, name: name, device: program.context.device)
    } catch {
      ReleaseFailures.note(shim_clReleaseKernel(handle), "clReleaseKernel")
      throw error
    }
    self.handle = handle
    self.name = name
    self.program = program
    argumentCount = facts.argumentCount
    arguments = facts.arguments
    maxWorkGroupSize = facts.maxWorkGroupSize
    preferredWorkGroupMultiple = facts.preferredWorkGroupMultiple
    localMemory = facts.localMemory
    values = Mutex(Array(repeating: nil, count: facts.argumentCount))
  }

  /// Sets one argument; does nothing if it already has that value. The kernel keeps its buffers alive.
  ///
  /// - Throws: `argumentCount` for an index beyond the last, `argumentMismatch`, `callFailed`.
  public func set(_ index: Int, _ value: KernelValue) throws(OpenCLError) {
    guard index >= 0, index < argumentCount else {
      throw .argumentCount(kernel: name, expected: argumentCount, given: index + 1)
    }
    // The lock's closure may throw errors of one type only through a result.
    let result = values.withLock { values -> Result<Void, OpenCLError> in
      if values[index] == value { return .success(()) }
      do throws(OpenCLError) {
        // A value of the same kind was checked before; its size alone may have changed.
        if values[index]?.isSameKind(as: value) != true { try arguments?[index].check(value, index, kernel: name) }
        values[index] = nil  // not known until the driver has taken it
        try check(value.pass(to: handle, at: cl_uint(index)), "clSetKernelArg", "argument \(index) of kernel \(name)")
        values[index] = value
        return .success(())
      } catch {
        return .failure(error)
      }
    }
    try result.get()
  }

  /// Sets all arguments, in order.
  ///
  /// - Throws: `argumentCount` unless there are as many as the kernel declares, and what ``set(_:_:)`` throws.
  public func bind(_ values: [KernelValue]) throws(OpenCLError) {
    guard values.count == argumentCount else {
      throw .argumentCount(kernel: name, expected: argumentCount, given: values.count)
    }
    for (index, value) in values.enumerated() { try set(index, value) }
  }

  public func set(_ index: Int, _ buffer: Buffer) throws(OpenCLError) { try set(index, .buffer(buffer)) }
  public func set(_ index: Int, _ value: Int32) throws(OpenCLError) { try set(index, .int32(value)) }
  public func set(_ index: Int, _ value: UInt32) throws(OpenCLError) { try set(index, .uint32(value)) }
  public func set(_ index: Int, _ value: Float) throws(OpenCLError) { try set(index, .float(value)) }
  /// Local memory of `byteCount` bytes for each work-group.
  public func set(_ index: Int, localBytes byteCount: Int) throws(OpenCLError) {
    try set(index, .local(bytes: byteCount))
  }

  /// What the driver would refuse with a bare number, refused with the numbers in it.
  func checkLaunch(global: WorkSize, local: WorkSize?) throws(OpenCLError) {
    let isDivided = local.map { global.isDivided(by: $0) } ?? true
    guard global.count != nil, isDivided else {
      throw .badWorkSize(kernel: name, global: global.array, local: local?.array ?? [])
    }
    if let local {
      let asked = local.count ?? Int.max
      guard asked <= maxWorkGroupSize else {
        throw .workGroupTooLarge(kernel: name, asked: asked, limit: maxWorkGroupSize)
      }
    }
    let dynamic = values.withLock { $0.reduce(0) { $0 + ($1?.localBytes ?? 0) } }
    let limit = program.context.device.localMemory
    guard min(localMemory, limit) + dynamic <= limit, localMemory <= limit + Kernel.driverLocalBytes else {
      throw .localMemoryTooSmall(kernel: name, asked: localMemory + dynamic, limit: limit)
    }
  }

  /// What a driver may count of its own beside what a kernel declares: NVIDIA's 580.159 says 49,168 bytes of 49,152 for one
  /// that declares 48 KiB, and runs it. More than there is must not reach it: the launch ends the whole context.
  static let driverLocalBytes = 16

  /// Runs `body` while no argument can change: a launch takes the arguments as they are then.
  func withHandle(_ body: (cl_kernel) -> cl_int) -> cl_int {
    values.withLock { _ in body(handle) }
  }

  deinit { ReleaseFailures.note(shim_clReleaseKernel(handle), "clReleaseKernel") }
}

/// What a driver tells about a kernel, asked when it is made.
private struct KernelFacts {
  let argumentCount: Int
  let arguments: [KernelArgument]?
  let maxWorkGroupSize: Int
  let preferredWorkGroupMultiple: Int
  let localMemory: Int

  init(_ kernel: cl_kernel, name: String, device: Device) throws(OpenCLError) {
    let count = try value(0 as cl_uint, "clGetKernelInfo", name) {
      shim_clGetKernelInfo(kernel, cl_kernel_info(CL_KERNEL_NUM_ARGS), $0, $1, $2)
    }
    argumentCount = Int(count)
    arguments = try KernelArgument.all(of: kernel, name: name, count: Int(count))
    func group<T: BinaryInteger & BitwiseCopyable>(_ query: Int32, as type: T.Type) throws(OpenCLError) -> Int {
      Int(
        clamping: try value(0 as T, "clGetKernelWorkGroupInfo", name) {
          shim_clGetKernelWorkGroupInfo(kernel, device.handle, cl_kernel_work_group_info(query), $0, $1, $2)
        })
    }
    maxWorkGroupSize = min(try group(CL_KERNEL_WORK_GROUP_SIZE, as: Int.self), device.maxWorkGroupSize)
    preferredWorkGroupMultiple = max(1, try group(CL_KERNEL_PREFERRED_WORK_GROUP_SIZE_MULTIPLE, as: Int.self))
    localMemory = try group(CL_KERNEL_LOCAL_MEM_SIZE, as: cl_ulong.self)
  }
}
