// SPDX-License-Identifier: Apache-2.0
import Glibc
import Synchronization

/// The built `bert` as a process, with pipes to all three of its streams.
final class ToolProcess {
  struct Failure: Error, CustomStringConvertible {
    let description: String
  }

  /// What a process left behind.
  struct Outcome {
    /// Exit status; 128 + the signal for one that was killed.
    let status: Int32
    let output: [UInt8]
    let error: String

    var text: String { String(decoding: output, as: UTF8.self) }
    var lines: [String] { text.split(separator: "\n").map(String.init) }
    var errorLines: [String] { error.split(separator: "\n").map(String.init) }
  }

  /// Beside the test bundle, which is this process.
  static let path: String = {
    let bundle = realpath("/proc/self/exe", nil).map { pointer in
      defer { free(pointer) }
      return String(cString: pointer)
    }
    return (bundle ?? "").split(separator: "/").dropLast().reduce("") { $0 + "/" + $1 } + "/bert"
  }()

  /// A hung process fails its test instead of the whole run.
  private static let patience = Duration.seconds(120)
  /// Pipes must be closed on exec before the next process is made, or it would hold them open.
  private static let spawning = Mutex(())

  private let process: pid_t
  private var input: Int32
  private var output: Int32
  private let error: Int32
  private var outputBytes: [UInt8] = []
  private var errorBytes: [UInt8] = []
  private var isReaped = false

  /// Starts the tool.
  ///
  /// - Parameter environment: set in the tool beyond what this process has.
  init(_ arguments: [String], environment: [String: String] = [:]) throws {
    // Whatever this user's device has been tuned to; a test with a cache of its own tunes for itself.
    let untuned = ["SWIFT_BERT_NO_TUNING": environment["XDG_CACHE_HOME"] == nil ? "1" : ""]
    let environment = untuned.merging(environment) { $1 }
    signal(SIGPIPE, SIG_IGN)  // a tool that ends early is an outcome, not the end of the tests
    var pipes: [[Int32]] = []
    var process: pid_t = 0
    try ToolProcess.spawning.withLock { _ in
      pipes = try (0..<3).map { _ in try ToolProcess.makePipe() }
      process = try ToolProcess.spawn(arguments, environment, pipes)
    }
    for end in [pipes[0][0], pipes[1][1], pipes[2][1]] { close(end) }
    self.process = process
    (input, output, error) = (pipes[0][1], pipes[1][0], pipes[2][0])
    for end in [input, output, error] { _ = fcntl(end, F_SETFL, fcntl(end, F_GETFL) | O_NONBLOCK) }
  }

  deinit {
    closeInput()
    closeOutput()
    close(error)
    if !isReaped {
      Glibc.kill(process, SIGKILL)
      waitpid(process, nil, 0)
    }
  }

  /// Runs the tool to its end.
  static func run(
    _ arguments: [String], input: [UInt8] = [], environment: [String: String] = [:]
  ) throws -> Outcome {
    let process = try ToolProcess(arguments, environment: environment)
    return try process.finish(input: input)
  }

  /// Gives the tool bytes, while reading what it writes.
  func write(_ bytes: [UInt8]) throws {
    var rest = bytes[...]
    try pump {
      guard !rest.isEmpty else { return false }
      let count = rest.withUnsafeBytes { Glibc.write(self.input, $0.baseAddress, $0.count) }
      if count < 0, errno == EPIPE { return false }
      rest = rest.dropFirst(max(count, 0))
      return !rest.isEmpty
    }
  }

  /// The next line of output, waited for.
  func readLine() throws -> String {
    var line: [UInt8]?
    try pump {
      if let end = self.outputBytes.firstIndex(of: 0x0A) {
        line = Array(self.outputBytes[..<end])
        self.outputBytes.removeFirst(end + 1)
      }
      return line == nil
    }
    return String(decoding: line ?? [], as: UTF8.self)
  }

  /// Stops listening to the tool's output.
  func closeOutput() {
    if output >= 0 { close(output) }
    output = -1
  }

  func closeInput() {
    if input >= 0 { close(input) }
    input = -1
  }

  /// Gives the tool its last input and waits for its end.
  func finish(input bytes: [UInt8] = []) throws -> Outcome {
    try write(bytes)
    closeInput()
    return try wait()
  }

  /// Kills the tool as soon as something is so, and waits for its end.
  func kill(when isTime: () -> Bool) throws {
    try pump { !isTime() }
    Glibc.kill(process, SIGKILL)
    _ = try wait()
  }

  /// Sends the tool what Control-C sends, as soon as something is so, and waits for its end.
  func interrupt(when isTime: () -> Bool) throws -> Outcome {
    try pump { !isTime() }
    Glibc.kill(process, SIGINT)
    return try wait()
  }

  /// Waits for the tool's end, which must come by itself where the input has not been closed.
  func wait() throws -> Outcome {
    var status: Int32 = 0
    try pump {
      self.isReaped = waitpid(self.process, &status, WNOHANG) == self.process
      return !self.isReaped
    }
    drain()
    let signal = status & 0x7F
    return Outcome(
      status: signal == 0 ? status >> 8 & 0xFF : 128 + signal, output: outputBytes,
      error: String(decoding: errorBytes, as: UTF8.self))
  }
}

extension ToolProcess {
  /// Reads what comes until `isWaiting` is false.
  private func pump(_ isWaiting: () throws -> Bool) throws {
    let clock = ContinuousClock()
    let end = clock.now + ToolProcess.patience
    while try isWaiting() {
      guard clock.now < end else { throw Failure(description: "the tool took too long") }
      var descriptors = [output, error].map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) }
      _ = poll(&descriptors, nfds_t(2), 5)
      if !drain() { usleep(1000) }
    }
  }

  /// Reads what is there; whether there was something.
  @discardableResult
  private func drain() -> Bool {
    let before = outputBytes.count + errorBytes.count
    ToolProcess.read(output, into: &outputBytes)
    ToolProcess.read(error, into: &errorBytes)
    return outputBytes.count + errorBytes.count > before
  }

  private static func read(_ descriptor: Int32, into bytes: inout [UInt8]) {
    let size = 1 << 16
    var block = [UInt8](repeating: 0, count: size)
    while true {
      let count = Glibc.read(descriptor, &block, size)
      guard count > 0 else { return }
      bytes += block[..<count]
    }
  }

  private static func makePipe() throws -> [Int32] {
    var ends: [Int32] = [-1, -1]
    guard pipe(&ends) == 0 else { throw Failure(description: "no pipe") }
    for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
    return ends
  }

  private static func spawn(
    _ arguments: [String], _ environment: [String: String], _ pipes: [[Int32]]
  ) throws -> pid_t {
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    for (stream, end) in [pipes[0][0], pipes[1][1], pipes[2][1]].enumerated() {
      posix_spawn_file_actions_adddup2(&actions, end, Int32(stream))
    }
    var variables = environment.map { "\($0.key)=\($0.value)" }
    var entry = environ
    while let variable = entry.pointee {
      let text = String(cString: variable)
      if !environment.keys.contains(where: { text.hasPrefix($0 + "=") }) { variables.append(text) }
      entry += 1
    }
    // Tests that run in the background have SIGINT ignored, and what they start would inherit that.
    var attributes = posix_spawnattr_t()
    posix_spawnattr_init(&attributes)
    defer { posix_spawnattr_destroy(&attributes) }
    var defaults = sigset_t()
    sigemptyset(&defaults)
    sigaddset(&defaults, SIGINT)
    posix_spawnattr_setsigdefault(&attributes, &defaults)
    posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGDEF))
    var argv = ([path] + arguments).map { strdup($0) } + [nil]
    var envp = variables.map { strdup($0) } + [nil]
    defer { for pointer in argv + envp { free(pointer) } }
    var process: pid_t = 0
    let code = posix_spawn(&process, path, &actions, &attributes, &argv, &envp)
    guard code == 0 else { throw Failure(description: "\(path) did not start: error \(code)") }
    return process
  }
}
