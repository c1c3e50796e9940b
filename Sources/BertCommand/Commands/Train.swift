// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import BERT
import ComputeGraph
import Tokenizers

/// `bert train`: pre-training and fine-tuning.
struct Train: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Train a model, or teach it a task.",
    discussion: """
      Reads examples from a JSONL file, all of it before the first step, and writes into the output directory: a \
      checkpoint that every command and Hugging Face's library load; metrics.jsonl, a line {"step", "loss", "grad_norm", \
      "lr"} a step; evaluations.jsonl and best, the model with the best evaluation, where there is an --eval-file; \
      checkpoint-N directories to resume from, with --save-steps; and training.svg, loss and learning rate over the steps.

        bert train MODEL --task text-classification --train-file train.jsonl --output-dir out --num-train-epochs 3
        bert train MODEL --task masked-lm --train-file texts.jsonl --output-dir out --max-steps 1000 --save-steps 100
        bert train MODEL --resume-from out --task masked-lm --train-file texts.jsonl --output-dir out --max-steps 1000

      Lines, by task:
        text-classification   {"text", "text_pair"?, "label"}; a label's name or number, a number for a regression, a list
        token-classification  {"tokens": [...], "ner_tags": [...]}
        question-answering    {"question", "context", "answers": {"text": [...], "answer_start": [...]}}
        multiple-choice       {"text", "choices": [...], "label"}
        masked-lm, causal-lm  {"text"}
        next-sentence         {"text", "text_pair", "next_sentence_label"}
        pretraining           {"text", "text_pair", "next_sentence_label"}

      The same arguments give the same bits on one device, and a run that was interrupted and resumed gives those of one \
      that was not. Where a bare encoder is given a task, its head is drawn at random, and said so.
      """)

  @Argument(help: "Checkpoint directory to begin with.")
  var model: String

  @Option(help: "What to learn (default: what config.json names).")
  var task: BertHead?

  @Option(help: ArgumentHelp("JSONL file of examples.", valueName: "file"))
  var trainFile: String

  @Option(help: ArgumentHelp("Where checkpoint, metrics and plot go.", valueName: "dir"))
  var outputDir: String

  @Option(help: ArgumentHelp("JSONL file of examples to evaluate on.", valueName: "file"))
  var evalFile: String?

  @Option(
    help: ArgumentHelp(
      "Go on from a checkpoint: a checkpoint-N, or the newest in an output directory.", valueName: "dir"))
  var resumeFrom: String?

  @Flag(help: "Remove the checkpoints that another training has left in the output directory.")
  var overwriteOutputDir = false

  @Flag(help: "Draw all weights at random, from config.json alone: pre-training from the beginning.")
  var fromScratch = false

  @Option(help: "Labels of a head that the model does not have yet (default: as many as the training file has).")
  var numLabels: Int?

  @OptionGroup(title: "Training options")
  var training: TrainingOptions

  @OptionGroup(title: "Device options")
  var engine: EngineOptions

  mutating func validate() throws {
    try engine.validateForTraining()
    try checkAtLeast(1, numLabels, option: "--num-labels")
    let needEvaluation: [(option: String, isGiven: Bool)] = [
      ("--eval-steps", training.evalSteps != nil),
      ("--early-stopping-patience", training.earlyStoppingPatience != nil),
      ("--greater-is-better", training.greaterIsBetter != nil),
      ("--metric-for-best-model", training.metricForBestModel != TrainingArguments().metricForBestModel),
    ]
    for (option, isGiven) in needEvaluation where isGiven && evalFile == nil {
      throw ValidationError("\(option) needs an --eval-file.")
    }
    if training.saveTotalLimit != nil, training.saveSteps == nil {
      throw ValidationError("--save-total-limit needs --save-steps.")
    }
    if fromScratch, resumeFrom != nil {
      throw ValidationError("--from-scratch begins anew and --resume-from goes on; give one of them.")
    }
  }

  func run() async throws {
    let resumed = try resumeFrom.map(TrainingCheckpoint.find)
    if resumed == nil, !overwriteOutputDir { try TrainingCheckpoint.checkUnused(outputDir) }
    let arguments = training.arguments
    // Data first: what is wrong with it should be known before anything takes time.
    let data = try TrainingData(
      directory: resumed ?? model, head: task, isFromScratch: fromScratch, trainFile: trainFile, evalFile: evalFile,
      numLabels: numLabels, arguments)
    if !data.model.initializedTensors.isEmpty {
      StandardError.note(
        "the model has no head for \(data.model.head.architecture) yet; drawn with seed \(arguments.seed): "
          + data.model.initializedTensors.joined(separator: ", "))
    }
    for set in [data.training] + (data.evaluation.map { [$0] } ?? []) where set.truncatedCount > 0 {
      StandardError.note("\(counted(set.truncatedCount, "example")) cut to \(set.maxLength) tokens")
    }
    let engine = try engine.open()
    let session = try await TrainingSession(
      data.model, arguments.optimizer, recomputation: training.recomputation(data.model.config), on: engine)
    let trainer = try Trainer(
      session, data.training, evaluating: data.evaluation, arguments, outputDirectory: outputDir, resumingFrom: resumed
    ) { StandardError.note($0) }
    if resumed == nil { try TrainingCheckpoint.clear(outputDir) }
    var view = TrainingView(total: trainer.totalSteps, outputDirectory: outputDir)
    do {
      try await trainer.run { view.show($0) }
    } catch {
      view.finish()
      // The curves may show why; the error itself is what must be said.
      try? TrainingPlot.write(outputDir)
      throw error
    }
    view.finish()
    try TrainingPlot.write(outputDir)
  }
}
