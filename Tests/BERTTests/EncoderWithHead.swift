// SPDX-License-Identifier: Apache-2.0
import BERT
import Checkpoints
import Glibc
import TestSupport

/// `BertModel` with a head written out here, in double precision: the tasks' tests need a model with a head, and nothing of
/// the engine's own heads. Source: Hugging Face `BertFor...` in evaluation mode, where dropout does nothing.
struct EncoderWithHead: LogitsModel {
  let config: BertConfig
  let head: BertHead
  private let encoder: BertModel
  private let weights: SafetensorsFile

  init(_ directory: String, _ head: BertHead) async throws {
    encoder = try await BertModel.fromPretrained(directory, on: .oracle)
    config = encoder.config
    weights = try SafetensorsFile(path: directory + "/model.safetensors")
    self.head = head
  }

  func logits(_ sequences: [TokenSequence]) async throws -> [Logits] {
    var all: [Logits] = []
    for sequence in sequences {
      let output = try await forward(sequence)
      let isTokenwise = head == .tokenClassification || head == .questionAnswering
      let name =
        switch head {
        case .questionAnswering: "qa_outputs"
        case .nextSentence: "cls.seq_relationship"
        default: "classifier"
        }
      all.append(try logits(rows(output, isTokenwise ? "last_hidden_state" : "pooler_output"), name))
    }
    return all
  }

  func vocabularyLogits(_ sequences: [TokenSequence], at positions: [[Int]]) async throws -> [Logits] {
    var all: [Logits] = []
    for (sequence, positions) in zip(sequences, positions) {
      let states = rows(try await forward(sequence), "last_hidden_state")
      let norm = "cls.predictions.transform.LayerNorm"
      let (scale, shift) = (try weights.readFloat64(norm + ".weight"), try weights.readFloat64(norm + ".bias"))
      let transformed = try positions.map { position in
        let dense = try linear(states[position], "cls.predictions.transform.dense").map {
          0.5 * $0 * (1 + erf($0 / 2.0.squareRoot()))
        }
        let mean = dense.reduce(0, +) / Double(dense.count)
        let variance = dense.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(dense.count)
        return dense.indices.map {
          (dense[$0] - mean) / (variance + config.layerNormEps).squareRoot() * scale[$0] + shift[$0]
        }
      }
      all.append(
        try logits(
          transformed, weight: "bert.embeddings.word_embeddings.weight", bias: "cls.predictions.bias"))
    }
    return all
  }

  private func forward(_ sequence: TokenSequence) async throws -> ModelOutput {
    try await encoder.forward(
      BertInput(
        batchSize: 1, sequenceLength: sequence.ids.count, inputIds: sequence.ids, tokenTypeIds: sequence.typeIds))
  }

  private func rows(_ output: ModelOutput, _ name: String) -> [[Double]] {
    let values = (output[name]?.floats ?? []).map { Double($0) }
    let width = config.hiddenSize
    return stride(from: 0, to: values.count, by: width).map { Array(values[$0..<$0 + width]) }
  }

  private func linear(_ row: [Double], _ name: String) throws -> [Double] {
    try logits([row], name).values.map { Double($0) }
  }

  private func logits(_ rows: [[Double]], _ name: String) throws -> Logits {
    try logits(rows, weight: name + ".weight", bias: name + ".bias")
  }

  private func logits(_ rows: [[Double]], weight: String, bias: String) throws -> Logits {
    let (matrix, offset) = (try weights.readFloat64(weight), try weights.readFloat64(bias))
    let columns = offset.count
    let values = rows.flatMap { row in
      (0..<columns).map { column in
        Float(row.indices.reduce(offset[column]) { $0 + row[$1] * matrix[column * row.count + $1] })
      }
    }
    return Logits(rows: rows.count, columns: columns, values: values)
  }
}
