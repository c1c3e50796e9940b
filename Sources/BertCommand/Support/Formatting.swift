// SPDX-License-Identifier: Apache-2.0
import Glibc

/// A number with so many digits behind the point.
func fixed(_ value: Double, _ digits: Int) -> String {
  guard value.isFinite, abs(value) < 1e15 else { return "\(value)" }
  let scale = (0..<digits).reduce(1.0) { product, _ in product * 10 }
  let scaled = (value.magnitude * scale).rounded()
  guard scaled < 9e18 else { return "\(value)" }
  let number = Int(scaled)
  let fraction = String(number % Int(scale))
  let sign = value < 0 && number > 0 ? "-" : ""
  guard digits > 0 else { return sign + "\(number)" }
  return sign + "\(number / Int(scale))." + String(repeating: "0", count: digits - fraction.count) + fraction
}

/// A number with two digits and its power of ten: `3.4e-07`.
func scientific(_ value: Double) -> String {
  guard value.isFinite, value != 0 else { return value == 0 ? "0" : "\(value)" }
  var (digits, exponent) = (value.magnitude, 0)
  while digits >= 9.95 { (digits, exponent) = (digits / 10, exponent + 1) }
  while digits < 0.995 { (digits, exponent) = (digits * 10, exponent - 1) }
  let power = "\(exponent.magnitude)"
  return (value < 0 ? "-" : "") + fixed(digits, 1) + (exponent < 0 ? "e-" : "e+")
    + (power.count < 2 ? "0" : "") + power
}

/// How much of some work is done: `[######..............] 31 %`.
func progressBar(_ done: Int, of total: Int) -> String {
  let filled = total > 0 ? 20 * done / total : 20
  let bar = String(repeating: "#", count: filled) + String(repeating: ".", count: 20 - filled)
  return "[\(bar)] \("\(total > 0 ? 100 * done / total : 100)".aligned(to: 3)) %"
}

/// Bytes as people read them: `15.6 GiB`.
func byteText(_ count: UInt64) -> String {
  let units = ["bytes", "KiB", "MiB", "GiB", "TiB"]
  var value = Double(count)
  var unit = 0
  while value >= 1024, unit < units.count - 1 {
    value /= 1024
    unit += 1
  }
  return unit == 0 ? "\(count) bytes" : "\(fixed(value, 1)) \(units[unit])"
}

/// A count with its thousands apart: `22 713 216`.
func grouped(_ count: Int) -> String {
  var digits = String(count)
  var groups: [String] = []
  while digits.count > 3 {
    groups.insert(String(digits.suffix(3)), at: 0)
    digits.removeLast(3)
  }
  return ([digits] + groups).joined(separator: " ")
}

/// "1 text", "2 texts", with the plural given "2 launches".
func counted(_ count: Int, _ noun: String, plural: String? = nil) -> String {
  "\(count) " + (count == 1 ? noun : plural ?? noun + "s")
}

/// A model directory without the folders that it lies in: results are kept and shown to others, who have folders of their own.
func modelName(of directory: String) -> String {
  func last(_ path: String) -> String? { path.split(separator: "/").last.map(String.init) }
  if let name = last(directory), name != ".", name != ".." { return name }
  guard let resolved = realpath(directory, nil) else { return directory }
  defer { free(resolved) }
  return last(String(cString: resolved)) ?? directory
}

func yesNo(_ flag: Bool) -> String { flag ? "yes" : "no" }

extension String {
  /// Filled up with spaces, behind.
  func padded(to width: Int) -> String { self + String(repeating: " ", count: max(0, width - count)) }

  /// Filled up with spaces, in front.
  func aligned(to width: Int) -> String { String(repeating: " ", count: max(0, width - count)) + self }

  /// At most so many characters, on one line.
  func shortened(to limit: Int) -> String {
    let line = StandardError.oneLine(self)
    return line.count <= limit ? line : String(line.prefix(limit - 3)) + "..."
  }
}
