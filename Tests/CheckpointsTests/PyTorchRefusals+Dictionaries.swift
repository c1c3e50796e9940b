// SPDX-License-Identifier: Apache-2.0

import Checkpoints

// What each file of Fixtures/bins/bad gets. Offsets and numbers can be checked against scripts/make-bad-bins.py.
extension PyTorchRefusals {
  /// Files whose dictionary or storages are refused.
  static let dictionaries: [String: PyTorchError] = [
    "big-endian": .bigEndian,
    "count-other-type": .wrongStorageSize(storage: "0", dataType: .float64, elements: 6, found: 24),
    "count-over-record": .wrongStorageSize(storage: "0", dataType: .float32, elements: 7, found: 24),
    "count-overflow": .wrongStorageSize(
      storage: "0", dataType: .float32, elements: 4_611_686_018_427_387_904, found: 24),
    "count-under-record": .wrongStorageSize(storage: "0", dataType: .float32, elements: 5, found: 24),
    "empty": .unknownFormat,
    "format-version-text": .unsupportedVersion("three"),
    "format-version": .unsupportedVersion("11"),
    "git-lfs-pointer": .gitPointer,
    "key-integer": .keyNotText(kind: "an integer"),
    "key-of-5000-bytes": .keyNotText(kind: "a string of more than 4096 bytes"),
    "key-tuple": .keyNotText(kind: "a tuple"),
    "legacy-big-endian": .bigEndian,
    "legacy-count-negative": .storageOutside(storage: "0", elements: -6, available: 24),
    "legacy-count-over-file": .storageOutside(storage: "0", elements: 7, available: 24),
    "legacy-count-overflow": .storageOutside(storage: "0", elements: 4_611_686_018_427_387_904, available: 24),
    "legacy-count-unlike-pickle": .wrongStorageSize(storage: "0", dataType: .float32, elements: 6, found: 20),
    "legacy-keys-integers": .storageListKind(kind: "a list with an integer"),
    "legacy-keys-missing": .missingStorage(tensor: "w", storage: "0"),
    "legacy-keys-no-list": .storageListKind(kind: "a dictionary"),
    "legacy-keys-twice": .doubledStorage(storage: "0"),
    "legacy-keys-unknown": .unusedStorage(storage: "1"),
    "legacy-magic": .unknownFormat,
    "legacy-plain-pickle": .unknownFormat,
    "legacy-truncated-count": .missingElementCount(storage: "0", available: 7),
    "legacy-truncated-data": .storageOutside(storage: "0", elements: 6, available: 23),
    "legacy-version-none": .unsupportedVersion("None"),
    "legacy-version": .unsupportedVersion("1002"),
    "legacy-view-beyond": .viewOutside(tensor: "w", offset: 1, shape: [2, 3], strides: [3, 1], elements: 6),
    "missing-record": .missingStorage(tensor: "w", storage: "1"),
    "nested-many": .noTensors(found: [
      "\"k0\" (an integer)", "\"k1\" (an integer)", "\"k2\" (an integer)", "\"k3\" (an integer)", "\"k4\" (an integer)",
      "\"k5\" (an integer)", "\"k6\" (an integer)", "\"k7\" (an integer)", "... (20 keys)",
    ]),
    "nested": .noTensors(found: ["\"state_dict\" (a dictionary)", "\"epoch\" (an integer)", "\"args\" (None)"]),
    "offset-huge": .viewOutside(tensor: "w", offset: 9_223_372_036_854_775_807, shape: [1], strides: [1], elements: 6),
    "offset-negative": .negativeView(tensor: "w", offset: -1, strides: [1]),
    "one-byte": .unknownFormat,
    "rank-unlike-strides": .rankMismatch(tensor: "w", sizes: 2, strides: 1),
    "root-list": .notDictionary(kind: "a list"),
    "root-none": .notDictionary(kind: "None"),
    "root-tensor": .notDictionary(kind: "a tensor"),
    "size-beyond-64-bits": .viewNotIntegers(tensor: "w"),
    "size-text": .viewNotIntegers(tensor: "w"),
    "stride-negative": .negativeView(tensor: "w", offset: 0, strides: [3, -1]),
    "text": .unknownFormat,
    "torchscript": .torchScript,
    "view-beyond-by-offset": .viewOutside(tensor: "w", offset: 1, shape: [2, 3], strides: [3, 1], elements: 6),
    "view-beyond": .viewOutside(tensor: "w", offset: 0, shape: [2, 4], strides: [3, 1], elements: 6),
    "view-expanded-to-1g": .viewTooLarge(tensor: "w", size: 3_221_225_472, limit: 510),
    "view-far": .viewOutside(tensor: "w", offset: 0, shape: [2, 1], strides: [1_099_511_627_776, 1], elements: 6),
    "view-overflow": .viewOutside(
      tensor: "w", offset: 0, shape: [3, 1], strides: [4_611_686_018_427_387_904, 1], elements: 6),
    "view-overlapping-rows": .overlappingView(tensor: "w", shape: [2, 3], strides: [2, 1]),
    "view-overlapping": .overlappingView(tensor: "w", shape: [2, 3], strides: [1, 1]),
  ]

  /// Files that get an error which other formats have too.
  static func others(_ file: String) -> [String: CheckpointError] {
    [
      "legacy-trailing-bytes": .trailingBytes(file: file, count: 1),
      "name-metadata": .invalidName(file: file, tensor: "__metadata__"),
      "name-newline": .invalidName(file: file, tensor: "a\nb"),
      "name-not-utf8": .invalidName(file: file, tensor: "w�"),
      "name-nul": .invalidName(file: file, tensor: "w\u{0}"),
      "name-twice": .duplicateTensor(file: file, tensor: "w"),
      "rank-9": .rankTooHigh(file: file, tensor: "w", limit: 8),
      "size-negative": .shapeOverflow(file: file, tensor: "w", shape: [-2, 3]),
      "size-overflow-in-bytes": .shapeOverflow(file: file, tensor: "w", shape: [2_305_843_009_213_693_952, 1]),
      "size-overflow": .shapeOverflow(file: file, tensor: "w", shape: [4_294_967_296, 4_294_967_296]),
    ]
  }
}
