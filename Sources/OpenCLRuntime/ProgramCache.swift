// SPDX-License-Identifier: Apache-2.0

import Glibc

/// Compiled programs on disk, one file each.
///
/// Nothing here is an error: an entry that is missing, stale, truncated or damaged is built again, and a folder that
/// cannot be written is not written. Any number of processes may use one folder: entries are written beside and renamed.
///
/// What it gains, for three kernels on PoCL 3.1 and two cores: 960 ms to compile and 450 ms more at the first launches;
/// 57 ms with PoCL's own cache warm; 2 ms from here. But PoCL compiles every kernel once more, for any group size, when
/// its binary is asked for (0.2 s a kernel), and the binary holds what has been launched by then and never grows after.
/// So programs are stored right after a build except on PoCL, where ``Program/storeBinary()`` is left to who knows that
/// the kernels have run and that there will be many more processes.
public final class ProgramCache: Sendable {
  /// What a compiled program depends on.
  public struct Key: Sendable, Hashable {
    let text: [UInt8]

    /// A new driver or platform, another processor (PoCL's device name says it) or any change to source or options gives
    /// another key.
    public init(source: String, options: String, deviceName: String, driverVersion: String, platformVersion: String) {
      // Lengths first: no two lists of fields make the same text.
      var text: [UInt8] = []
      for field in ["\(Entry.version)", deviceName, driverVersion, platformVersion, options, source] {
        text += Array("\(field.utf8.count):".utf8) + Array(field.utf8)
      }
      self.text = text
    }

    init(device: Device, source: String, options: String) {
      self.init(
        source: source, options: options, deviceName: device.name, driverVersion: device.driverVersion,
        platformVersion: device.platform.version)
    }

    /// The entry's file name.
    public var fileName: String {
      var hash = FNV128()
      hash.add(text)
      return hash.hexadecimal
    }
  }

  /// Where the entries are. Made when the first entry is stored.
  public let folder: String

  public init(folder: String) { self.folder = folder }

  /// `$XDG_CACHE_HOME/swift-bert/programs`, or `~/.cache/swift-bert/programs`; null with SWIFT_BERT_NO_PROGRAM_CACHE=1
  /// or with neither variable. Read once.
  public static let standard: ProgramCache? = standardFolder(environment: CacheFolder.variable).map {
    ProgramCache(folder: $0)
  }

  /// The same, for an environment other than the process's.
  public static func standardFolder(environment: (String) -> String?) -> String? {
    if environment("SWIFT_BERT_NO_PROGRAM_CACHE") == "1" { return nil }
    return CacheFolder.path("programs", environment: environment)
  }

  /// The binary stored for `key`; null if there is none that can be trusted.
  public func binary(for key: Key) -> [UInt8]? {
    guard let file = readFile(folder + "/" + key.fileName) else { return nil }
    return Entry.binary(in: file, key: key.text)
  }

  /// Stores a binary; false where that did not work.
  @discardableResult
  public func store(_ binary: [UInt8], for key: Key) -> Bool {
    guard !binary.isEmpty, makeFolder(folder) else { return false }
    return writeFile(folder + "/" + key.fileName, Entry.bytes(key: key.text, binary: binary))
  }

  /// Forgets one entry: the driver refused it.
  func remove(_ key: Key) { unlink(folder + "/" + key.fileName) }

  /// The layout of an entry.
  ///
  ///     magic "swbertCL", version, key length, binary length (8 bytes each, little-endian), key, binary,
  ///     FNV-1a 128 of all that (16 bytes)
  enum Entry {
    /// Raise when the layout or anything that kernels take for granted changes.
    static let version: UInt64 = 1
    private static let magic = Array("swbertCL".utf8)
    private static let headerSize = 32
    private static let checksumSize = 16

    static func bytes(key: [UInt8], binary: [UInt8]) -> [UInt8] {
      var file = magic
      file.reserveCapacity(headerSize + key.count + binary.count + checksumSize)
      for number in [version, UInt64(key.count), UInt64(binary.count)] {
        file += (0..<8).map { UInt8(truncatingIfNeeded: number >> ($0 * 8)) }
      }
      file += key
      file += binary
      return file + checksum(file[...])
    }

    static func binary(in file: [UInt8], key: [UInt8]) -> [UInt8]? {
      let payload = file.count - headerSize - checksumSize
      guard payload >= 0, file.starts(with: magic), number(file, at: 8) == version else { return nil }
      guard number(file, at: 16) == UInt64(key.count), payload >= key.count,
        number(file, at: 24) == UInt64(payload - key.count)
      else { return nil }
      let end = file.count - checksumSize
      guard checksum(file[..<end]).elementsEqual(file[end...]) else { return nil }
      guard file[headerSize...].starts(with: key) else { return nil }
      return Array(file[(headerSize + key.count)..<end])
    }

    private static func number(_ file: [UInt8], at offset: Int) -> UInt64 {
      file[offset..<offset + 8].reversed().reduce(0) { $0 << 8 | UInt64($1) }
    }

    private static func checksum(_ bytes: ArraySlice<UInt8>) -> [UInt8] {
      var hash = FNV128()
      hash.add(bytes)
      return hash.bytes
    }
  }
}
