// SPDX-License-Identifier: Apache-2.0

/// The steps of a pickle that `torch.save` writes, with any protocol from 2 to 5 and from any version of Python.
///
/// Source: CPython, Lib/pickletools.py.
enum PickleOpcode: UInt8 {
  case mark = 0x28  // (
  case emptyTuple = 0x29  // )
  case stop = 0x2E  // .
  case binaryInteger = 0x4A  // J
  case binaryInteger1 = 0x4B  // K
  case binaryInteger2 = 0x4D  // M
  case none = 0x4E  // N
  case persistentID = 0x51  // Q
  case reduce = 0x52  // R
  case binaryString = 0x54  // T
  case shortBinaryString = 0x55  // U
  case unicode = 0x58  // X
  case bytes = 0x42  // B
  case shortBytes = 0x43  // C
  case binaryFloat = 0x47  // G
  case emptyList = 0x5D  // ]
  case append = 0x61  // a
  case build = 0x62  // b
  case global = 0x63  // c
  case appends = 0x65  // e
  case get = 0x68  // h
  case longGet = 0x6A  // j
  case put = 0x71  // q
  case longPut = 0x72  // r
  case setItem = 0x73  // s
  case tuple = 0x74  // t
  case setItems = 0x75  // u
  case emptyDictionary = 0x7D  // }
  case protocolNumber = 0x80
  case tuple1 = 0x85
  case tuple2 = 0x86
  case tuple3 = 0x87
  case newTrue = 0x88
  case newFalse = 0x89
  case long1 = 0x8A
  case long4 = 0x8B
  case shortUnicode = 0x8C
  case unicode8 = 0x8D
  case bytes8 = 0x8E
  case stackGlobal = 0x93
  case memoize = 0x94
  case frame = 0x95

  /// As pickletools calls it.
  var name: String {
    switch self {
    case .mark: "MARK"
    case .emptyTuple: "EMPTY_TUPLE"
    case .stop: "STOP"
    case .binaryInteger: "BININT"
    case .binaryInteger1: "BININT1"
    case .binaryInteger2: "BININT2"
    case .none: "NONE"
    case .persistentID: "BINPERSID"
    case .reduce: "REDUCE"
    case .binaryString: "BINSTRING"
    case .shortBinaryString: "SHORT_BINSTRING"
    case .unicode: "BINUNICODE"
    case .bytes: "BINBYTES"
    case .shortBytes: "SHORT_BINBYTES"
    case .binaryFloat: "BINFLOAT"
    case .emptyList: "EMPTY_LIST"
    case .append: "APPEND"
    case .build: "BUILD"
    case .global: "GLOBAL"
    case .appends: "APPENDS"
    case .get: "BINGET"
    case .longGet: "LONG_BINGET"
    case .put: "BINPUT"
    case .longPut: "LONG_BINPUT"
    case .setItem: "SETITEM"
    case .tuple: "TUPLE"
    case .setItems: "SETITEMS"
    case .emptyDictionary: "EMPTY_DICT"
    case .protocolNumber: "PROTO"
    case .tuple1: "TUPLE1"
    case .tuple2: "TUPLE2"
    case .tuple3: "TUPLE3"
    case .newTrue: "NEWTRUE"
    case .newFalse: "NEWFALSE"
    case .long1: "LONG1"
    case .long4: "LONG4"
    case .shortUnicode: "SHORT_BINUNICODE"
    case .unicode8: "BINUNICODE8"
    case .bytes8: "BINBYTES8"
    case .stackGlobal: "STACK_GLOBAL"
    case .memoize: "MEMOIZE"
    case .frame: "FRAME"
    }
  }

  /// Why a byte that is none of these steps is refused: those that create objects of any class go by their name.
  static func refusal(of byte: UInt8) -> PickleError {
    switch byte {
    case 0x69: .forbiddenOpcode("INST")
    case 0x6F: .forbiddenOpcode("OBJ")
    case 0x81: .forbiddenOpcode("NEWOBJ")
    case 0x92: .forbiddenOpcode("NEWOBJ_EX")
    case 0x82: .forbiddenOpcode("EXT1")
    case 0x83: .forbiddenOpcode("EXT2")
    case 0x84: .forbiddenOpcode("EXT4")
    case 0x50: .forbiddenOpcode("PERSID")
    default: .unknownOpcode(byte)
    }
  }
}
