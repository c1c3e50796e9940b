// SPDX-License-Identifier: Apache-2.0

import COpenCL

/// One compiled OpenCL C source.
public final class Program: Sendable {
  /// Where the machine code came from.
  public enum Origin: Sendable, Hashable {
    case source
    case cache
  }

  /// What becomes of a built program's binary before it is loaded: for instructions that the compiler does not know.
  package struct BinaryEdit: Sendable {
    /// What the edit is and which version of it, for the cache.
    let name: String
    /// Why a build fails where there is nothing to edit.
    let complaint: String
    package let edited: @Sendable ([UInt8]) -> [UInt8]?

    /// - Parameters:
    ///   - name: another one whenever `edited` gives something else.
    ///   - complaint: why a build fails where `edited` gives nil.
    ///   - edited: the binary to load in place of the compiler's; nil where that is not what was expected.
    package init(name: String, complaint: String, edited: @escaping @Sendable ([UInt8]) -> [UInt8]?) {
      (self.name, self.complaint, self.edited) = (name, complaint, edited)
    }
  }

  public let context: Context
  /// The kernel file's name, for errors.
  public let file: String
  /// The compiler options it was built with, `-cl-kernel-arg-info` included.
  public let options: String
  public let origin: Origin
  /// What the compiler said although it succeeded; empty where it said nothing, or nothing was compiled.
  public let log: String

  nonisolated(unsafe) let handle: cl_program  // OpenCL objects may be used from any thread
  /// What the cache knows this program by.
  public let cacheKey: ProgramCache.Key
  private let cache: ProgramCache?

  /// Builds `source`, or takes its binary from the cache.
  ///
  /// - Parameters:
  ///   - file: the kernel file's name, for errors.
  ///   - options: compiler options, such as `-DWG_SIZE=64`. `-cl-kernel-arg-info` is added.
  ///   - cache: null to compile in any case.
  /// - Throws: `buildFailed`, `callFailed`. Trouble with the cache is no error.
  public convenience init(
    _ context: Context, file: String, source: String, options: String = "", cache: ProgramCache? = .standard
  ) throws(OpenCLError) {
    try self.init(context, file: file, source: source, options: options, edit: nil, cache: cache)
  }

  /// The same with a binary that is edited before it is loaded.
  ///
  /// - Throws: `buildFailed` also for a binary that cannot be edited, and for one that the driver does not take.
  package init(
    _ context: Context, file: String, source: String, options: String = "", edit: BinaryEdit?, cache: ProgramCache?
  ) throws(OpenCLError) {
    let allOptions = options.isEmpty ? "-cl-kernel-arg-info" : options + " -cl-kernel-arg-info"
    let key = ProgramCache.Key(
      device: context.device, source: source, options: edit.map { "\(allOptions), \($0.name)" } ?? allOptions)
    self.context = context
    self.file = file
    self.options = allOptions
    cacheKey = key
    self.cache = cache
    if let cache, let binary = cache.binary(for: key) {
      if let handle = Self.load(binary, context, allOptions) {
        self.handle = handle
        origin = .cache
        log = ""
        return
      }
      cache.remove(key)
    }
    let compiled = try Self.compile(source, context, file: file, options: allOptions)
    log = compiled.log
    if let edit {
      defer { ReleaseFailures.note(shim_clReleaseProgram(compiled.program), "clReleaseProgram") }
      let binary = try Self.binary(of: compiled.program, context.device, file)
      guard let edited = edit.edited(binary) else {
        throw .buildFailed(
          BuildFailure(
            file: file, options: allOptions, device: context.device.name, status: .buildFailure, log: edit.complaint))
      }
      let made = try Self.made(from: edited, context, file: file)
      handle = try Self.built(made, context, file: file, options: allOptions).program
    } else {
      handle = compiled.program
    }
    origin = .source
    if !context.device.compilesAtLaunch { storeBinary() }
  }

  /// The kernel of that name, with arguments of its own.
  ///
  /// - Throws: `noSuchKernel`, `callFailed`.
  public func kernel(_ name: String) throws(OpenCLError) -> Kernel { try Kernel(self, name) }

  /// Puts the program's binary into the cache; done after each build, except on drivers that compile further at the first
  /// launch (PoCL: see ``ProgramCache`` for when it pays to call this there, once the kernels have run).
  ///
  /// - Returns: false where there is no cache, or it or the driver would not.
  @discardableResult
  public func storeBinary() -> Bool {
    guard let cache, let binary = try? binary() else { return false }
    return cache.store(binary, for: cacheKey)
  }

  /// The machine code as the driver gives it now.
  ///
  /// - Throws: `callFailed`.
  public func binary() throws(OpenCLError) -> [UInt8] { try Self.binary(of: handle, context.device, file) }

  private static func binary(of handle: cl_program, _ device: Device, _ file: String) throws(OpenCLError) -> [UInt8] {
    try LaunchTurns.alone(on: device) { () throws(OpenCLError) in
      // One device in the context, so one size and one pointer.
      let count = try value(0, "clGetProgramInfo", file) {
        shim_clGetProgramInfo(handle, cl_program_info(CL_PROGRAM_BINARY_SIZES), $0, $1, $2)
      }
      guard count > 0 else { return [] }
      var binary = [UInt8](repeating: 0, count: count)
      let status = binary.withUnsafeMutableBytes { bytes in
        var pointer = bytes.baseAddress
        return shim_clGetProgramInfo(
          handle, cl_program_info(CL_PROGRAM_BINARIES), MemoryLayout.size(ofValue: pointer), &pointer, nil)
      }
      try check(status, "clGetProgramInfo", file)
      return binary
    }
  }

  private static func compile(
    _ source: String, _ context: Context, file: String, options: String
  ) throws(OpenCLError) -> (program: cl_program, log: String) {
    var status = CL_SUCCESS
    var source = source
    let made = source.withUTF8 { utf8 in
      utf8.withMemoryRebound(to: CChar.self) { characters in
        var start = characters.baseAddress
        var count = characters.count
        return shim_clCreateProgramWithSource(context.handle, 1, &start, &count, &status)
      }
    }
    let program = try created(made, status, "clCreateProgramWithSource", file)
    return try built(program, context, file: file, options: options)
  }

  /// Builds a program, and releases it where that fails.
  private static func built(
    _ program: cl_program, _ context: Context, file: String, options: String
  ) throws(OpenCLError) -> (program: cl_program, log: String) {
    let built = build(program, context.device, options)
    let log = buildLog(of: program, context.device)
    if built == CL_SUCCESS { return (program, log) }
    ReleaseFailures.note(shim_clReleaseProgram(program), "clReleaseProgram")
    let buildStatus = OpenCLStatus(rawValue: built)
    guard buildStatus == .buildFailure else { throw failure(built, "clBuildProgram", file) }
    throw .buildFailed(
      BuildFailure(file: file, options: options, device: context.device.name, status: buildStatus, log: log))
  }

  private static func made(from binary: [UInt8], _ context: Context, file: String) throws(OpenCLError) -> cl_program {
    var status = CL_SUCCESS
    var perDevice = CL_SUCCESS
    let made = binary.withUnsafeBufferPointer { bytes in
      var start = bytes.baseAddress
      var count = bytes.count
      var device: cl_device_id? = context.device.handle
      return shim_clCreateProgramWithBinary(context.handle, 1, &device, &count, &start, &perDevice, &status)
    }
    let program = try created(made, status, "clCreateProgramWithBinary", file)
    guard perDevice == CL_SUCCESS else {
      ReleaseFailures.note(shim_clReleaseProgram(program), "clReleaseProgram")
      throw failure(perDevice, "clCreateProgramWithBinary", file)
    }
    return program
  }

  /// Null where the driver does not want the binary: another version wrote it, or it is damaged.
  private static func load(_ binary: [UInt8], _ context: Context, _ options: String) -> cl_program? {
    guard let made = try? made(from: binary, context, file: "") else { return nil }
    if build(made, context.device, options) == CL_SUCCESS { return made }
    ReleaseFailures.note(shim_clReleaseProgram(made), "clReleaseProgram")
    return nil
  }

  private static func build(_ program: cl_program, _ device: Device, _ options: String) -> cl_int {
    var handle: cl_device_id? = device.handle
    return shim_clBuildProgram(program, 1, &handle, options, nil, nil)
  }

  /// The log; what is not UTF-8 in it becomes U+FFFD. A log that cannot be had is empty: the build's status counts.
  private static func buildLog(of program: cl_program, _ device: Device) -> String {
    do throws(OpenCLError) {
      return try text("clGetProgramBuildInfo", "build log") {
        shim_clGetProgramBuildInfo(program, device.handle, cl_program_build_info(CL_PROGRAM_BUILD_LOG), $0, $1, $2)
      }
    } catch {
      return ""
    }
  }

  deinit { ReleaseFailures.note(shim_clReleaseProgram(handle), "clReleaseProgram") }
}
