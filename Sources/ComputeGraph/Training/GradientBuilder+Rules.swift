// SPDX-License-Identifier: Apache-2.0

extension GradientBuilder {
  /// Appends the backward pass of one step and hands its operands their gradients.
  ///
  /// - Parameter gradients: of each result; nil where nothing came back.
  mutating func backward(_ entry: Entry, _ gradients: [Graph.Value?]) throws(GraphError) {
    // Other results than the first, attention's log-sum-exp, are read by gradients alone.
    guard let dy = gradients[0] else { return }
    let operands = entry.operands
    switch entry.operation {
    case .linear(let activation):
      guard activation == .identity else {
        throw .notDifferentiable(operation: entry.operation.name, "its activation is a step of its own in training")
      }
      try linear(operands, dy)
    case .biasActivation(let activation):
      var sources = [dy, try kept(operands[0])]
      if operands.count == 2 { sources.append(operands[1]) }
      let dx = activation == .identity ? dy : try apply(.gradient(.activation(activation)), sources)
      try add(dx, to: operands[0])
      if operands.count == 2 { try addRows(dx, to: operands[1]) }
    case .addLayerNorm(let epsilon):
      let dx = try layerNorm([operands[0], operands[1]], operands[2], operands[3], dy, epsilon)
      for operand in operands[0...1] { try add(dx, to: operand) }
    case .layerNorm(let epsilon):
      try add(try layerNorm([operands[0]], operands[1], operands[2], dy, epsilon), to: operands[0])
    case .maskedSoftmax(let scale):
      try add(try apply(.gradient(.maskedSoftmax(scale: scale)), [dy, try kept(entry.results[0])]), to: operands[0])
    case .trainingAttention(let training): try attention(training, entry, dy)
    case .attentionProbabilities(let kind): try attentionProbabilities(kind, entry, dy)
    case .attentionContext(let attention):
      let sources = [dy, try kept(operands[0]), try kept(operands[1])] + operands[2...]
      let results = try applyAll(.gradient(.attentionContext(attention)), sources)
      try add(results[0], to: operands[0])
      try add(results[1], to: operands[1])
    case .scaleHeads:
      guard !isWanted(operands[1]) else {
        throw .notDifferentiable(operation: entry.operation.name, "with respect to the heads' factors")
      }
      try add(try apply(entry.operation, [dy, operands[1]]), to: operands[0])
    case .gatherRows:
      let rows = type(of: operands[0]).shape.dimensions[0]
      try add(try apply(.gradient(.gatherRows(rows: rows)), [dy] + rowGroups(of: operands[1])), to: operands[0])
    case .pooling(let modes):
      try add(
        try apply(.gradient(.pooling(modes)), [dy, try kept(operands[0]), operands[1]]), to: operands[0])
    case .l2Normalize(let epsilon):
      try add(try apply(.gradient(.l2Normalize(epsilon: epsilon)), [dy, try kept(operands[0])]), to: operands[0])
    case .crossEntropy:
      try add(try apply(.gradient(.crossEntropy), [dy, try kept(operands[0]), operands[1]]), to: operands[0])
    case .segmentCrossEntropy(let column):
      let sources = [dy, try kept(operands[0]), operands[1], operands[2]]
      try add(try apply(.gradient(.segmentCrossEntropy(column: column)), sources), to: operands[0])
    case .squaredError, .binaryCrossEntropy:
      guard !isWanted(operands[1]) else {
        throw .notDifferentiable(operation: entry.operation.name, "with respect to the target")
      }
      let gradient: GradientOperation = entry.operation == .squaredError ? .squaredError : .binaryCrossEntropy
      try add(try apply(.gradient(gradient), [dy, try kept(operands[0]), operands[1]]), to: operands[0])
    case .mean:
      try add(try apply(.gradient(.mean), [dy, try kept(operands[0])] + operands.dropFirst()), to: operands[0])
    case .weightedSum(let weights):
      for (operand, weight) in zip(operands, weights) where isWanted(operand) {
        try add(weight == 1 ? dy : try apply(.weightedSum([weight]), [dy]), to: operand)
      }
    case .embeddingSum(let embeddings): try embeddingSum(embeddings, operands, dy)
    case .dropout: try add(try apply(entry.operation, [dy, operands[1]]), to: operands[0])
    case .storeRows, .gradient, .optimizer:
      throw .notDifferentiable(operation: entry.operation.name, "it changes memory in place")
    case .embeddingLayerNorm, .feedForward, .attention:
      throw .notDifferentiable(operation: entry.operation.name, "it has another form in training")
    }
  }

  private mutating func linear(_ operands: [Graph.Value], _ dy: Graph.Value) throws(GraphError) {
    let (x, weight) = (operands[0], operands[1])
    if isWanted(x), !isParameter(x) {
      // One product adds to what x has from elsewhere, a residual's gradient most often.
      let dx = try apply(.gradient(.linearInput), [dy, weight] + (sum(of: x).map { [$0] } ?? []))
      replace(x, with: dx)
    } else if isParameter(x) {
      try add(try apply(.gradient(.linearInput), [dy, weight]), to: x)
    }
    let input = try kept(x)
    try change(weight) { (.gradient(.linearWeight), [$0, dy, input]) }
    if operands.count == 3 { try addRows(dy, to: operands[2]) }
  }

  /// Adds the sum of a gradient's rows to that of a bias.
  private mutating func addRows(_ dy: Graph.Value, to bias: Graph.Value) throws(GraphError) {
    guard isWanted(bias) else { return }
    try change(bias) { (.gradient(.bias), [$0, dy]) }
  }

  private mutating func layerNorm(
    _ inputs: [Graph.Value], _ weight: Graph.Value, _ bias: Graph.Value, _ dy: Graph.Value, _ epsilon: Double
  ) throws(GraphError) -> Graph.Value {
    var sources = [dy]
    for input in inputs { sources.append(try kept(input)) }
    sources += [weight, try gradient(ofParameter: weight), try gradient(ofParameter: bias)]
    let results = try applyAll(.gradient(.layerNorm(epsilon: epsilon, hasResidual: inputs.count == 2)), sources)
    setGradient(ofParameter: weight, to: results[1])
    setGradient(ofParameter: bias, to: results[2])
    return results[0]
  }

  private mutating func attention(
    _ training: TrainingAttention, _ entry: Entry, _ dy: Graph.Value
  ) throws(GraphError) {
    let operands = entry.operands
    let sharing = GradientOperation.Sharing(operands[0], operands[1], operands[2])
    var sources = [dy]
    for value in entry.results + operands[0...2] { sources.append(try kept(value)) }
    let results = try applyAll(.gradient(.attention(training, sharing)), sources + operands[3...])
    try add(
      results, to: [operands[0], operands[1], operands[2]], sharing: [sharing.query, sharing.key, sharing.value])
  }

  private mutating func attentionProbabilities(
    _ kind: AttentionProbabilities, _ entry: Entry, _ dy: Graph.Value
  ) throws(GraphError) {
    let operands = entry.operands
    let sharing = GradientOperation.Sharing(operands[0], operands[1])
    var sources = [dy]
    for value in entry.results + operands[0...1] { sources.append(try kept(value)) }
    sources += operands[2...4]
    if kind.relativePositions != nil {
      let table = kind.distanceOperand
      sources += operands[table...(table + 2)] + [try gradient(ofParameter: operands[table])]
    }
    let results = try applyAll(.gradient(.attentionProbabilities(kind, sharing)), sources)
    if kind.relativePositions != nil {
      setGradient(ofParameter: operands[kind.distanceOperand], to: results[results.count - 1])
    }
    try add(results, to: [operands[0], operands[1]], sharing: [sharing.query, sharing.key])
  }

  /// Adds each distinct matrix's gradient once.
  private mutating func add(
    _ results: [Graph.Value], to operands: [Graph.Value], sharing: [Int]
  ) throws(GraphError) {
    for (index, result) in sharing.enumerated() where sharing.firstIndex(of: result) == index {
      try add(results[result], to: operands[index])
    }
  }

  private mutating func embeddingSum(
    _ embeddings: Embeddings, _ operands: [Graph.Value], _ dy: Graph.Value
  ) throws(GraphError) {
    let (places, sum) = (embeddings.operands, embeddings.sumOperands)
    if !embeddings.hasWordIds { try add(dy, to: operands[0]) }
    for (ids, table) in [
      (places.wordIds, places.word), (places.positionIds, places.position), (places.typeIds, places.type),
    ] {
      guard let ids = ids.flatMap(sum.firstIndex), let table = table.flatMap(sum.firstIndex) else { continue }
      guard isWanted(operands[table]) else { continue }
      let groups = try rowGroups(of: operands[ids])
      try change(operands[table]) { (.gradient(.embedding), [$0, dy] + groups) }
    }
  }
}
