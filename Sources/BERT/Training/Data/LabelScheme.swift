// SPDX-License-Identifier: Apache-2.0

/// Names and numbers of a classifier's labels, and the loss that they are for.
public struct LabelScheme: Sendable, Equatable {
  /// Of a text classifier; nil for other heads.
  public let problemType: BertConfig.ProblemType?
  /// Names by number, as the configuration has them.
  public let id2label: [Int: String]
  // By bytes: Swift takes canonically equivalent names for one.
  private let label2id: [[UInt8]: Int]

  init(problemType: BertConfig.ProblemType?, id2label: [Int: String]) {
    self.problemType = problemType
    self.id2label = id2label
    let pairs = id2label.sorted { $0.key < $1.key }.map { (Array($0.value.utf8), $0.key) }
    label2id = Dictionary(pairs) { $1 }  // of equal names the last, as in Python
  }

  init(problemType: BertConfig.ProblemType?, names: [String]) {
    self.init(problemType: problemType, id2label: Dictionary(uniqueKeysWithValues: zip(0..., names)))
  }

  public var count: Int { id2label.count }

  /// The number of a label; nil for a name or a number that there is none of.
  func number(_ name: ExampleLabel.Name) -> Int? {
    switch name {
    case .string(let text): label2id[Array(text.utf8)]
    case .integer(let number): id2label[number] == nil ? nil : number
    }
  }

  /// The name of a label, `LABEL_n` where there is none.
  func name(_ number: Int) -> String { id2label[number] ?? "LABEL_\(number)" }

  /// Puts names and loss into a model's configuration: what was trained so must be read so.
  public func apply(to config: inout BertConfig) {
    config.id2label = id2label
    if let problemType { config.problemType = problemType }
  }

  /// Why a label is none of these, as the rest of a sentence.
  func refusal(_ name: ExampleLabel.Name) -> String {
    switch name {
    case .integer(let number): return "is \(number); it must be in 0 ..< \(count)"
    case .string(let text):
      let known = (0..<min(count, 8)).map(self.name).joined(separator: ", ") + (count > 8 ? ", ..." : "")
      return "is \"\(text.shortened())\", which is none of the labels: \(known)"
    }
  }
}

extension LabelScheme {
  /// The labels of a model, or of a head that is to be made for a training file.
  ///
  /// A model that has a head keeps its labels; rows name them or give their numbers. A new head gets, for names, one label
  /// for each in the file, sorted by code points as Hugging Face's example scripts sort them; for numbers, as many as
  /// `numLabels` or else the largest number says; for numbers that are not whole, one output and a regression.
  ///
  /// - Parameters:
  ///   - config: of the model. Its `problem_type`, where it has one, decides what labels mean; else Hugging Face's rules do:
  ///     one label is a regression, several in a list are a `multi_label_classification`.
  ///   - isNewHead: whether the model lacks the weights for these labels.
  ///   - numLabels: `--num-labels`, for a new head.
  /// - Throws: `TrainingDataError.line` for the first row whose labels are of another kind than those before it, or none of
  ///   the model's; `.labelCount`; `.oneLabel` where a classifier would see one class only.
  public init(
    _ file: TrainingFile, config: BertConfig, isNewHead: Bool, numLabels: Int? = nil
  ) throws(TrainingDataError) {
    switch file.task {
    case .textClassification:
      let kind = try LabelKind(file)
      let problem = try LabelScheme.problem(kind, file, config, isNewHead, numLabels)
      self =
        isNewHead
        ? try LabelScheme.made(for: kind, problem, file, config, numLabels)
        : LabelScheme(problemType: problem, id2label: config.id2label)
    case .tokenClassification:
      let kind = try LabelKind(file)
      self =
        isNewHead
        ? try LabelScheme.made(for: kind, nil, file, config, numLabels)
        : LabelScheme(problemType: nil, id2label: config.id2label)
    case .none, .pretraining, .maskedLM, .causalLM, .nextSentence, .multipleChoice, .questionAnswering:
      self.init(problemType: nil, id2label: config.id2label)
    }
    try checkVariety(file)
  }

  private static func problem(
    _ kind: LabelKind, _ file: TrainingFile, _ config: BertConfig, _ isNewHead: Bool, _ numLabels: Int?
  ) throws(TrainingDataError) -> BertConfig.ProblemType {
    if let problem = config.problemType { return problem }
    let count = isNewHead ? numLabels : config.numLabels
    switch kind {
    case .strings: return .singleLabelClassification
    case .integers: return count == 1 ? .regression : .singleLabelClassification
    case .numbers: return (count ?? 1) == 1 ? .regression : .singleLabelClassification
    case .stringLists, .integerLists: return .multiLabelClassification
    case .numberLists: return count == 1 ? .regression : .multiLabelClassification
    }
  }

  /// Labels of a new head.
  private static func made(
    for kind: LabelKind, _ problem: BertConfig.ProblemType?, _ file: TrainingFile, _ config: BertConfig,
    _ numLabels: Int?
  ) throws(TrainingDataError) -> LabelScheme {
    var count = numLabels
    switch kind {
    case .strings, .stringLists:
      let names = Set(file.names.compactMap(\.bytes)).sorted { $0.lexicographicallyPrecedes($1) }
      if let count, count != names.count { throw .labelCount(file: file.path, found: names.count, wanted: count) }
      return LabelScheme(problemType: problem, names: names.map { String(decoding: $0, as: UTF8.self) })
    case .integers, .integerLists:
      if problem == .regression {
        count = numLabels ?? file.labelWidth
      } else {
        count = numLabels ?? max(2, (file.names.compactMap(\.integer).max() ?? 0) &+ 1)
      }
    case .numbers: count = numLabels ?? 1
    case .numberLists: count = numLabels ?? file.labelWidth
    }
    // As many as config.json may have; a file must not ask for a head of any size.
    guard let count, (1...(1 << 20)).contains(count) else {
      throw .field(
        file: file.path, line: file.rows[0].line, field: file.labelField,
        "would need \(count ?? 0) labels in all; a model has 1...\(1 << 20)")
    }
    let names = config.numLabels == count ? config.id2label : [:]
    return LabelScheme(problemType: problem, names: (0..<count).map { names[$0] ?? "LABEL_\($0)" })
  }

  /// A classifier that sees one class learns to say it, whatever it reads.
  private func checkVariety(_ file: TrainingFile) throws(TrainingDataError) {
    let labels: [ExampleLabel.Name]
    switch file.task {
    case .textClassification where problemType == .singleLabelClassification: labels = file.names
    case .tokenClassification: labels = file.names
    case .nextSentence:
      labels = file.rows.compactMap {
        if case .sentences(_, let label) = $0.example { .integer(Int(label)) } else { nil }
      }
    default: return
    }
    // A row of another kind is refused for that when it becomes a feature.
    guard labels.count >= file.rows.count, let first = labels.first, labels.allSatisfy({ $0 == first }) else { return }
    throw .oneLabel(file: file.path, field: file.labelField, label: first.text, rows: file.rows.count)
  }
}

extension ExampleLabel.Name {
  fileprivate var bytes: [UInt8]? {
    if case .string(let text) = self { Array(text.utf8) } else { nil }
  }

  fileprivate var integer: Int? {
    if case .integer(let number) = self { number } else { nil }
  }

  /// As an error shows it.
  var text: String {
    switch self {
    case .string(let text): "\"\(text.shortened())\""
    case .integer(let number): "\(number)"
    }
  }
}

extension TrainingFile {
  /// The key that the labels of the task stand under.
  var labelField: String {
    switch task {
    case .tokenClassification: "ner_tags"
    case .nextSentence, .pretraining: "next_sentence_label"
    default: "label"
    }
  }

  /// The labels of all rows that are names or whole numbers.
  fileprivate var names: [ExampleLabel.Name] {
    rows.flatMap { row -> [ExampleLabel.Name] in
      switch row.example {
      case .text(_, .name(let name)): [name]
      case .text(_, .names(let names)): names
      case .words(_, let tags): tags
      default: []
      }
    }
  }

  /// Numbers of the first row's label.
  fileprivate var labelWidth: Int {
    switch rows[0].example {
    case .text(_, .numbers(let numbers)): numbers.count
    case .text(_, .names(let names)): names.count
    default: 1
    }
  }
}
