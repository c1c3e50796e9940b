// SPDX-License-Identifier: Apache-2.0

/// The functions and classes that a dictionary of tensors names. Anything else is refused where it is named, before it
/// could be called; and of these none is called either, they only say how to read what follows.
enum PickleGlobal: Equatable {
  case orderedDictionary
  /// `(storage, offset, size, stride)`, before torch 0.4.
  case rebuildTensor
  /// `(storage, offset, size, stride, requires_grad, hooks[, metadata])`.
  case rebuildTensorV2
  /// `(tensor, requires_grad, hooks)`.
  case rebuildParameter
  /// `(tensor, requires_grad, hooks, state)`: a parameter with Python attributes.
  case rebuildParameterWithState
  /// The element type of a storage.
  case storage(DataType)

  init(module: String, name: String) throws(PickleError) {
    switch (module, name) {
    case ("collections", "OrderedDict"): self = .orderedDictionary
    case ("torch._utils", "_rebuild_tensor"): self = .rebuildTensor
    case ("torch._utils", "_rebuild_tensor_v2"): self = .rebuildTensorV2
    case ("torch._utils", "_rebuild_parameter"): self = .rebuildParameter
    case ("torch._utils", "_rebuild_parameter_with_state"): self = .rebuildParameterWithState
    case ("torch", _) where name.hasSuffix("Storage"), ("torch.storage", _) where name.hasSuffix("Storage"):
      guard module == "torch", let dataType = Self.storages.first(where: { $0.0 == name })?.1 else {
        throw .unsupportedStorage("\(module).\(name)")
      }
      self = .storage(dataType)
    default: throw .forbiddenGlobal(module: module, name: name)
    }
  }

  var name: String {
    switch self {
    case .orderedDictionary: "collections.OrderedDict"
    case .rebuildTensor: "torch._utils._rebuild_tensor"
    case .rebuildTensorV2: "torch._utils._rebuild_tensor_v2"
    case .rebuildParameter: "torch._utils._rebuild_parameter"
    case .rebuildParameterWithState: "torch._utils._rebuild_parameter_with_state"
    case .storage(let dataType): "a storage of \(dataType.rawValue)"
    }
  }

  private static let storages: [(String, DataType)] = [
    ("DoubleStorage", .float64), ("FloatStorage", .float32), ("HalfStorage", .float16),
    ("BFloat16Storage", .bfloat16), ("LongStorage", .int64), ("IntStorage", .int32), ("ShortStorage", .int16),
    ("CharStorage", .int8), ("ByteStorage", .uint8), ("BoolStorage", .bool),
  ]

  /// For messages.
  static let storageNames = storages.map { "torch.\($0.0)" }.joined(separator: ", ")
}
