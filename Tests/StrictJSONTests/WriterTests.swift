// SPDX-License-Identifier: Apache-2.0

import StrictJSON
import TestSupport
import Testing

@Suite struct WriterTests {
  @Test func compactKeepsOrderAndLiterals() throws {
    let text = "{\"z\":[1,1.0,1e5,-0,true,false,null],\"a\":{},\"\":[],\"m\":{\"n\":[[]]}}"
    #expect(try JSON.parse(text).serialized() == text)
  }

  @Test func prettyIsPythonsIndentTwo() throws {
    let json: JSON = .object(["b": [1, 2.5, "x"], "a": .object([:]), "c": [], "d": .object(["e": true, "f": .null])])
    #expect(
      json.serialized(pretty: true) == """
        {
          "b": [
            1,
            2.5,
            "x"
          ],
          "a": {},
          "c": [],
          "d": {
            "e": true,
            "f": null
          }
        }
        """)
  }

  @Test func everyScalarSurvives() throws {
    var text = ""
    for value in (0...0x10FFFF) as ClosedRange<UInt32> { Unicode.Scalar(value).map { text.unicodeScalars.append($0) } }
    let written = JSON.string(text).serialized()
    #expect(
      written.hasPrefix("\"\\u0000\\u0001\\u0002\\u0003\\u0004\\u0005\\u0006\\u0007\\b\\t\\n\\u000b\\f\\r\\u000e"))
    #expect(written.contains("\\u001f !\\\"#"))
    #expect(written.contains("[\\\\]"))
    #expect(try JSON.parse(written) == .string(text))
  }

  @Test func numbersFromSwift() throws {
    #expect(JSONNumber(-5).literal == "-5")
    #expect(JSONNumber(1e-12).literal == "1e-12")
    #expect(JSONNumber(Double.nan).literal == "NaN")
    #expect(JSONNumber(-Double.infinity).literal == "-Infinity")
    var generator = SeededGenerator(seed: 2)
    for _ in 0..<10_000 {
      let value = Double(bitPattern: generator.next())
      guard value.isFinite else { continue }
      #expect(try JSON.parse(JSONNumber(value).literal).doubleValue == value)
    }
  }

  /// Every decimal is a JSON number and reads back as the same bits.
  @Test func floatsRoundTrip() throws {
    var generator = SeededGenerator(seed: 3)
    var values: [Float] = [
      0, -0.0, 1, 0.1, .leastNonzeroMagnitude, 3.4028235e38, 16_777_216, 1e16, 123_456.79, -1.5e-7,
    ]
    for _ in 0..<100_000 {
      let value = Float(bitPattern: UInt32(truncatingIfNeeded: generator.next()))
      if value.isFinite { values.append(value) }
    }
    var writer = JSONWriter()
    writer.append(values)
    let elements = try #require(try JSON.parse(writer.bytes).arrayValue)
    let read = elements.map { Float($0.numberValue?.literal ?? "") }
    #expect(read.count == values.count)
    #expect(zip(read, values).allSatisfy { $0?.bitPattern == $1.bitPattern })
    var odd: [UInt8] = []
    for value in [Float.nan, .infinity, -.infinity] { JSONWriter.appendFloat32(value, to: &odd) }
    #expect(String(decoding: odd, as: UTF8.self) == "NaNInfinity-Infinity")
  }
}

@Suite struct ObjectTests {
  /// Against a plain list of pairs, across the border between search and index.
  @Test func changesKeepOrder() {
    var generator = SeededGenerator(seed: 4)
    var object = JSONObject()
    var pairs: [(String, Int)] = []
    for step in 0..<3000 {
      let key = "k\(Int.random(in: 0..<20, using: &generator))"
      let place = pairs.firstIndex { $0.0 == key }
      if Bool.random(using: &generator) {
        object[key] = .number(JSONNumber(step))
        if let place { pairs[place].1 = step } else { pairs.append((key, step)) }
      } else {
        object[key] = nil
        if let place { pairs.remove(at: place) }
      }
      #expect(object.keys == pairs.map(\.0))
      #expect(object.map(\.value.intValue) == pairs.map(\.1))
      #expect(pairs.allSatisfy { object[$0.0]?.intValue == $0.1 })
      #expect(object["absent"] == nil)
    }
  }

  @Test func copiesAreValues() {
    let original: JSONObject = ["a": 1]
    var copy = original
    copy["a"] = 2
    copy["b"] = 3
    #expect(original == ["a": 1])
    #expect(copy == ["a": 2, "b": 3])
    #expect(copy != ["b": 3, "a": 2])
  }

  /// A vocabulary's size, in far less than the tenth of a second that linear search would take.
  @Test func largeObjectsAreIndexed() throws {
    let count = 30_522
    let text = "{" + (0..<count).map { "\"token\($0)\":\($0)" }.joined(separator: ",") + "}"
    let bytes = Array(text.utf8)
    let start = ContinuousClock.now
    let object = try #require(try JSON.parse(bytes).objectValue)
    for index in 0..<count where object["token\(index)"]?.intValue != index { Issue.record("token\(index)") }
    #expect(start.duration(to: .now) < .milliseconds(500))
    let doubled = text.dropLast() + ",\"token77\":0}"
    #expect(throws: JSONError.duplicateKey("token77", offset: text.utf8.count)) { try JSON.parse(String(doubled)) }
  }
}

@Suite struct JSONWordingTests {
  @Test(
    arguments: [
      (.notUTF8(offset: 3), "not UTF-8 at byte 3"),
      (.byteOrderMark, "starts with a byte order mark; save the file as UTF-8 without one"),
      (.unexpectedEnd(expected: .value, offset: 3), "ends at byte 3, where a value should follow"),
      (.unexpectedByte(0x7D, expected: .key, offset: 3), "'}' at byte 3, where a key in quotes should stand"),
      (.unexpectedByte(0x07, expected: .colon, offset: 3), "0x07 at byte 3, where ':' should stand"),
      (.badNumber(offset: 3), "malformed number at byte 3"),
      (.nonFiniteNumber("NaN", offset: 3), "NaN at byte 3 is no JSON number"),
      (.badEscape(offset: 3), "unknown escape in a string at byte 3"),
      (.loneSurrogate(offset: 3), "half of a surrogate pair in a string at byte 3"),
      (.controlCharacter(0x0A, offset: 3), "unescaped control character 0x0A in a string at byte 3"),
      (.duplicateKey("a\n", offset: 3), "key \"a\\n\" a second time at byte 3"),
      (.tooDeep(limit: 128, offset: 3), "nested deeper than 128 levels at byte 3"),
      (
        .tooMuchMemory(limit: 100, offset: 3),
        "holds too many values: reading on at byte 3 would take more than 100 bytes of memory"
      ),
      (.trailingBytes(offset: 3), "something follows the value at byte 3"),
    ] as [(JSONError, String)])
  func everyErrorIsASentence(error: JSONError, sentence: String) { #expect(error.description == sentence) }
}
