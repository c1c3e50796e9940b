// SPDX-License-Identifier: Apache-2.0

import Checkpoints
import Testing

/// The sentences about PyTorch files.
@Suite struct PyTorchWordingTests {
  @Test(
    arguments: [
      (.noEndRecord, "the zip archive does not end where the file does; is the download complete?"),
      (.severalDisks, "the zip archive is one of several parts"),
      (.endRecordsDiffer(field: "size"), "the zip archive's two end records disagree on the size"),
      (
        .numberTooLarge(entry: nil, field: "directory size", value: .max),
        "the zip archive: directory size 18446744073709551615 is larger than any file"
      ),
      (
        .numberTooLarge(entry: "a", field: "size", value: 1 << 63),
        "archive entry \"a\": size 9223372036854775808 is larger than any file"
      ),
      (
        .directoryOutside(begin: 7, count: 3, end: 9),
        "the zip directory of 3 bytes at byte 7 should end at byte 9"
      ),
      (.badEntry(index: 3), "entry 3 of the zip directory is damaged"),
      (.wrongEntryCount(expected: 3, found: 4), "the zip directory has 4 entries, where 3 should be"),
      (.tooManyEntries(limit: 9), "more than 9 entries in the zip archive"),
      (.unsafeName("../a\u{0}"), "archive entry \"../a\\u0000\" is not a plain path inside the archive"),
      (.doubled(entry: "a"), "archive entry \"a\" is there twice"),
      (
        .compressed(entry: "a", method: 8),
        "archive entry \"a\" is compressed (method 8); torch.save stores, so somebody packed it again"
      ),
      (.encrypted(entry: "a"), "archive entry \"a\" is encrypted"),
      (.badExtraField(entry: "a"), "archive entry \"a\" has damaged extra fields"),
      (
        .sizesDiffer(entry: "a", compressed: 3, uncompressed: 4),
        "archive entry \"a\" is stored in 3 bytes, but should have 4"
      ),
      (
        .outside(entry: "a", end: 9, available: 8),
        "archive entry \"a\" ends at byte 9, but only 8 come before the directory"
      ),
      (
        .localHeaderDiffers(entry: "a", field: "name"),
        "archive entry \"a\": the name before its bytes is not the one in the directory"
      ),
      (.overlap(entry: "a", other: "b"), "archive entry \"a\" overlaps with \"b\""),
      (.missing(entry: "a/data.pkl"), "archive entry \"a/data.pkl\" is missing"),
      (
        .badChecksum(entry: "a", expected: 1, found: 0xABCD_EF01),
        "archive entry \"a\" is damaged: its checksum is 0xabcdef01, not 0x00000001; download it again"
      ),
    ] as [(ArchiveError, String)])
  func archives(error: ArchiveError, sentence: String) {
    #expect(CheckpointError.archive(file: "m", error: error).description == "m: \(sentence)")
  }

  @Test(
    arguments: [
      (.noProtocol, "no pickle of protocol 2 to 5 begins here"),
      (.unknownProtocol(6), "pickle protocol 6, where 2 to 5 are known"),
      (.missingStop, "the pickle has no end; is the download complete?"),
      (.truncated(opcode: "BININT"), "the pickle ends inside BININT"),
      (
        .lengthBeyondEnd(opcode: "BINUNICODE", length: 4_294_967_295, available: 3),
        "BINUNICODE of 4294967295 bytes, but only 3 follow"
      ),
      (.tooLong(limit: 9), "a pickle of more than 9 bytes"),
      (.trailingBytes(count: 4), "4 bytes follow the pickle's end"),
      (.leftOver(count: 2), "2 values are left over at the pickle's end"),
      (.forbiddenOpcode("INST"), "the pickle wants INST, which can run any code and is refused"),
      (.unknownOpcode(7), "pickle step 0x07 is none that torch.save writes"),
      (
        .forbiddenGlobal(module: "os", name: "system"),
        "the pickle wants \"os.system\", which no plain dictionary of tensors needs and which is refused"
      ),
      (
        .unsupportedStorage("torch.ComplexFloatStorage"),
        "tensors of \"torch.ComplexFloatStorage\" cannot be read; supported are torch.DoubleStorage, torch.FloatStorage, "
          + "torch.HalfStorage, torch.BFloat16Storage, torch.LongStorage, torch.IntStorage, torch.ShortStorage, "
          + "torch.CharStorage, torch.ByteStorage, torch.BoolStorage"
      ),
      (.nameNotText(kind: "an integer"), "an integer, where the name of a function or class should be"),
      (.notCallable(kind: "a string"), "the pickle calls a string, which is no function"),
      (
        .wrongArguments(function: "torch._utils._rebuild_tensor_v2"),
        "the pickle calls torch._utils._rebuild_tensor_v2 with arguments that it does not take"
      ),
      (.notBuildable(kind: "a tensor"), "the pickle sets attributes of a tensor, which is refused"),
      (.unknownPersistentID(kind: "a tuple"), "a reference to outside data is a tuple, not that of a tensor's storage"),
      (.unsafeStorageKey("../a"), "storage \"../a\" is not the plain name of a record"),
      (.stackUnderflow(opcode: "REDUCE"), "REDUCE needs more values than there are"),
      (.missingMark(opcode: "TUPLE"), "TUPLE without a mark before it"),
      (.missingMemo(index: 7), "memo 7 is read, but was not written"),
      (.memoIndexTooLarge(index: 7), "memo 7 is more than the pickle has steps"),
      (.notDictionary(kind: "a list"), "items are put in a list, which is no dictionary"),
      (.notList(kind: "a tuple"), "elements are put in a tuple, which is no list"),
      (.oddItems(count: 3), "3 values are no pairs of keys and values"),
      (.selfReference, "a container is put in itself, or changed after it was put in another"),
      (.tooMuchMemory(limit: 9), "the pickle's values take more than 9 bytes"),
    ] as [(PickleError, String)])
  func pickles(error: PickleError, sentence: String) {
    #expect(
      CheckpointError.pickle(file: "m", offset: 48, error: error).description == "m: at byte 48: \(sentence)")
  }

  @Test(
    arguments: [
      (
        .unknownFormat,
        "is no PyTorch checkpoint: neither a zip archive nor the older stream; is the download complete?"
      ),
      (
        .gitPointer,
        "is only a pointer to a file kept by git-lfs; run `git lfs pull` or download the file itself"
      ),
      (
        .torchScript,
        "is a TorchScript program, not a dictionary of tensors; in Python: torch.save(model.state_dict(), path)"
      ),
      (.unsupportedVersion("11"), "version \"11\" of the PyTorch format is not known"),
      (.bigEndian, "was written on a big-endian machine, whose byte order is not supported"),
      (.missingStorage(tensor: "w", storage: "0"), "tensor \"w\": its storage \"0\" is not in the file"),
      (.doubledStorage(storage: "0"), "storage \"0\" is listed twice"),
      (.unusedStorage(storage: "0"), "storage \"0\" is listed, but no tensor uses it"),
      (.storageListKind(kind: "a tuple"), "a tuple, where the list of the storages' names should be"),
      (
        .missingElementCount(storage: "0", available: 7),
        "storage \"0\": only 7 bytes are left for it; is the download complete?"
      ),
      (
        .storageOutside(storage: "0", elements: -1, available: 24),
        "storage \"0\" of -1 elements does not fit in the 24 bytes that follow; is the download complete?"
      ),
      (
        .wrongStorageSize(storage: "0", dataType: .float32, elements: 7, found: 24),
        "storage \"0\" should hold 7 elements of F32, but has 24 bytes"
      ),
      (.notDictionary(kind: "a list"), "holds a list, where a dictionary of tensors should be (a model's state_dict)"),
      (
        .noTensors(found: ["\"state_dict\" (a dictionary)", "\"epoch\" (an integer)"]),
        "no tensors at the top level, only \"state_dict\" (a dictionary), \"epoch\" (an integer); in Python, save the "
          + "dictionary of the model's weights alone"
      ),
      (
        .keyNotText(kind: "an integer"),
        "an integer as a key at the top level, where a tensor's name should be"
      ),
      (.viewNotIntegers(tensor: "w"), "tensor \"w\": its sizes and strides are no integers of 64 bits"),
      (.rankMismatch(tensor: "w", sizes: 2, strides: 1), "tensor \"w\" has 2 dimensions, but 1 strides"),
      (
        .negativeView(tensor: "w", offset: 0, strides: [3, -1]),
        "tensor \"w\": the offset 0 or one of the strides [3, -1] is negative"
      ),
      (
        .viewOutside(tensor: "w", offset: 1, shape: [2, 3], strides: [3, 1], elements: 6),
        "tensor \"w\": the shape [2, 3] with strides [3, 1] from element 1 on leads out of its storage of 6 elements"
      ),
      (
        .overlappingView(tensor: "w", shape: [2, 3], strides: [1, 1]),
        "tensor \"w\": with the strides [1, 1] elements of the shape [2, 3] share their place"
      ),
      (
        .viewTooLarge(tensor: "w", size: 9, limit: 8),
        "tensor \"w\" repeats its elements up to 9 bytes, more than the 8 of the file"
      ),
    ] as [(PyTorchError, String)])
  func dictionaries(error: PyTorchError, sentence: String) {
    #expect(CheckpointError.pytorch(file: "m", error: error).description == "m: \(sentence)")
  }

  /// A name of a megabyte does not become a message of a megabyte.
  @Test func longNamesAreCut() {
    let name = String(repeating: "n", count: 1 << 20)
    #expect(PickleError.forbiddenGlobal(module: name, name: name).description.utf8.count < 200)
    #expect(ArchiveError.unsafeName(name).description.utf8.count < 160)
    #expect(PyTorchError.missingStorage(tensor: name, storage: name).description.utf8.count < 240)
  }
}
