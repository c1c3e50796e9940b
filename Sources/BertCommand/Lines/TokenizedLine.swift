// SPDX-License-Identifier: Apache-2.0
import StrictJSON
import Tokenizers

extension Encoding {
  /// Appends the encoding as `bert tokenize` writes it, a line of JSON.
  func appendLine(to writer: inout JSONWriter) {
    writer.bytes.append(contentsOf: #"{"input_ids":["#.utf8)
    writer.appendList(ids)
    writer.bytes.append(contentsOf: #"],"token_type_ids":["#.utf8)
    writer.appendList(typeIds)
    writer.bytes.append(contentsOf: #"],"attention_mask":["#.utf8)
    writer.appendList(attentionMask)
    writer.bytes.append(contentsOf: #"],"tokens":["#.utf8)
    for (index, token) in tokens.enumerated() {
      if index > 0 { writer.bytes.append(UInt8(ascii: ",")) }
      writer.append(token)
    }
    writer.bytes.append(contentsOf: #"],"offsets":["#.utf8)
    for (index, range) in offsets.enumerated() {
      if index > 0 { writer.bytes.append(UInt8(ascii: ",")) }
      writer.bytes.append(UInt8(ascii: "["))
      writer.appendDigits(range.lowerBound)
      writer.bytes.append(UInt8(ascii: ","))
      writer.appendDigits(range.upperBound)
      writer.bytes.append(UInt8(ascii: "]"))
    }
    writer.bytes.append(contentsOf: "]}\n".utf8)
  }
}

extension JSONWriter {
  fileprivate mutating func appendList(_ numbers: [Int32]) {
    for (index, number) in numbers.enumerated() {
      if index > 0 { bytes.append(UInt8(ascii: ",")) }
      appendDigits(Int(number))
    }
  }

  /// Appends a number that is not negative, without a string in between: most of the output is digits.
  @inline(__always)
  fileprivate mutating func appendDigits(_ number: Int) {
    var divisor = 1
    while number / 10 >= divisor { divisor *= 10 }
    var rest = number
    while divisor > 0 {
      bytes.append(UInt8(ascii: "0") + UInt8(truncatingIfNeeded: rest / divisor))
      rest %= divisor
      divisor /= 10
    }
  }
}
