// SPDX-License-Identifier: Apache-2.0

import COpenCL

/// A value for one kernel argument.
public enum KernelValue: Sendable, Equatable {
  case buffer(Buffer)
  case int32(Int32)
  case uint32(UInt32)
  case float(Float)
  /// That many bytes of local memory for each work-group.
  case local(bytes: Int)

  public static func == (a: KernelValue, b: KernelValue) -> Bool {
    switch (a, b) {
    case (.buffer(let a), .buffer(let b)): a.identity == b.identity
    case (.int32(let a), .int32(let b)): a == b
    case (.uint32(let a), .uint32(let b)): a == b
    // By bits: -0 and 0 are different arguments, and a NaN is the same one.
    case (.float(let a), .float(let b)): a.bitPattern == b.bitPattern
    case (.local(let a), .local(let b)): a == b
    default: false
    }
  }

  func isSameKind(as other: KernelValue) -> Bool {
    switch (self, other) {
    case (.buffer, .buffer), (.int32, .int32), (.uint32, .uint32), (.float, .float), (.local, .local): true
    default: false
    }
  }

  var localBytes: Int {
    if case .local(let bytes) = self { bytes } else { 0 }
  }

  /// What errors call it.
  var label: String {
    switch self {
    case .buffer(let buffer): "the buffer \(buffer.label)"
    case .int32(let value): "an Int32 (\(value))"
    case .uint32(let value): "a UInt32 (\(value))"
    case .float(let value): "a Float (\(value))"
    case .local(let bytes): "\(bytes) bytes of local memory"
    }
  }

  func pass(to kernel: cl_kernel, at index: cl_uint) -> cl_int {
    func pass<T: BitwiseCopyable>(_ value: T) -> cl_int {
      withUnsafeBytes(of: value) { shim_clSetKernelArg(kernel, index, $0.count, $0.baseAddress) }
    }
    switch self {
    case .buffer(let buffer): return pass(buffer.handle)
    case .int32(let value): return pass(value)
    case .uint32(let value): return pass(value)
    case .float(let value): return pass(value)
    case .local(let bytes): return shim_clSetKernelArg(kernel, index, bytes, nil)
    }
  }
}

/// What a kernel declares about one argument.
public struct KernelArgument: Sendable, Hashable {
  /// OpenCL C's address spaces, of the pointer's target.
  public enum AddressSpace: Sendable, Hashable {
    case global, constant, local, `private`
  }

  public let name: String
  /// As written in OpenCL C, such as `float*` or `uint`.
  public let typeName: String
  public let addressSpace: AddressSpace

  public init(name: String, typeName: String, addressSpace: AddressSpace) {
    self.name = name
    self.typeName = typeName
    self.addressSpace = addressSpace
  }

  /// Null where the driver keeps no argument information: binaries may lack it, and it is optional on devices that take
  /// only binaries.
  static func all(of kernel: cl_kernel, name: String, count: Int) throws(OpenCLError) -> [KernelArgument]? {
    var arguments: [KernelArgument] = []
    for index in 0..<cl_uint(count) {
      let query: (Int32, Int, UnsafeMutableRawPointer?, UnsafeMutablePointer<Int>?) -> cl_int = {
        shim_clGetKernelArgInfo(kernel, index, cl_kernel_arg_info($0), $1, $2, $3)
      }
      do throws(OpenCLError) {
        let object = "argument \(index) of kernel \(name)"
        let qualifier = try value(0 as cl_uint, "clGetKernelArgInfo", object) {
          query(CL_KERNEL_ARG_ADDRESS_QUALIFIER, $0, $1, $2)
        }
        let space: AddressSpace =
          switch Int32(bitPattern: qualifier) {
          case CL_KERNEL_ARG_ADDRESS_GLOBAL: .global
          case CL_KERNEL_ARG_ADDRESS_CONSTANT: .constant
          case CL_KERNEL_ARG_ADDRESS_LOCAL: .local
          default: .private
          }
        let typeName = try text("clGetKernelArgInfo", object) { query(CL_KERNEL_ARG_TYPE_NAME, $0, $1, $2) }
        let argument = try text("clGetKernelArgInfo", object) { query(CL_KERNEL_ARG_NAME, $0, $1, $2) }
        arguments.append(KernelArgument(name: argument, typeName: typeName, addressSpace: space))
      } catch .callFailed(_, _, .argumentInfoNotAvailable) {
        return nil
      }
    }
    return arguments
  }

  /// - Throws: `argumentMismatch` where the value cannot be what is declared. Types that OpenCL C code defines itself pass.
  func check(_ value: KernelValue, _ index: Int, kernel: String) throws(OpenCLError) {
    let fits =
      switch value {
      case .buffer: addressSpace == .global || addressSpace == .constant
      case .local: addressSpace == .local
      case .int32: addressSpace == .private && isScalar(["int"])
      case .uint32: addressSpace == .private && isScalar(["uint", "unsigned int", "unsigned"])
      case .float: addressSpace == .private && isScalar(["float"])
      }
    guard fits else {
      throw .argumentMismatch(
        kernel: kernel, index: index, name: name, declared: "\(addressSpace) \(typeName)", given: value.label)
    }
  }

  private func isScalar(_ names: [String]) -> Bool {
    names.contains(typeName) || !Self.builtIn.contains(typeName)
  }

  private static let builtIn: Set<String> = [
    "bool", "char", "uchar", "unsigned char", "short", "ushort", "unsigned short", "int", "uint", "unsigned int",
    "unsigned", "long", "ulong", "unsigned long", "half", "float", "double", "size_t",
  ]
}
