// SPDX-License-Identifier: Apache-2.0

import Checkpoints
import StrictJSON
import Testing

/// The sentences that people read. What, which file, which tensor, the numbers, and what to do.
@Suite struct WordingTests {
  @Test(
    arguments: [
      (.file(.notFound(path: "m")), "m: no such file"),
      (.file(.notRegular(path: "m", kind: "a FIFO")), "m: is a FIFO, not a file"),
      (
        .file(.shrank(path: "m", size: 9, offset: 4)),
        "m: ended at byte 4 of 9 while it was being read; is another process writing it?"
      ),
      (.file(.tooLarge(path: "m", size: 9, limit: 4)), "m: 9 bytes, where at most 4 are accepted"),
      (.file(.invalidPath("")), "an empty path names no file"),
      (
        .file(.system(call: "open", path: "m", code: SystemErrorCode(rawValue: 13))),
        "m: open failed: Permission denied (errno 13)"
      ),
      (
        .tooShort(file: "m", size: 3),
        "m: 3 bytes are too few for a safetensors file, which begins with 8 bytes of header length"
      ),
      (
        .headerTooLarge(file: "m", length: 1 << 63, limit: 100),
        "m: a header of 9223372036854775808 bytes, where at most 100 are accepted; is this a safetensors file?"
      ),
      (
        .headerBeyondFile(file: "m", length: 9, available: 2),
        "m: a header of 9 bytes, but only 2 follow; is the download complete?"
      ),
      (
        .invalidJSON(file: "m", tensor: "w", field: "shape", error: .badNumber(offset: 7)),
        "m: tensor \"w\", \"shape\": malformed number at byte 7"
      ),
      (
        .invalidJSON(file: "m", tensor: nil, field: nil, error: .duplicateKey("a", offset: 7)),
        "m: key \"a\" a second time at byte 7"
      ),
      (.duplicateTensor(file: "m", tensor: "w"), "m: tensor \"w\" is there twice"),
      (.duplicateField(file: "m", tensor: "w", field: "shape"), "m: tensor \"w\" has \"shape\" twice"),
      (.unknownField(file: "m", tensor: "w", field: "x"), "m: tensor \"w\" has an unknown field \"x\""),
      (.missingField(file: "m", tensor: "w", field: "shape"), "m: tensor \"w\" has no \"shape\""),
      (.missingField(file: "m", tensor: nil, field: "weight_map"), "m: there is no \"weight_map\""),
      (
        .invalidName(file: "m", tensor: "a\u{0}\n"),
        "m: \"a\\u0000\\n\" cannot name a tensor: control characters and __metadata__ are not allowed"
      ),
      (
        .metadataNotText(file: "m", key: "k", kind: "a number"),
        "m: __metadata__ entry \"k\" is a number, where a string should be"
      ),
      (
        .invalidInteger(file: "m", tensor: "w", field: "shape", literal: "-1"),
        "m: tensor \"w\": -1 in \"shape\" is no integer in 0...2^63-1"
      ),
      (
        .wrongOffsetCount(file: "m", tensor: "w"),
        "m: tensor \"w\": \"data_offsets\" must hold two numbers, begin and end"
      ),
      (
        .unknownDataType(file: "m", tensor: "w", dataType: "F8_E5M2"),
        "m: tensor \"w\" has type \"F8_E5M2\"; supported are F64, F32, F16, BF16, I64, I32, I16, I8, U8, BOOL"
      ),
      (.rankTooHigh(file: "m", tensor: "w", limit: 8), "m: tensor \"w\" has more than 8 dimensions"),
      (.tooManyTensors(file: "m", limit: 100), "m: more than 100 tensors"),
      (
        .shapeOverflow(file: "m", tensor: "w", shape: [1, -2]),
        "m: tensor \"w\": the shape [1, -2] is negative or larger than 2^63 bytes"
      ),
      (.reversedOffsets(file: "m", tensor: "w", begin: 8, end: 0), "m: tensor \"w\" begins at byte 8, after its end 0"),
      (
        .wrongByteCount(file: "m", tensor: "w", dataType: .float32, shape: [3], expected: 12, found: 8),
        "m: tensor \"w\": F32 [3] takes 12 bytes, but 8 are given"
      ),
      (
        .truncatedData(file: "m", tensor: "w", end: 8, available: 7),
        "m: tensor \"w\" ends at byte 8 of the data, which has 7; is the download complete?"
      ),
      (
        .overlap(file: "m", tensor: "w", begin: 4, other: "v", end: 8),
        "m: tensor \"w\" begins at byte 4, inside \"v\", which ends at 8"
      ),
      (.hole(file: "m", tensor: "w", begin: 4, end: 8), "m: bytes 4..<8 before tensor \"w\" belong to no tensor"),
      (.trailingBytes(file: "m", count: 3), "m: 3 bytes after the last tensor belong to none"),
      (.notDirectory(path: "m"), "m: is no directory; a checkpoint is a directory with config.json and weights"),
      (
        .noWeights(directory: "d"),
        "d: no weights found; looked for model.safetensors and pytorch_model.bin, and for either with .index.json, the "
          + "list of its shards"
      ),
      (
        .unsupportedWeights(directory: "d", found: ["tf_model.h5"]),
        "d: holds tf_model.h5, which cannot be read; supported are model.safetensors and pytorch_model.bin, whole or in "
          + "shards (in Python: model.save_pretrained(path))"
      ),
      (
        .wrongIndexEntry(file: "i", tensor: "w", kind: "null"),
        "i: the shard of tensor \"w\" is null, where a file name should be"
      ),
      (
        .wrongIndexEntry(file: "i", tensor: nil, kind: "an array"),
        "i: an array, where an object with a \"weight_map\" object should be"
      ),
      (
        .unsafeShardName(file: "i", tensor: "w", shard: "../s"),
        "i: tensor \"w\": shard \"../s\" is not the plain name of a file beside the index"
      ),
      (.missingShard(file: "i", shard: "s"), "i: shard \"s\" is missing; is the download complete?"),
      (
        .tensorNotInShard(file: "i", tensor: "w", shard: "s"),
        "i: tensor \"w\" is not in shard \"s\", where it should be"
      ),
      (.doubledTensor(tensor: "w", file: "b", other: "a"), "tensor \"w\" is in two files, a and b"),
      (.noSuchTensor(file: "m", tensor: "w"), "m: there is no tensor \"w\""),
      (
        .wrongBufferSize(file: "m", tensor: "w", expected: 2, found: 3),
        "m: tensor \"w\": a buffer for 2 elements is needed, not 3"
      ),
      (
        .outsideTensor(file: "m", tensor: "w", offset: 4, count: 8, size: 8),
        "m: tensor \"w\" has 8 bytes; 8 from byte 4 on are not all inside"
      ),
      (
        .wrongType(file: "m", tensor: "w", dataType: .int64, wanted: "floating point"),
        "m: tensor \"w\" is I64, where floating point is needed"
      ),
    ] as [(CheckpointError, String)])
  func everyErrorIsASentence(error: CheckpointError, sentence: String) { #expect(error.description == sentence) }

  /// A name of a megabyte does not become a message of a megabyte.
  @Test func longNamesAreCut() {
    let name = String(repeating: "n", count: 1 << 20)
    #expect(CheckpointError.noSuchTensor(file: "m", tensor: name).description.utf8.count < 120)
    #expect(JSONError.duplicateKey(name, offset: 0).description.utf8.count < 140)
    let error = CheckpointError.invalidInteger(file: "m", tensor: "w", field: "shape", literal: name)
    #expect(error.description.utf8.count < 160)
  }
}
