// SPDX-License-Identifier: Apache-2.0
import BERT
import Glibc
import StrictJSON

// What the encoder alone needs for the lines that `bert embed --jsonl` gets: standard input is read and tokenized
// before the clock starts, and then the same batches are run, straight from ids. What `bert embed` takes longer is what
// reading, tokenizing and writing cost it.
//
//     lines-bench MODEL DEVICE < lines.jsonl
//
// Prints one JSON object. `Benchmarks/lines/measure` builds it and runs the two side by side.

/// Lines of a chunk, as `bert embed` takes them on a GPU and on a CPU. The numbers are those of `Embed.runLines` in
/// Sources/BertCommand/Commands/Embed.swift, which is part of a program and cannot be imported: keep them the same.
func chunkSize(_ encoder: SentenceEncoder) -> Int { encoder.engine.device?.kind == .gpu ? 4096 : 512 }

guard CommandLine.arguments.count == 3 else { fatalError("usage: lines-bench MODEL DEVICE < lines.jsonl") }
let engine = try Engine.open(DeviceChoice(CommandLine.arguments[2]))
let encoder = try await SentenceEncoder.fromPretrained(CommandLine.arguments[1], on: engine)
var texts: [String] = []
while let line = readLine() {
  guard let text = try JSON.parse(line)["text"]?.stringValue else { fatalError("no text in \(line)") }
  texts.append(text)
}
let chunks = try stride(from: 0, to: texts.count, by: chunkSize(encoder)).map { start in
  try encoder.tokenize(Array(texts[start..<min(start + chunkSize(encoder), texts.count)]))
}
_ = try await encoder.embed(chunks[0])
let clock = ContinuousClock()
let start = clock.now
let coresBefore = coreSeconds()
var tokens = 0
for chunk in chunks { tokens += try await encoder.embed(chunk).tokenCount }
let cores = coreSeconds() - coresBefore
let duration = (clock.now - start).components
let seconds = Double(duration.seconds) + Double(duration.attoseconds) * 1e-18
print(
  """
  {"device": "\(engine.name)", "lines": \(texts.count), "tokens": \(tokens), "seconds": \(seconds), \
  "core_seconds": \(cores)}
  """)

/// Seconds that this process has spent on all cores.
func coreSeconds() -> Double {
  var usage = rusage()
  getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
  return [usage.ru_utime, usage.ru_stime].reduce(0) { $0 + Double($1.tv_sec) + Double($1.tv_usec) * 1e-6 }
}
