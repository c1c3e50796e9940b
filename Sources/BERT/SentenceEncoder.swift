// SPDX-License-Identifier: Apache-2.0
import Checkpoints
import ComputeGraph
import Logging
import Tokenizers

/// Text in, vectors out: a sentence-transformers directory, tokenizer and pooling included.
///
///     let encoder = try await SentenceEncoder.fromPretrained("path/to/all-MiniLM-L6-v2")
///     let vectors = try await encoder.encode(["A cat sits on the mat.", "A feline rests."])
///
/// A handle to weights on a device; any number of tasks may call it at once. A sentence's vector is the same, bit for bit,
/// whatever else is encoded with it (`MatrixProduct.clblast` alone cannot promise that).
public final class SentenceEncoder: Sendable {
  public let config: BertConfig
  public let head: SentenceHead
  public let tokenizer: BertTokenizer
  public let engine: Engine
  /// Tokens, special ones included, beyond which a text is cut.
  public let maxSequenceLength: Int
  /// Numbers of one vector.
  public let dimension: Int
  /// Tensors of the checkpoint that this encoder does not use.
  public let ignoredTensors: [String]
  /// Packed tokens of one device run, at most, unless one text alone is longer.
  public let tokenBudget: Int
  private let loaded: any LoadedGraph

  /// Loads a directory as sentence-transformers saves it, or a bare BERT checkpoint, which gets mean pooling.
  ///
  /// - Parameters:
  ///   - engine: where to run; the best OpenCL device, or the CPU where there is none, if nil.
  ///   - tokenBudget: packed tokens of one device run. More keep a GPU busy, fewer fit a CPU's caches.
  ///   - logger: hears what was assumed.
  /// - Throws: `BertError`, `TokenizerError` or `CheckpointError` for the files, `OpenCLError` for the device.
  public static func fromPretrained(
    _ directory: String, on engine: Engine? = nil, tokenBudget: Int? = nil, logger: Logger = Logger(label: "swift-bert")
  ) async throws -> SentenceEncoder {
    try await fromPretrained(directory, tokenBudget: tokenBudget, logger: logger) {
      try engine ?? Engine.open(logger: logger)
    }
  }

  /// As `fromPretrained(_:on:tokenBudget:logger:)`, with an engine that is opened while the files are read: a driver takes
  /// a tenth of a second to set itself up.
  ///
  /// - Throws: the engine's error before that of the files.
  package static func fromPretrained(
    _ directory: String, tokenBudget: Int? = nil, logger: Logger = Logger(label: "swift-bert"),
    opening: () throws -> Engine
  ) async throws -> SentenceEncoder {
    async let reading = Files(directory)
    let engine = try opening()
    let files = try await reading
    if !files.head.isConfigured {
      logger.notice("\(directory) has no modules.json: sentence vectors are means of token states")
    }
    return SentenceEncoder(
      files, engine, tokenBudget, try await engine.executor.load(files.graph, parameters: files.parameters))
  }

  /// What a directory says: everything but the weights themselves.
  private struct Files: Sendable {
    let config: BertConfig
    let head: SentenceHead
    let tokenizer: BertTokenizer
    let graph: Graph
    let parameters: CheckpointParameters

    init(_ directory: String) throws {
      head = try SentenceHead(directory: directory)
      let folder = head.transformerFolder.isEmpty ? directory : directory + "/" + head.transformerFolder
      config = try BertConfig.fromPretrained(folder)
      try head.checkWidths(hiddenSize: config.hiddenSize, directory: directory)
      tokenizer = try BertTokenizer.fromPretrained(folder)
      guard tokenizer.vocabularySize <= config.vocabSize else {
        throw BertError.vocabularyMismatch(tokenizer: tokenizer.vocabularySize, embeddings: config.vocabSize)
      }
      var builder = try BertGraph(config)
      try builder.appendSentenceEmbedding(head)
      graph = builder.graph
      parameters = try CheckpointParameters(graph, Checkpoint(directory: folder), directory: directory)
    }
  }

  private init(_ files: Files, _ engine: Engine, _ tokenBudget: Int?, _ loaded: any LoadedGraph) {
    config = files.config
    head = files.head
    tokenizer = files.tokenizer
    self.engine = engine
    ignoredTensors = files.parameters.ignored
    maxSequenceLength = min(head.maxSequenceLength ?? .max, config.maxPositionEmbeddings)
    dimension = head.dimension(hiddenSize: config.hiddenSize)
    self.tokenBudget = max(tokenBudget ?? (engine.device?.kind == .gpu ? 16384 : 2048), 1)
    self.loaded = loaded
  }

  /// The computation, for listings.
  public var graph: Graph { loaded.graph }

  /// Encodes texts, in their order.
  ///
  /// - Throws: `CancellationError` between two device runs if the task is cancelled; the device's error.
  public func encode(_ texts: [String]) async throws -> [[Float]] {
    try await embed(texts).vectors
  }

  /// Vectors of some texts, and how many of them were too long.
  public struct Embeddings: Sendable {
    /// One per text, of `dimension` numbers.
    public let vectors: [[Float]]
    /// Texts cut at `maxSequenceLength` tokens.
    public let truncatedCount: Int
    /// Tokens computed, special ones included.
    public let tokenCount: Int
  }

  /// Texts as token ids, each cut to what the model takes.
  public struct TokenizedTexts: Sendable {
    /// Ids of each text, special ones included.
    public let ids: [[Int32]]
    /// Texts cut at `maxSequenceLength` tokens.
    public let truncatedCount: Int
  }

  /// Encodes texts, in their order, and counts.
  ///
  /// - Throws: as `encode(_:)`.
  public func embed(_ texts: [String]) async throws -> Embeddings { try await embed(tokenize(texts)) }

  /// The host's half of `embed(_:)`, on all cores: a caller with a stream of texts prepares some while others run.
  ///
  /// - Throws: `TokenizerError` if not even the special tokens fit the model.
  public func tokenize(_ texts: [String]) throws -> TokenizedTexts {
    let texts = head.lowercases ? texts.map { $0.lowercased() } : texts
    var ids = try tokenizer.encodeIdsBatch(texts)
    let tooLong = ids.indices.filter { ids[$0].count > maxSequenceLength }
    let truncation = Truncation(maxLength: maxSequenceLength)
    for index in tooLong { ids[index] = try tokenizer.encodeIds(texts[index], truncation: truncation) }
    return TokenizedTexts(ids: ids, truncatedCount: tooLong.count)
  }

  /// The device's half of `embed(_:)`.
  ///
  /// - Throws: as `encode(_:)`.
  public func embed(_ texts: TokenizedTexts) async throws -> Embeddings {
    let ids = texts.ids
    let batches = SentenceEncoder.batches(ids.map(\.count), tokenBudget: tokenBudget)
    // While a device runs one batch, the next is packed and stands in line, and the last one's vectors are taken apart. The
    // CPU executor has no such cores to spare, and would need memory for both.
    let ahead = engine.device == nil ? 1 : 2
    var vectors = [[Float]](repeating: [], count: ids.count)
    try await withThrowingTaskGroup(of: (batch: [Int], rows: [Float]).self) { group in
      for (number, batch) in batches.enumerated() {
        if number >= ahead, let (batch, rows) = try await group.next() { scatter(rows, to: batch, in: &vectors) }
        try Task.checkCancellation()
        group.addTask { (batch, try await self.run(batch.map { ids[$0] })) }
      }
      while let (batch, rows) = try await group.next() { scatter(rows, to: batch, in: &vectors) }
    }
    return Embeddings(
      vectors: vectors, truncatedCount: texts.truncatedCount, tokenCount: ids.reduce(0) { $0 + $1.count })
  }

  /// One device run: vectors end to end.
  private func run(_ ids: [[Int32]]) async throws -> [Float] {
    let results = try await loaded.run(PackedBatch(ids).runInputs, outputs: ["sentence_embedding"])
    guard let rows = results["sentence_embedding"]?.floats else { throw GraphError.missingOutput("sentence_embedding") }
    return rows
  }

  private func scatter(_ rows: [Float], to batch: [Int], in vectors: inout [[Float]]) {
    for (row, index) in batch.enumerated() {
      vectors[index] = Array(rows[(row * dimension)..<((row + 1) * dimension)])
    }
  }

  /// Indices grouped by length, longest first, each group within the budget or of one text alone: work of one size runs
  /// together, and the last groups, which fill the device worst, are the cheapest.
  static func batches(_ lengths: [Int], tokenBudget: Int) -> [[Int]] {
    var batches: [[Int]] = []
    var tokens = 0
    for index in lengths.indices.sorted(by: { (lengths[$1], $0) < (lengths[$0], $1) }) {
      if batches.isEmpty || tokens + lengths[index] > tokenBudget {
        batches.append([])
        tokens = 0
      }
      batches[batches.count - 1].append(index)
      tokens += lengths[index]
    }
    return batches
  }
}
