// SPDX-License-Identifier: Apache-2.0

import StrictJSON

/// Any bytes: refused with a typed error, or parsed into a value that survives being written and parsed again.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzJSON(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  let bytes = UnsafeRawBufferPointer(start: start, count: count)
  guard let json = try? JSON.parse(bytes) else { return 0 }
  for pretty in [false, true] where (try? JSON.parse(json.serialized(pretty: pretty))) != json {
    fatalError("not the same when written and read again: \(json.serialized(pretty: pretty))")
  }
  let loose = JSONLimits(allowsNonFinite: true, loneSurrogates: .replace)
  if (try? JSON.parse(bytes, limits: loose)) != json { fatalError("the looser reading differs") }
  return 0
}
