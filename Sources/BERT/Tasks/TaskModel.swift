// SPDX-License-Identifier: Apache-2.0

/// A matrix of logits in row-major order: one row a token (token-wise heads) or a single row (pooled heads).
public struct Logits: Sendable, Equatable {
  public let rows: Int
  public let columns: Int
  /// `[rows, columns]`.
  public let values: [Float]

  /// - Parameter values: `[rows, columns]`, row-major; another count is a programmer's error.
  public init(rows: Int, columns: Int, values: [Float]) {
    precondition(rows >= 0 && columns >= 0 && values.count == rows * columns)
    self.rows = rows
    self.columns = columns
    self.values = values
  }

  /// The logits of one token, or of the sequence where there is one row.
  func row(_ index: Int) -> ArraySlice<Float> { values[index * columns..<(index + 1) * columns] }

  /// - Throws: `TaskError.logits` where the head is not the one that the task needs.
  func check(rows: Int, columns: Int) throws(TaskError) {
    guard self.rows == rows, self.columns == columns else {
      throw .logits(rows: self.rows, columns: self.columns, wantedRows: rows, wantedColumns: columns)
    }
  }
}

/// Ids and types of one sequence, special tokens included.
public struct TokenSequence: Sendable, Equatable {
  /// Token ids `[S]`.
  public let ids: [Int32]
  /// Token types `[S]`: 0 for the first text and its special tokens, 1 for the second.
  public let typeIds: [Int32]

  public init(ids: [Int32], typeIds: [Int32]) {
    self.ids = ids
    self.typeIds = typeIds
  }
}

/// What tasks need of a model: logits for packed sequences.
///
/// Order is kept; batches are made inside (length-sorted, by a token budget), so a caller may pass thousands.
public protocol LogitsModel: Sendable {
  var config: BertConfig { get }

  /// Logits of each sequence.
  ///
  /// Token-wise heads (token classification; question answering, whose two columns are start and end): `[tokens, C]` per
  /// sequence. Pooled heads (sequence classification, next sentence; multiple choice gives one column): `[1, C]`.
  func logits(_ sequences: [TokenSequence]) async throws -> [Logits]

  /// Masked-LM logits at the given token positions only: `[positions, V]` per sequence.
  ///
  /// Computing V columns for every token of a batch would waste almost all of it.
  func vocabularyLogits(_ sequences: [TokenSequence], at positions: [[Int]]) async throws -> [Logits]
}
