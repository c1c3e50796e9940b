// SPDX-License-Identifier: Apache-2.0
import ComputeGraph

extension BertGraph {
  /// Appends a head and, where the variant has labels, its loss.
  ///
  /// - Parameters:
  ///   - hasPooler: whether a bare model's checkpoint has a pooler.
  ///   - tiesDecoder: whether a language model's output matrix is the word embeddings.
  mutating func append(_ head: BertHead, hasPooler: Bool = true, tiesDecoder: Bool = true) throws {
    switch head {
    case .none: if hasPooler { try graph.output("pooler_output", pooler()) }
    case .maskedLM, .causalLM:
      let logits = try languageModel(tied: tiesDecoder)
      try graph.output("logits", logits)
      if variant.loss != nil { try graph.output("loss", tokenLoss(logits)) }
    case .pretraining:
      let logits = try languageModel(tied: tiesDecoder)
      let relationship = try dense(["cls.seq_relationship"], try pooler(), rows: 2, columns: config.hiddenSize)
      try graph.output("prediction_logits", logits)
      try graph.output("seq_relationship_logits", relationship)
      if variant.loss != nil {
        let losses = [try tokenLoss(logits), try sequenceLoss(relationship, labels: "next_sentence_label")]
        try graph.output("loss", try graph.apply(.weightedSum([1, 1]), losses, scope: "loss"))
      }
    case .nextSentence:
      let logits = try dense(["cls.seq_relationship"], try pooler(), rows: 2, columns: config.hiddenSize)
      try graph.output("logits", logits)
      if variant.loss != nil { try graph.output("loss", sequenceLoss(logits)) }
    case .textClassification:
      let logits = try dense(
        ["classifier"], try classifierDropout(pooler()), rows: config.numLabels, columns: config.hiddenSize)
      try graph.output("logits", logits)
      if let loss = variant.loss { try graph.output("loss", classifierLoss(loss, logits)) }
    case .multipleChoice:
      let logits = try dense(
        ["classifier"], try classifierDropout(pooler()), rows: 1, columns: config.hiddenSize)
      try graph.output("logits", logits)
      if variant.loss != nil {
        let choices = try graph.input("choice_offsets", [.symbol(.examples, plus: 1)], .int32)
        let labels = try graph.input("labels", [.symbol(.examples, plus: 0)], .int32)
        try graph.output("loss", try segmentLoss(logits, choices, labels, column: 0))
      }
    case .tokenClassification:
      let logits = try dense(
        ["classifier"], try classifierDropout(selectedStates()), rows: config.numLabels, columns: config.hiddenSize)
      try graph.output("logits", logits)
      if variant.loss != nil { try graph.output("loss", tokenLoss(logits)) }
    case .questionAnswering:
      let logits = try dense(
        ["qa_outputs"], try selectedStates(), rows: config.numLabels, columns: config.hiddenSize)
      try graph.output("logits", logits)
      if variant.loss != nil {
        let losses = try ["start_positions", "end_positions"].enumerated().map { column, name in
          try segmentLoss(logits, offsets, try graph.input(name, [.sequences], .int32), column: column)
        }
        try graph.output("loss", try graph.apply(.weightedSum([0.5, 0.5]), losses, scope: "loss"))
      }
    }
  }

  /// Dense and tanh on each sequence's first token. Source: Hugging Face `BertPooler`.
  private mutating func pooler() throws -> Graph.Value {
    let first = try graph.apply(.pooling([.cls]), [lastHiddenState, offsets], scope: "pooler")
    return try dense(["pooler.dense"], first, rows: config.hiddenSize, columns: config.hiddenSize, .tanh)
  }

  private mutating func classifierDropout(_ x: Graph.Value) throws -> Graph.Value {
    try dropout(x, config.classifierDropout ?? config.hiddenDropoutProb, scope: "classifier")
  }

  /// The states that a token-wise head works on.
  private mutating func selectedStates() throws -> Graph.Value {
    guard variant.selectsRows else { return lastHiddenState }
    let rows = try graph.input("selected_rows", [.symbol(.selectedRows, plus: 0)], .int32)
    return try graph.apply(.gatherRows, [lastHiddenState, rows], scope: "selected")
  }

  /// Scores of the vocabulary for each token. Source: Hugging Face `BertLMPredictionHead`.
  private mutating func languageModel(tied: Bool) throws -> Graph.Value {
    let (hidden, prefix) = (config.hiddenSize, "cls.predictions")
    let transformed = try dense(
      [prefix + ".transform.dense"], try selectedStates(), rows: hidden, columns: hidden, config.hiddenAct)
    let weight = try graph.parameter(prefix + ".transform.LayerNorm.weight", [hidden])
    let bias = try graph.parameter(prefix + ".transform.LayerNorm.bias", [hidden])
    let normalized = try graph.apply(
      .layerNorm(epsilon: config.layerNormEps), [transformed, weight, bias], scope: prefix + ".transform")
    let decoder =
      try tied
      ? wordEmbeddings() : graph.parameter(prefix + ".decoder.weight", [config.vocabSize, hidden])
    let offset = try graph.parameter(prefix + ".bias", [config.vocabSize])
    return try graph.apply(
      .linear(activation: .identity), [normalized, decoder, offset], scope: prefix + ".decoder")
  }

  private mutating func wordEmbeddings() throws -> Graph.Value {
    let key = "embeddings.word_embeddings.weight"
    if let known = graph.parameters.first(where: { $0.parameter.name == key }) { return known.value }
    return try graph.parameter(key, [config.vocabSize, config.hiddenSize])
  }

  // MARK: Losses

  /// Mean cross entropy of the tokens that have a label.
  private mutating func tokenLoss(_ logits: Graph.Value) throws -> Graph.Value {
    let labels = try graph.input("labels", [graph.type(of: logits).shape.dimensions[0]], .int32)
    return try meanCrossEntropy(logits, labels)
  }

  /// Mean cross entropy of the sequences that have a label.
  private mutating func sequenceLoss(_ logits: Graph.Value, labels: String = "labels") throws -> Graph.Value {
    try meanCrossEntropy(logits, try graph.input(labels, [.sequences], .int32))
  }

  private mutating func meanCrossEntropy(_ logits: Graph.Value, _ labels: Graph.Value) throws -> Graph.Value {
    let losses = try graph.apply(.crossEntropy, [logits, labels], scope: "loss")
    return try graph.apply(.mean, [losses, labels], scope: "loss")
  }

  private mutating func segmentLoss(
    _ logits: Graph.Value, _ offsets: Graph.Value, _ labels: Graph.Value, column: Int
  ) throws -> Graph.Value {
    let losses = try graph.apply(.segmentCrossEntropy(column: column), [logits, offsets, labels], scope: "loss")
    return try graph.apply(.mean, [losses, labels], scope: "loss")
  }

  private mutating func classifierLoss(_ loss: GraphVariant.Loss, _ logits: Graph.Value) throws -> Graph.Value {
    switch loss {
    case .regression, .multiLabel:
      let targets = try graph.input("labels", [.sequences, .fixed(config.numLabels)], .real)
      let operation: Operation = loss == .regression ? .squaredError : .binaryCrossEntropy
      return try graph.apply(
        .mean, [try graph.apply(operation, [logits, targets], scope: "loss")], scope: "loss")
    case .sequences, .tokens, .pretraining, .choices, .span: return try sequenceLoss(logits)
    }
  }

  /// Appends a sentence-vector head: pooling, dense layers and normalization, as output `sentence_embedding`.
  mutating func appendSentenceEmbedding(_ head: SentenceHead) throws {
    var vector = try graph.apply(.pooling(head.pooling), [lastHiddenState, offsets], scope: "pooling")
    for module in head.modules {
      switch module {
      case .dense(let layer):
        var operands = [
          vector, try graph.parameter(layer.folder + "/linear.weight", [layer.outFeatures, layer.inFeatures]),
        ]
        if layer.hasBias {
          operands.append(try graph.parameter(layer.folder + "/linear.bias", [layer.outFeatures]))
        }
        vector = try graph.apply(.linear(activation: layer.activation), operands, scope: layer.folder)
      case .normalize:
        vector = try graph.apply(.l2Normalize(epsilon: 1e-12), [vector], scope: "normalize")
      }
    }
    try graph.output("sentence_embedding", vector)
  }
}

extension Symbol {
  /// Examples of a multiple-choice batch: each has several sequences.
  static let examples = Symbol("examples")
}
