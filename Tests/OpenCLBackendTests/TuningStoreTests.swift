// SPDX-License-Identifier: Apache-2.0
import Glibc
import OpenCLBackend
import OpenCLRuntime
import StrictJSON
import TestSupport
import Testing

/// Tunings on disk.
@Suite struct TuningStoreTests {
  private let store: TuningStore
  private let device: Device
  private let profile: DeviceProfile

  init() throws {
    var template = Array("/tmp/swift-bert-tuning.XXXXXX".utf8CString)
    let made = mkdtemp(&template).map { String(cString: $0) }
    // A folder that is not there yet.
    store = TuningStore(folder: try #require(made) + "/swift-bert/tuning")
    device = try Device.select("auto")
    profile = DeviceProfile(device)
  }

  private static let tuning = Tuning([
    TuningKey(.linear, [384, 1536], size: 128): Tuning.Measurement(
      choice: "panels 64 2", standard: "panels 128 4",
      candidates: [
        Tuning.Candidate("panels 128 4", .seconds(0.002)), Tuning.Candidate("panels 64 2", .seconds(0.001)),
        Tuning.Candidate("panels 512 8", .refused("element 3 is \"nan\"")),
      ]),
    TuningKey(.attention, [12, 32], size: 7): Tuning.Measurement(
      choice: "vectors 2", standard: "vectors 2", candidates: [Tuning.Candidate("vectors 2", .seconds(1e-7))]),
  ])

  private var path: String { store.path(for: device, profile) }

  @Test func whatIsStoredIsLoaded() throws {
    #expect(try store.load(for: device, profile) == nil)
    #expect(try store.store(Self.tuning, for: device, profile) == path)
    #expect(try store.load(for: device, profile) == Self.tuning)
    let other = DeviceProfile(device, workGroupSize: 32, matrixProduct: .tiled)
    #expect(store.path(for: device, other) != path)
    #expect(try store.load(for: device, other) == nil)
    try store.store(.none, for: device, profile)
    #expect(try store.load(for: device, profile) == Tuning.none)
  }

  /// Every prefix, and many damages: a tuning or a typed error, and nothing that was not written.
  @Test func damagedFilesAreRefused() throws {
    try store.store(Self.tuning, for: device, profile)
    let good = try BoundedFile.read(path: path, limit: 1 << 20)
    func load(_ bytes: [UInt8]) throws -> Tuning? {
      #expect(CacheFolder.write(bytes, to: path))
      let result = Result { try store.load(for: device, profile) }
      guard case .failure(let error) = result else { return try result.get() }
      guard case TuningError.malformed(self.path, _) = error else { throw error }
      return nil
    }
    for count in 0..<(good.count - 1) { #expect(try load(Array(good.prefix(count))) == nil, "\(count) bytes") }
    var generator = SeededGenerator(seed: 11)
    for _ in 0..<2000 {
      guard let tuning = try load(mutate(good, maximumCount: 1 << 16, using: &generator)) else { continue }
      for (key, measurement) in tuning.measurements {
        #expect(measurement.seconds(of: measurement.choice) ?? 0 > 0, "\(key)")
      }
    }
  }

  @Test(arguments: [
    ("{}", "version 1"), ("[]", "version 1"), (#"{"version": 2}"#, "version 1"),
    (#"{"version": 1}"#, "another device"),
  ])
  func filesOfAnotherKindAreRefused(text: String, reason: String) throws {
    #expect(CacheFolder.write(Array(text.utf8), to: path))
    #expect {
      try store.load(for: device, profile)
    } throws: { "\($0)".contains(reason) && "\($0)".contains(path) && "\($0)".contains("bert tune") }
  }

  @Test func aFolderThatCannotBeWrittenIsAnError() throws {
    let blocked = TuningStore(folder: "/dev/null/tuning")
    #expect(throws: TuningError.unwritable(path: blocked.path(for: device, profile))) {
      try blocked.store(Self.tuning, for: device, profile)
    }
  }

  @Test func theEnvironmentSaysWhere() {
    func folder(_ variables: [String: String]) -> String? {
      TuningStore.standard { variables[$0] }?.folder
    }
    #expect(folder(["HOME": "/home/a"]) == "/home/a/.cache/swift-bert/tuning")
    #expect(folder(["HOME": "/home/a", "XDG_CACHE_HOME": "/c"]) == "/c/swift-bert/tuning")
    #expect(folder(["HOME": "/home/a", "XDG_CACHE_HOME": "c"]) == "/home/a/.cache/swift-bert/tuning")
    #expect(folder(["HOME": "/home/a", "SWIFT_BERT_NO_TUNING": "1"]) == nil)
    #expect(folder([:]) == nil)
  }
}
