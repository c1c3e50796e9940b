// SPDX-License-Identifier: Apache-2.0

import Checkpoints

// What each file of Fixtures/bins/bad gets. Offsets and numbers can be checked against scripts/make-bad-bins.py.
extension PyTorchRefusals {
  /// Files whose zip archive is refused.
  static let archives: [String: ArchiveError] = [
    "bad-checksum-of-data": .badChecksum(entry: "archive/data/0", expected: 1, found: 2_447_872_023),
    "bad-checksum-of-pickle": .badChecksum(entry: "archive/data.pkl", expected: 1, found: 2_142_362_328),
    "comment": .noEndRecord,
    "compressed": .compressed(entry: "archive/data/0", method: 8),
    "directory-4g": .directoryOutside(begin: 4_294_967_295, count: 4_294_967_295, end: 485),
    "directory-begins-late": .directoryOutside(begin: 10, count: 183, end: 485),
    "directory-count-high": .wrongEntryCount(expected: 4, found: 3),
    "directory-count-low": .wrongEntryCount(expected: 2, found: 3),
    "directory-damaged": .badEntry(index: 0),
    "doubled-pickle": .doubled(entry: "archive/data.pkl"),
    "doubled": .doubled(entry: "archive/data/0"),
    "encrypted": .encrypted(entry: "archive/data/0"),
    "entry-beyond-directory": .outside(entry: "archive/data/0", end: 1_000_030, available: 302),
    "entry-data-beyond-directory": .outside(entry: "archive/data/0", end: 1_000_231, available: 302),
    "entry-name-absolute": .unsafeName("/archive/x"),
    "entry-name-backslash": .unsafeName("archive\\x"),
    "entry-name-empty": .unsafeName(""),
    "entry-name-folder": .unsafeName("archive/x/"),
    "entry-name-latin": .unsafeName("archive/�"),
    "entry-name-newline": .unsafeName("archive/\n"),
    "entry-name-nul": .unsafeName("archive/data/0\u{0}"),
    "entry-name-parent": .unsafeName("archive/../data"),
    "extra-cut": .badExtraField(entry: "archive/data/0"),
    "local-checksum-differs": .localHeaderDiffers(entry: "archive/data/0", field: "checksum"),
    "local-compressed-differs": .localHeaderDiffers(entry: "archive/data/0", field: "size"),
    "local-extra-cut": .badExtraField(entry: "archive/data/0"),
    "local-flags-differs": .localHeaderDiffers(entry: "archive/data/0", field: "flags"),
    "local-method-differs": .localHeaderDiffers(entry: "archive/data/0", field: "method"),
    "local-path-differs": .localHeaderDiffers(entry: "archive/data/0", field: "name"),
    "local-signature-differs": .localHeaderDiffers(entry: "archive/data/0", field: "signature"),
    "local-size-differs": .localHeaderDiffers(entry: "archive/data/0", field: "size"),
    "no-entries": .missing(entry: "archive/data.pkl"),
    "no-pickle": .missing(entry: "archive/data.pkl"),
    "only-local-header": .noEndRecord,
    "overlapping": .overlap(entry: "archive/data/1", other: "archive/data/0"),
    "several-disks": .severalDisks,
    "sizes-differ": .sizesDiffer(entry: "archive/data/0", compressed: 23, uncompressed: 24),
    "trailing-bytes": .noEndRecord,
    "truncated-by-one": .noEndRecord,
    "truncated-in-data": .noEndRecord,
    "zip64-count-differs": .endRecordsDiffer(field: "number of entries"),
    "zip64-entry-offset-far": .outside(entry: "archive/data/0", end: 9_223_372_036_854_775_807, available: 302),
    "zip64-entry-offset-overflow": .numberTooLarge(
      entry: "archive/data/0", field: "offset", value: 18_446_744_073_709_551_615),
    "zip64-entry-size-overflow": .numberTooLarge(
      entry: "archive/data/0", field: "size", value: 9_223_372_036_854_775_808),
    "zip64-entry-sum-overflow": .outside(entry: "archive/data/0", end: 9_223_372_036_854_775_807, available: 302),
    "zip64-entry-twice": .badExtraField(entry: "archive/data/0"),
    "zip64-entry-without-number": .badExtraField(entry: "archive/data/0"),
    "zip64-length": .noEndRecord,
    "zip64-offset-differs": .endRecordsDiffer(field: "offset"),
    "zip64-offset-overflow": .numberTooLarge(entry: nil, field: "directory offset", value: 9_223_372_036_854_775_808),
    "zip64-place-outside": .noEndRecord,
    "zip64-place-overflow": .numberTooLarge(entry: nil, field: "end record offset", value: 18_446_744_073_709_551_615),
    "zip64-size-overflow": .numberTooLarge(entry: nil, field: "directory size", value: 18_446_744_073_709_551_615),
    "zip64-sum-overflow": .directoryOutside(
      begin: 9_223_372_036_854_775_807, count: 9_223_372_036_854_775_807, end: 485),
  ]
}
