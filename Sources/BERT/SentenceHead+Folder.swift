// SPDX-License-Identifier: Apache-2.0
import StrictJSON

extension SentenceHead {
  /// The folder of a model directory that holds `config.json`, weights and tokenizer: what `modules.json` names as the
  /// Transformer (`0_Transformer` in old sentence-transformers directories), else the directory itself.
  ///
  /// Unlike `init(directory:)` it asks nothing of the other modules: for callers that want the encoder or the tokenizer.
  ///
  /// - Throws: `BertError` for a `modules.json` that is no JSON, or names a folder outside the directory.
  public static func transformerPath(in directory: String) throws(BertError) -> String {
    let path = directory + "/modules.json"
    guard BoundedFile.exists(path: path) else { return directory }
    let entries = try JSONFields.parse(path).arrayValue ?? []
    let transformer = entries.first { $0["type"]?.stringValue?.split(separator: ".").last == "Transformer" }
    guard let folder = transformer?["path"]?.stringValue, !folder.isEmpty else { return directory }
    guard !folder.hasPrefix("/"), !folder.split(separator: "/").contains("..") else {
      throw .badModules(path: path, "names a folder outside the model: \(folder)")
    }
    return directory + "/" + folder
  }
}
