// SPDX-License-Identifier: Apache-2.0

/// How to encode.
public struct EncodeOptions: Sendable, Equatable {
  /// Put `[CLS]` and `[SEP]` around the sequences (or what the post-processor's template says).
  public var addSpecialTokens: Bool
  /// Nil: nothing is cut, however long.
  public var truncation: Truncation?
  /// Keep what truncation cuts off, in `Encoding.overflowing`.
  public var returnOverflowingTokens: Bool
  /// Nil: no padding.
  public var padding: Padding?

  public init(
    addSpecialTokens: Bool = true, truncation: Truncation? = nil, returnOverflowingTokens: Bool = false,
    padding: Padding? = nil
  ) {
    self.addSpecialTokens = addSpecialTokens
    self.truncation = truncation
    self.returnOverflowingTokens = returnOverflowingTokens
    self.padding = padding
  }
}

/// One sequence: a text, or a text that the caller has split into words.
enum SequenceInput: Sendable {
  case text(String)
  case words([String])
}

extension BertTokenizer {
  /// The tokens of a text as strings, without special tokens around it.
  public func tokenize(_ text: String) -> [String] {
    var sink = EncodingSink(wordPieceTokenizer)
    encode(.text(text), as: 0, typeId: 0, encoder.makeBuffer(), into: &sink)
    return sink.encoding.tokens
  }

  /// Encodes a text, or a pair of texts.
  ///
  /// - Throws: `TokenizerError` where truncation or padding is impossible; never for a text as such.
  public func encode(
    _ text: String, pair: String? = nil, options: EncodeOptions = EncodeOptions()
  ) throws(TokenizerError) -> Encoding {
    try encode([.text(text)] + (pair.map { [.text($0)] } ?? []), options)
  }

  /// Encodes a text that is split into words already, or a pair of such texts.
  ///
  /// Each word goes through the whole tokenizer by itself; `wordIds` are indices into `words`, and offsets count from
  /// the start of the word.
  ///
  /// - Throws: `TokenizerError` where truncation or padding is impossible.
  public func encode(
    words: [String], pair: [String]? = nil, options: EncodeOptions = EncodeOptions()
  ) throws(TokenizerError) -> Encoding {
    try encode([.words(words)] + (pair.map { [.words($0)] } ?? []), options)
  }

  func encode(_ inputs: [SequenceInput], _ options: EncodeOptions) throws(TokenizerError) -> Encoding {
    var encoding = try encodeUnpadded(inputs, options, encoder.makeBuffer())
    if let padding = options.padding {
      var batch = [encoding]
      try pad(&batch, padding)
      encoding = batch[0]
    }
    return encoding
  }

  /// One encoding, padded later, when the batch is known.
  func encodeUnpadded(
    _ inputs: [SequenceInput], _ options: EncodeOptions, _ buffer: WordBuffer
  ) throws(TokenizerError) -> Encoding {
    let pieces = postProcessor.pieces(isPair: inputs.count > 1, addSpecialTokens: options.addSpecialTokens)
    guard let truncation = options.truncation else { return encodeWhole(inputs, pieces, buffer) }
    let sequences = inputs.enumerated().map { index, input in
      encodeWhole([input], [.sequence(0, typeId: 0)], buffer, firstSequence: index)
    }
    let special = PostProcessor.specialCount(pieces)
    try truncation.checkStride(specialTokens: PostProcessor.specialCount(postProcessor.single))
    let lengths = try truncation.lengths(
      first: sequences[0].count, second: sequences.count > 1 ? sequences[1].count : nil, specialTokens: special)
    var windows: [[Range<Int>]] = []
    for (sequence, length) in zip(sequences, [lengths.first, lengths.second]) {
      windows.append(
        try truncation.windows(
          of: sequence.count, length: length, withOverflow: options.returnOverflowingTokens))
    }
    return try assemble(pieces, sequences, windows, special)
  }

  /// The kept windows, and as overflow every other combination, in the fast tokenizer's order: windows of the first
  /// sequence with each of the second, and last the kept first window with the others of the second.
  private func assemble(
    _ pieces: [PostProcessor.Piece], _ sequences: [Encoding], _ windows: [[Range<Int>]], _ special: Int
  ) throws(TokenizerError) -> Encoding {
    func assembled(_ first: Range<Int>, _ second: Range<Int>?) -> Encoding {
      PostProcessor.assemble(
        pieces, [sequences[0].slice(first)] + (second.map { [sequences[1].slice($0)] } ?? []))
    }
    let firsts = windows[0]
    let seconds: [Range<Int>?] = windows.count > 1 ? windows[1] : [nil]
    try checkSize(firsts, seconds, special)
    var encoding = assembled(firsts[0], seconds[0])
    for first in firsts.dropFirst() {
      for second in seconds { encoding.overflowing.append(assembled(first, second)) }
    }
    for second in seconds.dropFirst() { encoding.overflowing.append(assembled(firsts[0], second)) }
    return encoding
  }

  /// Overlapping windows of a long text multiply; the product is known before anything is allocated.
  private func checkSize(_ firsts: [Range<Int>], _ seconds: [Range<Int>?], _ special: Int) throws(TokenizerError) {
    guard firsts.count * seconds.count > 1 else { return }
    let first = firsts.reduce(0) { $0 + $1.count }
    let second = seconds.reduce(0) { $0 + ($1?.count ?? 0) }
    let total =
      Double(first) * Double(seconds.count) + Double(second) * Double(firsts.count)
      + Double(special) * Double(firsts.count) * Double(seconds.count)
    guard total <= Double(tokenLimit) else {
      throw .tooManyTokens(count: Int(exactly: total.rounded()) ?? .max, limit: tokenLimit)
    }
  }

  /// One encoding that nothing is cut from, written piece by piece.
  private func encodeWhole(
    _ inputs: [SequenceInput], _ pieces: [PostProcessor.Piece], _ buffer: WordBuffer, firstSequence: Int = 0
  ) -> Encoding {
    var sink = EncodingSink(wordPieceTokenizer)
    for piece in pieces {
      switch piece {
      case .sequence(let index, let typeId):
        guard index < inputs.count else { continue }
        encode(inputs[index], as: firstSequence + index, typeId: typeId, buffer, into: &sink)
      case .special(let ids, let tokens, let typeId):
        for (id, token) in zip(ids, tokens) { sink.encoding.append(special: id, token: token, typeId: typeId) }
      }
    }
    return sink.encoding
  }

  private func encode(
    _ input: SequenceInput, as sequence: Int, typeId: Int32, _ buffer: WordBuffer, into sink: inout EncodingSink
  ) {
    let start = sink.encoding.count
    switch input {
    case .text(let text): encoder.encode(text, buffer: buffer, into: &sink)
    case .words(let words):
      for (word, text) in words.enumerated() {
        sink.givenWord = word
        encoder.encode(text, buffer: buffer, into: &sink)
      }
    }
    sink.finish(from: start, sequence: sequence, typeId: typeId)
  }

  /// Pads a batch in place.
  func pad(_ batch: inout [Encoding], _ padding: Padding) throws(TokenizerError) {
    guard let paddingId else { throw .noPaddingToken }
    let target = try padding.target(longest: batch.reduce(0) { max($0, $1.count) })
    let rows = batch.reduce(0) { $0 + 1 + $1.overflowing.count }
    let (total, overflow) = target.multipliedReportingOverflow(by: rows)
    guard !overflow, total <= tokenLimit || batch.allSatisfy({ $0.count >= target }) else {
      throw .tooManyTokens(count: overflow ? .max : total, limit: tokenLimit)
    }
    for index in batch.indices {
      batch[index].pad(to: target, id: paddingId, token: specialTokens.padding, typeId: 0, side: padding.side)
    }
  }
}
