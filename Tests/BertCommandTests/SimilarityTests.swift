// SPDX-License-Identifier: Apache-2.0
import Checkpoints
import StrictJSON
import Testing

/// `bert similarity` against the cosines of sentence-transformers' vectors (`Tests/Goldens/sentence`).
@Suite struct SimilarityTests {
  private func run(_ name: String, _ input: String) throws -> ToolProcess.Outcome {
    try ToolProcess.run(
      ["similarity", Goldens.path("sentence/" + name), "--jsonl", "--device", "cpu"], input: Array(input.utf8))
  }

  @Test(arguments: Goldens.folders("sentence"))
  func cosinesAreThoseOfTheGoldenVectors(name: String) throws {
    let texts = try Goldens.texts("sentence/\(name)/sentences.jsonl")
    let file = try SafetensorsFile(path: Goldens.path("sentence/\(name)/embeddings.safetensors"))
    let values = try file.readFloat64("embeddings")
    let width = values.count / texts.count
    let vectors = texts.indices.map { Array(values[$0 * width..<($0 + 1) * width]) }
    let cosines = texts.indices.map { cosine(vectors[0], vectors[$0]) }

    let pairs = texts.map { JSON.object(["text": .string(texts[0]), "text_pair": .string($0)]).serialized() + "\n" }
    let documents = JSON.object(["query": .string(texts[0]), "documents": .array(texts.map { .string($0) })])
    let outcome = try run(name, pairs.joined() + documents.serialized() + "\n")
    #expect(outcome.status == 0, "\(outcome.error)")
    let answers = try JSON.lines(outcome.output)
    #expect(answers.count == texts.count + 1)
    for (answer, wanted) in zip(answers, cosines) {
      #expect(abs((answer["score"]?.doubleValue ?? .nan) - wanted) < 1e-5)
    }
    let ranked = try #require(answers.last?.arrayValue)
    #expect(ranked.count == texts.count)
    var previous = Double.infinity
    for entry in ranked {
      let index = try #require(entry["corpus_id"]?.intValue)
      let score = try #require(entry["score"]?.doubleValue)
      #expect(abs(score - cosines[index]) < 1e-5)
      #expect(entry["text"] == .string(texts[index]))
      #expect(score <= previous)
      previous = score
    }
  }

  @Test(arguments: [
    (#"{"text":"a"}"#, "\"text_pair\" is missing"), (#"{"query":"a"}"#, "\"documents\" is missing"),
    (#"{"query":"a","documents":[null]}"#, "\"documents[0]\" is null"), ("[1]", "is an array"),
  ])
  func aRefusedLineIsNamed(bad: String, message: String) throws {
    let outcome = try run("cls", #"{"text":"a","text_pair":"b"}"# + "\n\(bad)\n")
    #expect(outcome.status == 1)
    #expect(outcome.lines.count == 1)
    #expect(outcome.error.hasPrefix("bert: line 2: " + message), "\(outcome.error)")
  }

  @Test func textsOfTheCommandLine() throws {
    let model = Goldens.path("sentence/cls")
    let two = try ToolProcess.run(["similarity", model, "the cat", "the cat", "--device", "cpu"])
    #expect(two.text == "1.0000\n")
    let more = try ToolProcess.run(["similarity", model, "the cat", "a dog", "the cat", "--device", "cpu"])
    #expect(more.lines.count == 3)
    #expect(more.lines.dropFirst().first == "  1.0000  2  the cat")
    let one = try ToolProcess.run(
      ["similarity", model, "the cat", "a dog", "the cat", "--top-k", "1", "--device", "cpu"])
    #expect(one.lines.count == 2)
  }

  private func cosine(_ left: [Double], _ right: [Double]) -> Double {
    func product(_ a: [Double], _ b: [Double]) -> Double { zip(a, b).reduce(0) { $0 + $1.0 * $1.1 } }
    return product(left, right) / (product(left, left) * product(right, right)).squareRoot()
  }
}
