// SPDX-License-Identifier: Apache-2.0
//
// tokenizer-bench MODEL TEXT SECONDS: encodes the lines of TEXT one by one on one thread, for so long, and prints the
// best pass of each kind as "kind seconds checksum". compare.py runs it beside the `tokenizers` package.

import Glibc
import Tokenizers

func now() -> Double {
  var time = timespec()
  clock_gettime(CLOCK_MONOTONIC, &time)
  return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
}

func readLines(_ path: String) -> [String] {
  guard let file = fopen(path, "r") else { return [] }
  defer { fclose(file) }
  var lines: [String] = []
  var (buffer, capacity): (UnsafeMutablePointer<CChar>?, Int) = (nil, 0)
  defer { free(buffer) }
  while case let count = getline(&buffer, &capacity, file), count > 0, let buffer {
    let bytes = UnsafeRawBufferPointer(start: buffer, count: count)
    lines.append(String(decoding: bytes.last == 0x0A ? bytes.dropLast() : bytes[...], as: UTF8.self))
  }
  return lines
}

/// The best of as many passes as fit into the time.
func measure(_ name: String, seconds: Double, _ pass: () throws -> Int) rethrows {
  var (best, sum) = (Double.infinity, 0)
  let end = now() + seconds
  repeat {
    let start = now()
    sum = try pass()
    best = min(best, now() - start)
  } while now() < end
  print(name, best, sum)
}

/// Not at the top level, whose closures belong to the main actor and would be checked for it at every line.
func run(_ model: String, _ text: String, _ seconds: Double) throws {
  let tokenizer = try BertTokenizer.fromPretrained(model)
  let lines = readLines(text)
  try measure("encode", seconds: seconds) {
    try lines.reduce(0) { try $0 + tokenizer.encode($1).ids.reduce(0) { $0 + Int($1) } }
  }
  try measure("ids", seconds: seconds) {
    try lines.reduce(0) { try $0 + tokenizer.encodeIds($1).reduce(0) { $0 + Int($1) } }
  }
  try measure("batch", seconds: seconds) {
    try tokenizer.encodeIdsBatch(lines).reduce(0) { $1.reduce($0) { $0 + Int($1) } }
  }
}

guard CommandLine.arguments.count == 4, let seconds = Double(CommandLine.arguments[3]) else {
  print("usage: tokenizer-bench MODEL TEXT SECONDS")
  exit(64)
}
try run(CommandLine.arguments[1], CommandLine.arguments[2], seconds)
