// SPDX-License-Identifier: Apache-2.0

/// Everything that can go wrong between this process and an OpenCL device.
///
/// Each case carries the objects involved; the sentence for people is made in ``description``.
public enum OpenCLError: Error, Hashable, Sendable {
  // Finding a device

  /// No OpenCL loader: `reason` is the dynamic linker's sentence about `library`.
  case noLoader(library: String, reason: String)
  /// CLBlast is not there: `reason` is the dynamic linker's sentence about `library`.
  case noCLBlast(library: String, reason: String)
  /// The library was found but lacks `function`: an OpenCL 1.1 driver, or a different library under that name.
  case missingFunction(String, library: String)
  /// The loader knows no driver.
  case noPlatform
  /// There are drivers, but none has a usable device of the kind asked for.
  case noDevice(platformCount: Int)
  /// The selector names a platform beyond the last one.
  case noSuchPlatform(index: Int, count: Int)
  /// The selector names a device beyond its platform's last one.
  case noSuchDevice(platform: Int, index: Int, count: Int)
  /// A device selector that cannot be read.
  case badSelector(String)

  // Calls

  /// `call` on `object` returned `status`.
  case callFailed(call: String, object: String, status: OpenCLStatus)
  /// A call that waits for the device returned `status`: its own failure, or that of any command before it.
  case waitFailed(call: String, object: String, status: OpenCLStatus)
  /// A command that the driver had accepted failed on the device; `status` is its event's.
  case commandFailed(command: String, status: OpenCLStatus)
  /// A CLBlast routine returned `status`; `object` says its dimensions.
  case clblastFailed(routine: String, object: String, status: CLBlastStatus)

  // Memory

  /// The device (or the host) could not give `byteCount` bytes. `deviceMemory` is all the device has.
  case allocationFailed(buffer: String, byteCount: Int, deviceMemory: UInt64, status: OpenCLStatus)
  /// `byteCount` is over the device's CL_DEVICE_MAX_MEM_ALLOC_SIZE.
  case bufferTooLarge(buffer: String, byteCount: Int, limit: UInt64)
  /// A buffer of no or negative size.
  case badByteCount(buffer: String, byteCount: Int)
  /// Bytes `offset ..< offset + byteCount` are not all within a buffer of `size` bytes.
  case outOfBounds(buffer: String, offset: Int, byteCount: Int, size: Int)
  /// A sub-buffer's offset is no multiple of the device's base address alignment, in bytes.
  case misaligned(buffer: String, offset: Int, alignment: Int)
  /// A fill pattern's size is not 1, 2, 4 ... 128, or offset or count is no multiple of it. All in bytes.
  case badFill(buffer: String, pattern: Int, offset: Int, byteCount: Int)

  // Programs and kernels

  /// The driver's compiler refused a source.
  case buildFailed(BuildFailure)
  /// The program has no kernel of that name.
  case noSuchKernel(String, file: String)
  /// A kernel has `expected` arguments, not `given`; or an index beyond the last one was set.
  case argumentCount(kernel: String, expected: Int, given: Int)
  /// The value for an argument is not what the kernel declares.
  case argumentMismatch(kernel: String, index: Int, name: String, declared: String, given: String)
  /// More work-items in a group than the kernel or the device can run.
  case workGroupTooLarge(kernel: String, asked: Int, limit: Int)
  /// A global size that is zero, negative or no multiple of the local size, or dimensions that differ.
  case badWorkSize(kernel: String, global: [Int], local: [Int])
  /// A work-group needs more local memory than the device has, in bytes.
  case localMemoryTooSmall(kernel: String, asked: Int, limit: Int)

  /// Whether memory ran out: at allocation, at an enqueue or at a wait. Worth a retry with less work.
  public var isOutOfMemory: Bool {
    switch self {
    case .allocationFailed, .bufferTooLarge: true
    case .callFailed(_, _, let status), .waitFailed(_, _, let status), .commandFailed(_, let status):
      status.isOutOfMemory
    default: false
    }
  }
}

/// A source the driver's compiler refused.
public struct BuildFailure: Hashable, Sendable {
  /// The kernel file's name, as given to ``Program``.
  public let file: String
  /// The options it was built with.
  public let options: String
  public let device: String
  public let status: OpenCLStatus
  /// The whole log; bytes that are not UTF-8 became U+FFFD.
  public let log: String

  public init(file: String, options: String, device: String, status: OpenCLStatus, log: String) {
    self.file = file
    self.options = options
    self.device = device
    self.status = status
    self.log = log
  }

  /// The log's first errors: at most 5 lines with "error" in them, or else its first 5 lines; 200 characters each.
  public var firstErrors: [String] {
    var errors: [Substring] = []
    var opening: [Substring] = []
    var rest = log.utf8[...]
    while !rest.isEmpty, errors.count < 5 {
      let line = rest.prefix { $0 != 10 }
      rest = rest[line.endIndex...].dropFirst()
      let start = Substring(line.prefix(4096))  // a line may be the whole megabyte
      if start.isEmpty { continue }
      if opening.count < 5 { opening.append(start) }
      if start.contains("error") { errors.append(start) }
    }
    return (errors.isEmpty ? opening : errors).map { String($0.prefix(200)) }
  }
}
