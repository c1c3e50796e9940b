// SPDX-License-Identifier: Apache-2.0
import ComputeGraph

extension TrainingSet {
  /// A number that other tokens, labels or an other order would change: by which a resumed run knows its data again.
  var digest: UInt64 {
    var digest = RandomBits.mix(UInt64(features.count))
    func add(_ value: UInt64) { digest = RandomBits.mix(digest ^ value) }
    func add(_ values: [Int32]) {
      add(UInt64(values.count))
      for value in values { add(UInt64(UInt32(bitPattern: value))) }
    }
    for feature in features {
      for sequence in feature.sequences {
        add(sequence.ids)
        add(sequence.typeIds)
      }
      switch feature.target {
      case .label(let label), .sentences(let label): add([label])
      case .numbers(let numbers): add(numbers.map { Int32(bitPattern: $0.bitPattern) })
      case .tokens(let labels): add(labels)
      case .span(let start, let end): add([start, end])
      case .text: break
      }
    }
    return digest
  }
}
