// SPDX-License-Identifier: Apache-2.0
import ComputeGraph
import Synchronization

/// The keys and values of tokens that a decoder has seen, kept on the device from step to step; with cross attention, those
/// of the encoder's states as well.
///
///     let cache = try await model.makeCache(batchSize: 1)
///     _ = try await model.forward(prompt, cache: cache)       // stores the prompt
///     _ = try await model.forward(nextToken, cache: cache)    // computes one token
///
/// Each sequence has a range of rows of its own. A cache serves one call at a time.
public final class KeyValueCache: Sendable {
  /// B: sequences.
  public let batchSize: Int
  /// Tokens that a sequence may have.
  public let capacity: Int
  /// Encoder tokens that a sequence may have; 0 without cross attention.
  public let encoderCapacity: Int
  let state: any GraphState
  private let contents: Mutex<(contents: CacheContents, isInUse: Bool)>

  init(batchSize: Int, capacity: Int, encoderCapacity: Int, state: any GraphState) {
    self.batchSize = batchSize
    self.capacity = capacity
    self.encoderCapacity = encoderCapacity
    self.state = state
    let empty = CacheContents(batchSize: batchSize, capacity: capacity, encoderCapacity: encoderCapacity)
    contents = Mutex((empty, false))
  }

  /// P: tokens of each sequence so far, padding included.
  public var length: Int { contents.withLock { $0.contents.length } }

  /// Calls `body` with what the cache holds, and keeps what it makes of it; if it throws, what it held before.
  ///
  /// - Throws: `BertError.badArgument` if another call is using the cache; what `body` throws.
  func use<Result>(_ body: (inout CacheContents) async throws -> Result) async throws -> Result {
    var held = try contents.withLock { slot throws(BertError) in
      guard !slot.isInUse else { throw .badArgument("past_key_values", "is in use by another call") }
      slot.isInUse = true
      return slot.contents
    }
    do {
      let result = try await body(&held)
      contents.withLock { [held] in $0 = (held, false) }
      return result
    } catch {
      contents.withLock { $0.isInUse = false }
      throw error
    }
  }
}

/// Which tokens a cache holds, and in which rows: sequence b has rows `b * capacity` on, in the order of its columns.
struct CacheContents: Sendable {
  let capacity: Int
  let encoderCapacity: Int
  /// Tokens of each sequence so far, padding included.
  var length = 0
  /// Of each sequence, the columns whose tokens are held: padding is not.
  var columns: [[Int]]
  /// Encoder tokens of each sequence, padding included; 0 before there were any.
  var encoderLength = 0
  var encoderColumns: [[Int]]

  init(batchSize: Int, capacity: Int, encoderCapacity: Int) {
    self.capacity = capacity
    self.encoderCapacity = encoderCapacity
    columns = [[Int]](repeating: [], count: batchSize)
    encoderColumns = columns
  }
}
