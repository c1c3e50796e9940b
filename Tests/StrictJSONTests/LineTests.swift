// SPDX-License-Identifier: Apache-2.0

import Glibc
import StrictJSON
import Testing

/// Lines cut out of blocks of any size, and fields read from them.
@Suite struct LineTests {
  /// Texts and numbers of the lines of a stream that comes in blocks.
  private func split(
    _ text: String, blocks: Int, _ limits: LineSplitter.Limits = LineSplitter.Limits(lines: 100)
  ) -> (lines: [String], failure: LineError?) {
    var splitter = LineSplitter(limits)
    var lines: [String] = []
    func take(_ chunk: LineChunk) {
      lines += chunk.lines.map { "\($0.number):" + String(decoding: chunk.bytes[$0.range], as: UTF8.self) }
    }
    let bytes = Array(text.utf8)
    for start in stride(from: 0, to: bytes.count, by: blocks) {
      splitter.append(bytes[start..<min(start + blocks, bytes.count)])
      splitter.findLines()
      while splitter.isFull, splitter.hasLines {
        take(splitter.chunk())
        splitter.findLines()
      }
    }
    splitter.finish()
    if splitter.hasLines { take(splitter.chunk()) }
    return (lines, splitter.failure)
  }

  @Test(arguments: [1, 2, 3, 7, 1000]) func linesDoNotDependOnBlocks(blocks: Int) {
    let text = "one\r\n\n \t\r\ntwo\r\r\n\u{E9}three\n\nlast"
    let wanted = ["1:one", "4:two\r", "5:\u{E9}three", "7:last"]
    for lines in [1, 2, 100] {
      let found = split(text, blocks: blocks, LineSplitter.Limits(lines: lines))
      #expect(found.lines == wanted && found.failure == nil)
    }
    #expect(split(text + "\n", blocks: blocks).lines == wanted)
    #expect(split("", blocks: blocks).lines == [])
    #expect(split("\n\n", blocks: blocks).lines == [])
  }

  @Test(arguments: [1, 5, 1000]) func aLineTooLongEndsTheStream(blocks: Int) {
    let limits = LineSplitter.Limits(lines: 100, lineBytes: 8)
    let found = split("12345678\n123456789\nmore\n", blocks: blocks, limits)
    #expect(found.lines.prefix(1) == ["1:12345678"])
    #expect(found.failure == .tooLong(line: 2, limit: 8))
    // One that does not end, too.
    #expect(split("1234567890", blocks: blocks, limits).failure == .tooLong(line: 1, limit: 8))
  }

  @Test func aFileIsReadInChunks() throws {
    var template = Array("/tmp/swift-bert-lines.XXXXXX".utf8CString)
    let descriptor = mkstemp(&template)
    try #require(descriptor >= 0)
    let path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    defer { unlink(path) }
    let text = (0..<300_000).map { "{\"n\":\($0)}\n" }.joined()
    let written = text.withCString { write(descriptor, $0, strlen($0)) }
    close(descriptor)
    try #require(written == text.utf8.count)
    var file = try LineFile(path: path, limits: LineSplitter.Limits(lines: 1000))
    var numbers: [Int] = []
    while let chunk = try file.next() {
      #expect(chunk.lines.count <= 1000)
      for line in chunk.lines { numbers.append(try chunk.fields(line).object["n"]?.intValue ?? -1) }
    }
    #expect(file.failure == nil)
    #expect(numbers == Array(0..<300_000))
  }

  @Test func fieldsNameTheirLineAndPath() throws {
    let object = try #require(JSON.parse(#"{"a":{"b":1,"c":[true]},"n":null}"#).objectValue)
    let fields = LineFields(object: object, number: 7)
    func refusal(_ body: () throws -> Void) throws -> String {
      "\(try #require(throws: LineError.self) { try body() })"
    }
    #expect(try refusal { _ = try fields.fields("a").text("b") } == #"line 7: "a.b" is a number, wanted a string"#)
    #expect(
      try refusal { _ = try fields.fields("a").texts("c") } == #"line 7: "a.c[0]" is a boolean, wanted a string"#)
    #expect(try refusal { _ = try fields.fields("n") } == #"line 7: "n" is missing, wanted an object"#)
    #expect(try refusal { _ = try fields.texts("a") } == #"line 7: "a" is an object, wanted a list of strings"#)
    #expect(try fields.optionalText("n") == nil)
    #expect("\(fields.bad("n", "is odd"))" == #"line 7: "n" is odd"#)
  }
}
