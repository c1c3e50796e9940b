// SPDX-License-Identifier: Apache-2.0

extension OpenCLError: CustomStringConvertible {
  /// One sentence or two: what happened, to which object, the numbers, what to do next.
  public var description: String {
    switch self {
    case .noLoader(let library, let reason):
      "no OpenCL loader: \(library) could not be opened (\(reason)); install one (Debian: ocl-icd-libopencl1 and a "
        + "driver such as pocl-opencl-icd), name one in SWIFT_BERT_OPENCL_LIBRARY, or use the CPU"
    case .noCLBlast(let library, let reason):
      "no CLBlast: \(library) could not be opened (\(reason)); install it (Debian: libclblast1), name it in "
        + "SWIFT_BERT_CLBLAST_LIBRARY, or choose another matrix product"
    case .missingFunction(let function, let library):
      "\(library) has no \(function); OpenCL 1.2 or newer is needed"
    case .noPlatform:
      "the OpenCL loader knows no driver; install one (clinfo lists them; OCL_ICD_VENDORS may point elsewhere), or "
        + "use the CPU"
    case .noDevice(let platformCount):
      "none of \(platformCount) OpenCL platform(s) has a usable device; `bert devices` shows why, or use the CPU"
    case .noSuchPlatform(let index, let count):
      "no OpenCL platform \(index): there are \(count), counted from 0; `bert devices` lists them"
    case .noSuchDevice(let platform, let index, let count):
      "no device \(index) on OpenCL platform \(platform): it has \(count), counted from 0; `bert devices` lists them"
    case .badSelector(let text):
      "cannot read the device \"\(text)\"; write auto, opencl, opencl:PLATFORM or opencl:PLATFORM:DEVICE"

    case .callFailed(let call, let object, let status):
      "\(call) failed on \(object): \(status)\(Self.advice(status))"
    case .waitFailed(let call, let object, let status):
      "\(call) failed on \(object): \(status), from this or from a command before it in the queue"
        + Self.advice(status)
    case .commandFailed(let command, let status):
      "\(command) was accepted but failed on the device: \(status)\(Self.advice(status))"
    case .clblastFailed(let routine, let object, let status):
      "\(routine) failed on \(object): \(status); choose another matrix product if this stays"

    case .allocationFailed(let buffer, let byteCount, let deviceMemory, let status):
      "\(status): no \(byteCount) bytes for \(buffer), on a device with \(deviceMemory) bytes in all; use smaller "
        + "batches, a smaller model or half precision"
    case .bufferTooLarge(let buffer, let byteCount, let limit):
      "\(buffer) needs \(byteCount) bytes, but the device gives at most \(limit) to one buffer "
        + "(CL_DEVICE_MAX_MEM_ALLOC_SIZE); use smaller batches or half precision"
    case .badByteCount(let buffer, let byteCount):
      "\(buffer) cannot have \(byteCount) bytes; a buffer has at least 1"
    case .outOfBounds(let buffer, let offset, let byteCount, let size):
      "\(byteCount) bytes from offset \(offset) are not all within \(buffer), which has \(size)"
    case .misaligned(let buffer, let offset, let alignment):
      "a part of \(buffer) cannot start at byte \(offset); the device wants multiples of \(alignment)"
    case .badFill(let buffer, let pattern, let offset, let byteCount):
      "cannot fill \(byteCount) bytes from offset \(offset) of \(buffer) with a pattern of \(pattern) bytes; the "
        + "pattern is 1, 2, 4 ... 128 bytes and divides both"

    case .buildFailed(let failure):
      "\(failure.file) does not build on \(failure.device) with options \"\(failure.options)\": \(failure.status)\n"
        + failure.firstErrors.joined(separator: "\n")
    case .noSuchKernel(let kernel, let file):
      "\(file) has no kernel \(kernel)"
    case .argumentCount(let kernel, let expected, let given):
      "kernel \(kernel) has \(expected) argument(s), but \(given) were given"
    case .argumentMismatch(let kernel, let index, let name, let declared, let given):
      "argument \(index) (\(name)) of kernel \(kernel) is declared \(declared), but was given \(given)"
    case .workGroupTooLarge(let kernel, let asked, let limit):
      "kernel \(kernel) was asked for \(asked) work-items a group, but runs with at most \(limit) on this device; "
        + "build it for a smaller group"
    case .badWorkSize(let kernel, let global, let local):
      "kernel \(kernel) cannot run \(global) work-items in groups of \(local); each global size is a positive "
        + "multiple of its local size"
    case .localMemoryTooSmall(let kernel, let asked, let limit):
      "kernel \(kernel) needs \(asked) bytes of local memory a group, but the device has \(limit); build it for "
        + "smaller tiles"
    }
  }

  /// What to do next, where a status tells.
  private static func advice(_ status: OpenCLStatus) -> String {
    switch status {
    case .allocationFailure, .outOfHostMemory: "; memory ran out: use smaller batches"
    case .outOfResources: "; memory ran out or the device was lost: use smaller batches, or start again"
    case .deviceNotAvailable: "; the device was lost: start again, or choose another one"
    default: ""
    }
  }
}
