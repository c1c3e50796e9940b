// SPDX-License-Identifier: Apache-2.0

import COpenCL

/// One OpenCL device and what its driver says about it, asked once.
///
/// Source of every property: the `CL_DEVICE_...` query of the same name, OpenCL 1.2 specification, table 4.3.
public final class Device: Sendable {
  /// What a device is.
  public enum Kind: String, Sendable, Hashable, CaseIterable {
    case gpu, accelerator, cpu, other
  }

  /// Where local memory lives.
  public enum LocalMemoryKind: String, Sendable, Hashable {
    /// Memory of its own, close to the compute unit.
    case dedicated
    /// A part of global memory, as on most CPU drivers: staging data there gains nothing.
    case global
    case none
  }

  public let platform: Platform
  /// Position in the platform's list, from 0.
  public let index: Int
  public let name: String
  public let vendor: String
  public let driverVersion: String
  /// `OpenCL <major>.<minor> <driver's own words>`.
  public let version: String
  /// `OpenCL C <major>.<minor> <driver's own words>`.
  public let languageVersion: String
  public let kind: Kind
  /// False where the driver lists a device that cannot be used now.
  public let isAvailable: Bool
  /// False on embedded drivers that take binaries only.
  public let hasCompiler: Bool
  /// Bytes.
  public let globalMemory: UInt64
  /// Bytes a work-group can have.
  public let localMemory: Int
  public let localMemoryKind: LocalMemoryKind
  /// CL_DEVICE_MAX_MEM_ALLOC_SIZE, bytes: the largest single buffer.
  public let maxBufferBytes: UInt64
  /// Work-items.
  public let maxWorkGroupSize: Int
  public let computeUnits: Int
  /// MHz, as the driver claims; 0 where it does not know.
  public let clock: Int
  /// Lanes of a float vector the driver likes, and the lanes the hardware has.
  public let preferredFloatWidth: Int
  public let nativeFloatWidth: Int
  /// CL_DEVICE_MEM_BASE_ADDR_ALIGN, bytes: where a sub-buffer may start.
  public let baseAlignment: Int
  /// Whether host and device share one memory.
  public let hasUnifiedMemory: Bool
  /// Whether `half` is a type to compute in (cl_khr_fp16). Storage by `vload_half` needs nothing.
  public let hasFP16: Bool
  /// Whether `double` is a type to compute in (cl_khr_fp64, or OpenCL 1.2 with a double configuration).
  public let hasFP64: Bool
  /// Whether kernels can use sub-groups.
  public let hasSubgroups: Bool
  public let extensions: [String]

  /// Whether kernels are compiled when they are first launched, not when the program is built.
  var compilesAtLaunch: Bool { platform.name == Platform.poclName }
  /// See ``LaunchTurns``.
  var needsLaunchTurns: Bool { platform.needsLaunchTurns && kind == .cpu }

  nonisolated(unsafe) let handle: cl_device_id  // a root device: retains do nothing, it lives as long as the process

  init(platform: Platform, index: Int, handle: cl_device_id) throws(OpenCLError) {
    self.platform = platform
    self.index = index
    self.handle = handle
    let properties = DeviceProperties(handle: handle, label: "device \(platform.index):\(index)")
    name = try properties.text(CL_DEVICE_NAME)
    vendor = try properties.text(CL_DEVICE_VENDOR)
    driverVersion = try properties.text(CL_DRIVER_VERSION)
    version = try properties.text(CL_DEVICE_VERSION)
    languageVersion = try properties.text(CL_DEVICE_OPENCL_C_VERSION)
    let type = try properties.number(CL_DEVICE_TYPE, as: cl_device_type.self)
    if type & cl_device_type(CL_DEVICE_TYPE_GPU) != 0 {
      kind = .gpu
    } else if type & cl_device_type(CL_DEVICE_TYPE_ACCELERATOR) != 0 {
      kind = .accelerator
    } else {
      kind = type & cl_device_type(CL_DEVICE_TYPE_CPU) != 0 ? .cpu : .other
    }
    isAvailable = try properties.number(CL_DEVICE_AVAILABLE, as: cl_bool.self) != 0
    hasCompiler = try properties.number(CL_DEVICE_COMPILER_AVAILABLE, as: cl_bool.self) != 0
    globalMemory = try properties.number(CL_DEVICE_GLOBAL_MEM_SIZE, as: cl_ulong.self)
    localMemory = Int(clamping: try properties.number(CL_DEVICE_LOCAL_MEM_SIZE, as: cl_ulong.self))
    switch Int32(bitPattern: try properties.number(CL_DEVICE_LOCAL_MEM_TYPE, as: cl_uint.self)) {
    case CL_LOCAL: localMemoryKind = .dedicated
    case CL_GLOBAL: localMemoryKind = .global
    default: localMemoryKind = .none
    }
    maxBufferBytes = try properties.number(CL_DEVICE_MAX_MEM_ALLOC_SIZE, as: cl_ulong.self)
    maxWorkGroupSize = try properties.number(CL_DEVICE_MAX_WORK_GROUP_SIZE, as: Int.self)
    computeUnits = Int(try properties.number(CL_DEVICE_MAX_COMPUTE_UNITS, as: cl_uint.self))
    clock = Int(try properties.number(CL_DEVICE_MAX_CLOCK_FREQUENCY, as: cl_uint.self))
    preferredFloatWidth = Int(try properties.number(CL_DEVICE_PREFERRED_VECTOR_WIDTH_FLOAT, as: cl_uint.self))
    nativeFloatWidth = Int(try properties.number(CL_DEVICE_NATIVE_VECTOR_WIDTH_FLOAT, as: cl_uint.self))
    baseAlignment = max(1, Int(try properties.number(CL_DEVICE_MEM_BASE_ADDR_ALIGN, as: cl_uint.self)) / 8)
    hasUnifiedMemory = try properties.number(CL_DEVICE_HOST_UNIFIED_MEMORY, as: cl_bool.self) != 0
    extensions = try properties.text(CL_DEVICE_EXTENSIONS).split(separator: " ").map { String($0) }
    hasFP16 = extensions.contains("cl_khr_fp16")
    hasFP64 =
      extensions.contains("cl_khr_fp64")
      || properties.optional(CL_DEVICE_DOUBLE_FP_CONFIG, as: cl_device_fp_config.self) != 0
    // OpenCL 3.0 made sub-groups optional again, with no extension but a limit of 0; older drivers refuse the query.
    hasSubgroups =
      extensions.contains("cl_khr_subgroups") || extensions.contains("cl_intel_subgroups")
      || properties.optional(Int32(SHIM_DEVICE_MAX_NUM_SUB_GROUPS), as: cl_uint.self) != 0
  }
}

/// Reads one device's properties.
private struct DeviceProperties {
  let handle: cl_device_id
  let label: String

  func text(_ property: Int32) throws(OpenCLError) -> String {
    try OpenCLRuntime.text("clGetDeviceInfo", label) {
      shim_clGetDeviceInfo(handle, cl_device_info(property), $0, $1, $2)
    }
  }

  func number<T: BinaryInteger & BitwiseCopyable>(_ property: Int32, as type: T.Type) throws(OpenCLError) -> T {
    try value(0 as T, "clGetDeviceInfo", label) {
      shim_clGetDeviceInfo(handle, cl_device_info(property), $0, $1, $2)
    }
  }

  /// 0 where the driver does not know the property: it is newer than OpenCL 1.2 or belongs to an extension.
  func optional<T: BinaryInteger & BitwiseCopyable>(_ property: Int32, as type: T.Type) -> T {
    do throws(OpenCLError) { return try number(property, as: type) } catch { return 0 }
  }
}
