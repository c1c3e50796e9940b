// SPDX-License-Identifier: Apache-2.0

/// What is wrong with a PyTorch checkpoint whose archive and pickle can be read: the parts do not fit together, or are
/// none of a model's weights. `storage` is a storage's key in the pickle.
public enum PyTorchError: Error, Equatable, Sendable {
  // The file as a whole.
  /// Neither a zip archive nor the legacy stream.
  case unknownFormat
  /// The text that git leaves in place of a large file.
  case gitPointer
  case torchScript
  case unsupportedVersion(String)
  case bigEndian

  // The storages.
  case missingStorage(tensor: String, storage: String)
  case doubledStorage(storage: String)
  /// In the legacy format's list of storages, but used by no tensor: its size cannot be known.
  case unusedStorage(storage: String)
  case storageListKind(kind: String)
  /// The file ends inside the eight bytes that say how many elements follow.
  case missingElementCount(storage: String, available: Int)
  /// `elements` is what stands in front of the bytes, negative or more than what is left of the file.
  case storageOutside(storage: String, elements: Int, available: Int)
  /// The pickle and the record disagree. All but `elements` in bytes.
  case wrongStorageSize(storage: String, dataType: DataType, elements: Int, found: Int)

  // The dictionary.
  case notDictionary(kind: String)
  /// `found`: the first keys at the top level, with what is under them.
  case noTensors(found: [String])
  case keyNotText(kind: String)

  // A tensor's view of its storage. Sizes, strides and offsets in elements.
  case viewNotIntegers(tensor: String)
  case rankMismatch(tensor: String, sizes: Int, strides: Int)
  case negativeView(tensor: String, offset: Int, strides: [Int])
  case viewOutside(tensor: String, offset: Int, shape: [Int], strides: [Int], elements: Int)
  /// Several elements of a tensor in one place, other than by a stride of 0.
  case overlappingView(tensor: String, shape: [Int], strides: [Int])
  /// A tensor that repeats its storage's elements until it is larger than the file. In bytes.
  case viewTooLarge(tensor: String, size: Int, limit: Int)
}

extension PyTorchError: CustomStringConvertible {
  /// Part of a line, without the file.
  public var description: String {
    switch self {
    case .unknownFormat:
      "is no PyTorch checkpoint: neither a zip archive nor the older stream; is the download complete?"
    case .gitPointer: "is only a pointer to a file kept by git-lfs; run `git lfs pull` or download the file itself"
    case .torchScript:
      "is a TorchScript program, not a dictionary of tensors; in Python: torch.save(model.state_dict(), path)"
    case .unsupportedVersion(let version): "version \(quoted(version)) of the PyTorch format is not known"
    case .bigEndian: "was written on a big-endian machine, whose byte order is not supported"
    case .missingStorage(let tensor, let storage):
      "tensor \(quoted(tensor)): its storage \(quoted(storage)) is not in the file"
    case .doubledStorage(let storage): "storage \(quoted(storage)) is listed twice"
    case .unusedStorage(let storage): "storage \(quoted(storage)) is listed, but no tensor uses it"
    case .storageListKind(let kind): "\(kind), where the list of the storages' names should be"
    case .missingElementCount(let storage, let available):
      "storage \(quoted(storage)): only \(available) bytes are left for it; is the download complete?"
    case .storageOutside(let storage, let elements, let available):
      "storage \(quoted(storage)) of \(elements) elements does not fit in the \(available) bytes that follow; "
        + "is the download complete?"
    case .wrongStorageSize(let storage, let dataType, let elements, let found):
      "storage \(quoted(storage)) should hold \(elements) elements of \(dataType.rawValue), but has \(found) bytes"
    case .notDictionary(let kind): "holds \(kind), where a dictionary of tensors should be (a model's state_dict)"
    case .noTensors(let found):
      "no tensors at the top level, only \(found.joined(separator: ", ")); in Python, save the dictionary of the "
        + "model's weights alone"
    case .keyNotText(let kind): "\(kind) as a key at the top level, where a tensor's name should be"
    case .viewNotIntegers(let tensor): "tensor \(quoted(tensor)): its sizes and strides are no integers of 64 bits"
    case .rankMismatch(let tensor, let sizes, let strides):
      "tensor \(quoted(tensor)) has \(sizes) dimensions, but \(strides) strides"
    case .negativeView(let tensor, let offset, let strides):
      "tensor \(quoted(tensor)): the offset \(offset) or one of the strides \(strides) is negative"
    case .viewOutside(let tensor, let offset, let shape, let strides, let elements):
      "tensor \(quoted(tensor)): the shape \(shape) with strides \(strides) from element \(offset) on leads out of its "
        + "storage of \(elements) elements"
    case .overlappingView(let tensor, let shape, let strides):
      "tensor \(quoted(tensor)): with the strides \(strides) elements of the shape \(shape) share their place"
    case .viewTooLarge(let tensor, let size, let limit):
      "tensor \(quoted(tensor)) repeats its elements up to \(size) bytes, more than the \(limit) of the file"
    }
  }
}
