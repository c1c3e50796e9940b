// SPDX-License-Identifier: Apache-2.0
import BERT
import Checkpoints
import ComputeGraph
import OperationCases
import StrictJSON

/// A folder of goldens: a small checkpoint, the arguments of a forward call, and what Hugging Face computes in double
/// precision.
///
/// Source: `Tests/Goldens/README.md`.
public struct GoldenCase: Sendable {
  /// `switches/attentions`.
  public let name: String
  public let folder: String
  /// Largest relative Frobenius error of an output in single precision.
  public let tolerance: Double
  private let description: JSON

  /// Sections of goldens that are single forward calls.
  public static let sections = ["forward", "switches", "decoder", "heads"]

  /// - Parameters:
  ///   - name: section and case, `switches/attentions`.
  ///   - root: the folder of all goldens.
  /// - Throws: `FileError`, `JSONError` for `case.json`; `GoldenError.noTolerance`.
  public init(_ name: String, in root: String) throws {
    self.name = name
    folder = root + "/" + name
    let path = folder + "/case.json"
    description = try JSON.parse(BoundedFile.read(path: path, limit: 1 << 24))
    guard let tolerance = description["relative_tolerance"]?.doubleValue else { throw GoldenError.noTolerance(path) }
    self.tolerance = tolerance
  }

  /// The names of a section's cases, sorted; none where there is no such folder.
  public static func names(_ section: String, in root: String) -> [String] {
    folderEntries(root + "/" + section).map { section + "/" + $0 }
  }

  /// The forward call's arguments.
  public var arguments: ForwardArguments {
    get throws {
      let path = folder + "/inputs.safetensors"
      return try ForwardArguments(SafetensorsFile(path: path), file: path)
    }
  }

  private func asks(_ flag: String) -> Bool { description[flag]?.boolValue ?? false }

  public func load(on engine: Engine) async throws -> BertNetwork {
    let task = description["task"]?.stringValue
    return try await BertNetwork.fromPretrained(folder, head: task.flatMap(BertHead.init(rawValue:)), on: engine)
  }

  public func run(on engine: Engine) async throws -> ModelOutput {
    try await load(on: engine).forward(
      arguments, useCache: asks("use_cache"), outputHiddenStates: true,
      outputAttentions: asks("output_attentions"))
  }

  /// By how much each output that Hugging Face has misses it.
  ///
  /// - Returns: relative Frobenius errors by name of tensor, infinite for one of another shape.
  /// - Throws: `GoldenError.missingOutput`, `.nothingWanted`; what reading the file throws.
  public func errors(of output: ModelOutput) throws -> [(tensor: String, error: Double)] {
    let wanted = try SafetensorsFile(path: folder + "/outputs.safetensors")
    guard !wanted.tensorNames.isEmpty else { throw GoldenError.nothingWanted(name) }
    return try wanted.tensorNames.map { tensor in
      guard let found = output[tensor] else { throw GoldenError.missingOutput(name, tensor) }
      guard found.shape == wanted.tensor(named: tensor)?.shape else { return (tensor, .infinity) }
      return (tensor, relativeError(found.doubles, try wanted.readFloat64(tensor)))
    }
  }
}

/// What is wrong with a folder of goldens, or with an output that it asks for.
public enum GoldenError: Error, Equatable, CustomStringConvertible {
  case noTolerance(String)
  case missingOutput(String, String)
  case nothingWanted(String)

  public var description: String {
    switch self {
    case .noTolerance(let path): "\(path): there is no relative_tolerance, so this is no case of the goldens"
    case .missingOutput(let name, let tensor): "\(name): the model puts out no \(tensor), and Hugging Face's does"
    case .nothingWanted(let name): "\(name): outputs.safetensors holds no tensor"
    }
  }
}
