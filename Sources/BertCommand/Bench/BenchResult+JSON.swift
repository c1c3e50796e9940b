// SPDX-License-Identifier: Apache-2.0
import StrictJSON

extension BenchResult {
  var json: JSON {
    .object([
      "model": .string(model), "precision": .string(engines[0].precision.rawValue),
      "engines": .array(engines.map(json)),
      "shapes": .array(rows.map(json)),
    ])
  }

  private func json(_ engine: Engine) -> JSON {
    var object: JSONObject = [
      "engine": .string(engine.name), "device": .string(engine.device),
      "precision": .string(engine.precision.rawValue), "weight_bytes": .integer(engine.weightByteCount),
    ]
    object["tuned_choices"] = .integer(engine.tunedChoices)
    if let peak = engine.peak {
      object["peak_gflops"] = .number(JSONNumber(peak / 1e9))
      object["peaks_gflops"] = .array(engine.peaks.map { .number(JSONNumber($0 / 1e9)) })
    }
    return .object(object)
  }

  private func json(_ row: Row) -> JSON {
    .object([
      "shape": .string(row.shape.name), "sequences": .integer(row.shape.sequences),
      "tokens": .integer(row.shape.tokens), "longest": .integer(row.shape.longest),
      "gflop": .number(JSONNumber(row.floatingPointOperations / 1e9)),
      "engines": .array(row.timings.map { json($0, row) }),
    ])
  }

  private func json(_ timing: Timing, _ row: Row) -> JSON {
    let times = timing.times
    var object: JSONObject = [
      "engine": .string(engines[timing.engine].name), "turns": .integer(times.seconds.count),
      "tokens_per_second": .number(JSONNumber(row.tokensPerSecond(timing))),
      "sequences_per_second": .number(JSONNumber(row.sequencesPerSecond(timing))),
      "latency": .object([
        "p50": .number(JSONNumber(times.median)), "p90": .number(JSONNumber(times.percentile(90))),
        "p99": .number(JSONNumber(times.percentile(99))), "best": .number(JSONNumber(times.best)),
        "worst": .number(JSONNumber(times.worst)), "spread": .number(JSONNumber(times.spread)),
      ]),
      "seconds": .array(times.seconds.map { .number(JSONNumber($0)) }),
    ]
    addRate(row.rate(timing), timing, to: &object)
    if let arena = timing.arenaByteCount { object["arena_bytes"] = .integer(arena) }
    if !timing.operations.isEmpty { object["operations"] = .array(timing.operations.map { json($0, timing) }) }
    return .object(object)
  }

  private func json(_ operation: OperationTime, _ timing: Timing) -> JSON {
    var object: JSONObject = ["operation": .string(operation.operation)]
    if let weight = operation.weight { object["weight"] = .array(weight.map { .integer($0) }) }
    object["launches"] = .integer(operation.launches)
    object["seconds"] = .number(JSONNumber(operation.seconds))
    if let rate = operation.rate {
      object["gflop"] = .number(JSONNumber(operation.floatingPointOperations / 1e9))
      addRate(rate, timing, to: &object)
    }
    return .object(object)
  }

  private func addRate(_ rate: Double, _ timing: Timing, to object: inout JSONObject) {
    object["gflops"] = .number(JSONNumber(rate / 1e9))
    if let share = shareOfPeak(rate, timing) { object["share_of_peak"] = .number(JSONNumber(share)) }
  }
}
