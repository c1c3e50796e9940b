// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import BERT
import StrictJSON
import Tokenizers

/// `bert convert`: a checkpoint saved anew.
struct Convert: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Save a checkpoint anew: as safetensors, without some heads, with another vocabulary.",
    discussion: """
      Reads any checkpoint that this tool runs (safetensors, pytorch_model.bin, shards, old names) and writes a directory \
      that Hugging Face's from_pretrained loads: model.safetensors in F32, config.json, the tokenizer's files and those \
      that make a sentence encoder of it. The directory changes as a whole or not at all.

        bert convert old-checkpoint new-checkpoint
        bert convert MODEL pruned --prune-heads 0:1,3 --prune-heads 5:0
      """)

  @Argument(help: "Checkpoint directory.")
  var model: String

  @Argument(help: "Directory to write.")
  var outputDir: String

  @Option(help: ArgumentHelp("The head to keep (default: as config.json says).", valueName: "task"))
  var task: BertHead?

  @Option(
    help: ArgumentHelp("Attention heads to remove from a layer; may be given for several.", valueName: "layer:heads"))
  var pruneHeads: [LayerHeads] = []

  @Option(help: "Rows of the word embeddings: cut off, or drawn anew (normal, initializer_range).")
  var vocabSize: Int?

  @Option(help: "What new rows are drawn with.")
  var seed: UInt64 = 0

  func run() async throws {
    let folder = try SentenceHead.transformerPath(in: model)
    // Nothing is computed: the weights go through the host.
    var network = try await BertNetwork.fromPretrained(folder, head: task, on: .cpu)
    if !pruneHeads.isEmpty {
      let heads = Dictionary(pruneHeads.map { ($0.layer, $0.heads) }, uniquingKeysWith: +)
      network = try await network.pruningHeads(heads)
    }
    if let vocabSize { network = try await network.resizingTokenEmbeddings(to: vocabSize, seed: seed) }
    try network.savePretrained(outputDir)
    if folder != model { StandardError.note("of \(model), the model in \(folder) alone is converted") }
    if let vocabSize, let tokenizer = try? BertTokenizer.fromPretrained(folder), tokenizer.vocabularySize > vocabSize {
      StandardError.note(
        "the tokenizer makes ids up to \(tokenizer.vocabularySize - 1): text no longer fits \(vocabSize) embeddings")
    }
    let ignored = network.ignoredTensors
    if !ignored.isEmpty {
      StandardError.note("left out: \(ignored.joined(separator: ", ").shortened(to: 400))")
    }
    StandardError.write("\(grouped(network.parameterCount)) parameters written to \(outputDir)")
  }
}

/// `layer:head,head`.
struct LayerHeads: ExpressibleByArgument {
  let layer: Int
  let heads: [Int]

  init?(argument: String) {
    let parts = argument.split(separator: ":", omittingEmptySubsequences: false)
    guard parts.count == 2, let layer = Int(parts[0]) else { return nil }
    let heads = parts[1].split(separator: ",", omittingEmptySubsequences: false).map { Int($0) }
    guard !heads.isEmpty, heads.allSatisfy({ $0 != nil }) else { return nil }
    self.layer = layer
    self.heads = heads.compactMap { $0 }
  }
}
