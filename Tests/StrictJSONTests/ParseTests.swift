// SPDX-License-Identifier: Apache-2.0

import StrictJSON
import TestSupport
import Testing

@Suite struct ParseTests {
  @Test func valuesAndAccessors() throws {
    let json = try JSON.parse(
      """
       {"a": [1, -2.5e3, true, false, null, "x\\n\\u00e9\\ud83d\\ude00"], "b": {}, "c": [], "": 0}\r\n\t
      """)
    #expect(json["a"]?[0]?.intValue == 1)
    #expect(json["a"]?[1]?.doubleValue == -2500)
    #expect(json["a"]?[1]?.intValue == nil)
    #expect(json["a"]?[2]?.boolValue == true)
    #expect(json["a"]?[3]?.boolValue == false)
    #expect(json["a"]?[4]?.isNull == true)
    #expect(json["a"]?[5]?.stringValue == "x\né😀")
    #expect(json["a"]?[6] == nil)
    #expect(json["a"]?[-1] == nil)
    #expect(json["b"]?.objectValue?.isEmpty == true)
    #expect(json["c"]?.arrayValue?.isEmpty == true)
    #expect(json[""]?.intValue == 0)
    #expect(json["d"] == nil)
    #expect(json.objectValue?.keys == ["a", "b", "c", ""])
  }

  @Test(arguments: [
    ("0", 0), ("-0", 0), ("9223372036854775807", Int.max), ("-9223372036854775808", Int.min),
  ])
  func integersAreExact(text: String, value: Int) throws {
    #expect(try JSON.parse(text).intValue == value)
  }

  @Test(arguments: ["1.0", "1e3", "9223372036854775808", "1E2", "true", "\"1\""])
  func otherLiteralsAreNoIntegers(text: String) throws {
    #expect(try JSON.parse(text).intValue == nil)
  }

  @Test func unsignedAndHugeNumbers() throws {
    #expect(try JSON.parse("18446744073709551615").numberValue?.uint64 == .max)
    #expect(try JSON.parse("-1").numberValue?.uint64 == nil)
    #expect(try JSON.parse("1e999").doubleValue == .infinity)
    #expect(try JSON.parse("1e-12").doubleValue == 1e-12)
    #expect(try JSON.parse(String(repeating: "9", count: 100_000)).doubleValue == .infinity)
  }

  @Test(arguments: [
    ("", JSONError.unexpectedEnd(expected: .value, offset: 0)),
    ("  ", .unexpectedEnd(expected: .value, offset: 2)),
    ("[1", .unexpectedEnd(expected: .commaOrBracket, offset: 2)),
    ("[1,", .unexpectedEnd(expected: .value, offset: 3)),
    ("{", .unexpectedEnd(expected: .commaOrBrace, offset: 1)),
    ("{\"a", .unexpectedEnd(expected: .closingQuote, offset: 3)),
    ("{\"a\"", .unexpectedEnd(expected: .colon, offset: 4)),
    ("{\"a\":1,", .unexpectedEnd(expected: .key, offset: 7)),
    ("\"\\", .unexpectedEnd(expected: .closingQuote, offset: 2)),
    ("[1,]", .unexpectedByte(0x5D, expected: .value, offset: 3)),
    ("[,1]", .unexpectedByte(0x2C, expected: .value, offset: 1)),
    ("[1 2]", .unexpectedByte(0x32, expected: .commaOrBracket, offset: 3)),
    ("[1}", .unexpectedByte(0x7D, expected: .commaOrBracket, offset: 2)),
    ("{\"a\":1,}", .unexpectedByte(0x7D, expected: .key, offset: 7)),
    ("{,}", .unexpectedByte(0x2C, expected: .key, offset: 1)),
    ("{1:2}", .unexpectedByte(0x31, expected: .key, offset: 1)),
    ("{\"a\" 1}", .unexpectedByte(0x31, expected: .colon, offset: 5)),
    ("'a'", .unexpectedByte(0x27, expected: .value, offset: 0)),
    ("tru", .unexpectedByte(0x74, expected: .boolean, offset: 0)),
    ("nul", .unexpectedByte(0x6E, expected: .null, offset: 0)),
    ("01", .badNumber(offset: 0)), ("-", .badNumber(offset: 0)), ("1.", .badNumber(offset: 0)),
    ("[1e]", .badNumber(offset: 1)), ("1e+", .badNumber(offset: 0)), ("-01", .badNumber(offset: 0)),
    ("-.5", .badNumber(offset: 0)), (".5", .unexpectedByte(0x2E, expected: .value, offset: 0)),
    ("+1", .unexpectedByte(0x2B, expected: .value, offset: 0)),
    ("NaN", .nonFiniteNumber("NaN", offset: 0)), ("-Infinity", .nonFiniteNumber("-Infinity", offset: 0)),
    ("Nan", .unexpectedByte(0x4E, expected: .number, offset: 0)),
    ("\"\\x\"", .badEscape(offset: 1)), ("\"\\u12g4\"", .badEscape(offset: 1)), ("\"\\u12\"", .badEscape(offset: 1)),
    ("\"\\ud800\"", .loneSurrogate(offset: 1)), ("\"\\udc00\"", .loneSurrogate(offset: 1)),
    ("\"a\\ud800\\u0041\"", .loneSurrogate(offset: 2)),
    ("\"\n\"", .controlCharacter(0x0A, offset: 1)), ("\"\u{0}\"", .controlCharacter(0, offset: 1)),
    ("\"\\\n\"", .badEscape(offset: 1)),
    ("{\"a\":1, \"a\":2}", .duplicateKey("a", offset: 8)),
    ("{\"a\":1, \"\\u0061\":2}", .duplicateKey("a", offset: 8)),
    ("1 1", .trailingBytes(offset: 2)), ("{} x", .trailingBytes(offset: 3)), ("1\u{0}", .trailingBytes(offset: 1)),
    ("\u{FEFF}1", .byteOrderMark),
  ])
  func everyRefusalNamesItsByte(text: String, error: JSONError) {
    #expect(throws: error) { try JSON.parse(text) }
  }

  @Test(
    arguments: [
      ([0x22, 0xFF, 0x22], 1), ([0x22, 0xC0, 0x80, 0x22], 1), ([0x22, 0xED, 0xA0, 0x80, 0x22], 1),
      ([0x22, 0xF4, 0x90, 0x80, 0x80, 0x22], 1), ([0x22, 0xE2, 0x82], 1), ([0x22, 0xF0, 0x80, 0x80, 0x80, 0x22], 1),
      ([0x20, 0x20, 0x20, 0x20, 0x20, 0x20, 0x20, 0x20, 0x22, 0x80, 0x22], 9),
    ] as [([UInt8], Int)])
  func malformedUTF8(bytes: [UInt8], offset: Int) {
    #expect(throws: JSONError.notUTF8(offset: offset)) { try JSON.parse(bytes) }
  }

  @Test func utf8ValidationAgreesWithTheStandardLibrary() {
    var generator = SeededGenerator(seed: 1)
    let pieces: [UInt8] = [
      0x41, 0x80, 0x8F, 0x90, 0x9F, 0xA0, 0xBF, 0xC1, 0xC2, 0xDF, 0xE0, 0xED, 0xEF, 0xF0, 0xF4, 0xF5,
    ]
    for _ in 0..<100_000 {
      let bytes = (0..<Int.random(in: 0...12)).map { _ in pieces.randomElement(using: &generator) ?? 0 }
      let valid = String(validating: bytes, as: UTF8.self) != nil
      let result = try? JSON.parse([0x22] + bytes + [0x22])
      #expect((result != nil) == valid, "\(bytes)")
    }
  }

  @Test func nestingIsBounded() throws {
    let deep = 100_000
    #expect(throws: JSONError.tooDeep(limit: 128, offset: 128)) {
      try JSON.parse(String(repeating: "[", count: deep) + String(repeating: "]", count: deep))
    }
    #expect(throws: JSONError.tooDeep(limit: 128, offset: 640)) {
      try JSON.parse(String(repeating: "{\"a\":", count: deep))
    }
    _ = try JSON.parse(String(repeating: "[", count: 128) + String(repeating: "]", count: 128))
    #expect(throws: JSONError.tooDeep(limit: 512, offset: 512)) {
      try JSON.parse(String(repeating: "[", count: deep), limits: JSONLimits(depth: .max))
    }
  }

  @Test func memoryIsBounded() {
    let zeros = "[" + String(repeating: "0,", count: 2_000_000) + "0]"
    #expect(throws: JSONError.self) { try JSON.parse(zeros) }
    #expect(throws: JSONError.self) {
      try JSON.parse("[\"\(String(repeating: "a", count: 100))\"]", limits: JSONLimits(memory: 99))
    }
  }

  @Test func optionalReadings() throws {
    let loose = JSONLimits(allowsNonFinite: true, loneSurrogates: .replace)
    let json = try JSON.parse(
      "[NaN, Infinity, -Infinity, \"\\ud800x\\udc00\", \"\\ud800\\ud83d\\ude00\"]", limits: loose)
    #expect(json[0]?.doubleValue?.isNaN == true)
    #expect(json[1]?.doubleValue == .infinity)
    #expect(json[2]?.doubleValue == -.infinity)
    #expect(json[3] == "\u{FFFD}x\u{FFFD}")
    #expect(json[4] == "\u{FFFD}😀")
    #expect(json[0]?.intValue == nil)
  }

  @Test func canonicallyEquivalentKeysStayApart() throws {
    let composed = "\u{E9}"
    let decomposed = "e\u{301}"
    let small = try JSON.parse("{\"\(composed)\": 1, \"\(decomposed)\": 2}")
    #expect(small[composed]?.intValue == 1)
    #expect(small[decomposed]?.intValue == 2)
    let filler = (0..<100).map { "\"k\($0)\": \($0)" }.joined(separator: ",")
    let large = try JSON.parse("{\(filler), \"\(composed)\": 1, \"\(decomposed)\": 2}")
    #expect(large[composed]?.intValue == 1)
    #expect(large[decomposed]?.intValue == 2)
    #expect(JSON.string(composed) != JSON.string(decomposed))
  }
}
