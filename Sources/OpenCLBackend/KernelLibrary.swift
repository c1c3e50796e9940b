// SPDX-License-Identifier: Apache-2.0
import Kernels
import OpenCLRuntime
import Synchronization

/// Programs built for one device, each once per set of defines.
package final class KernelLibrary: Sendable {
  let context: Context
  let profile: DeviceProfile
  private let cache: ProgramCache?
  private let programs = Mutex<[String: Program]>([:])
  /// Built from source and not in the cache on disk yet.
  private let unstored = Mutex<[Program]>([])

  init(_ context: Context, _ profile: DeviceProfile, cache: ProgramCache?) {
    self.context = context
    self.profile = profile
    self.cache = cache
  }

  /// A kernel with arguments of its own.
  ///
  /// - Parameters:
  ///   - name: the function.
  ///   - file: the file it is in, where that is not named as the function.
  ///   - defines: values of the file's macros.
  /// - Throws: `OpenCLError.buildFailed`, `.noSuchKernel`, `.callFailed`.
  func kernel(_ name: String, file: String? = nil, defines: [String: Int] = [:]) throws -> Kernel {
    let macros = profile.defines.merging(defines) { $1 }.sorted { $0.key < $1.key }.map { "-D\($0.key)=\($0.value)" }
    let isOfWarpgroups = defines["WARPGROUP_SIZE"] == 4 && defines["MATRIX_ENGINE"] == MatrixEngine.nvidia.rawValue
    let options = (["-cl-std=CL1.2"] + macros).joined(separator: " ")
    return try program(file ?? name, options, isOfWarpgroups ? HopperBinary.edit : nil).kernel(name)
  }

  private func program(_ file: String, _ options: String, _ edit: Program.BinaryEdit?) throws -> Program {
    let key = file + " " + options
    if let program = programs.withLock({ $0[key] }) { return program }
    // Built outside the lock: two builders of one program cost time, not correctness, and loading is serial anyway.
    let source = KernelLibrary.shared(file).map(KernelLibrary.source).joined() + KernelLibrary.source(file)
    let program = try Program(context, file: file + ".cl", source: source, options: options, edit: edit, cache: cache)
    programs.withLock { $0[key] = program }
    if program.origin == .source { unstored.withLock { $0.append(program) } }
    return program
  }

  /// A buffer of zeros, for a kernel that wants a bias where there is none.
  func zeros(_ count: Int) throws -> Buffer {
    let buffer = try Buffer(context, byteCount: count * 4, access: .readOnly, label: "zeros")
    let queue = try Queue(context)
    try queue.fill(buffer, with: Float(0))
    try queue.finish()
    return buffer
  }

  /// Stores the binaries of programs that were built since the last call. After a first run, because PoCL compiles at the
  /// first launch; once per program and machine, because fetching a binary costs PoCL 0.2 s per kernel.
  func storeBinaries() {
    let programs = unstored.withLock { programs in
      defer { programs = [] }
      return programs
    }
    for program in programs { program.storeBinary() }
  }

  /// The files that the host puts in front of a kernel file.
  private static func shared(_ file: String) -> [String] {
    switch file {
    case "dropout", "attention", "attention_gradient": ["common", "philox"]
    case "attention_tiled", "attention_gradient_tiled": ["common", "tiles", "philox"]
    case "attention_probabilities", "attention_context_gradient": ["common", "sum_rows"]
    case "linear_mma": ["common", "warp", "warpgroup"]
    case _ where file.hasSuffix("_mma"): ["common", "warp"]
    case _ where file.hasSuffix("_tiled"): ["common", "tiles"]
    case _ where file.hasSuffix("_panels"): ["common", "panels"]
    default: ["common"]
    }
  }

  /// A kernel file's text.
  package static func source(_ name: String) -> String {
    var length = 0
    guard let text = bert_kernel_source(name, &length) else {
      preconditionFailure("no kernel file \(name).cl is embedded")  // names are literals in this module
    }
    return String(cString: text)
  }
}
