// swift-tools-version: 6.2
// SPDX-License-Identifier: Apache-2.0
//
// A package of its own, so that who uses swift-bert does not fetch a benchmark library.

import PackageDescription

let package = Package(
  name: "operations-benchmark",
  dependencies: [
    .package(name: "swift-bert", path: "../.."),
    // Without its traits: they count allocations by replacing malloc, which is not what is measured here.
    .package(url: "https://github.com/ordo-one/benchmark", from: "1.38.1", traits: []),
  ],
  targets: [
    // A link to the tests' own: one table of operations serves both. Its name here is another, since a package's targets
    // are known to those that depend on it.
    .target(name: "BenchmarkCases", dependencies: [.product(name: "BERT", package: "swift-bert")]),
    .executableTarget(
      name: "Operations",
      dependencies: [
        "BenchmarkCases", .product(name: "BERT", package: "swift-bert"),
        .product(name: "Benchmark", package: "benchmark"),
      ],
      path: "Benchmarks/Operations",  // where the library's plugin looks
      plugins: [.plugin(name: "BenchmarkPlugin", package: "benchmark")]
    ),
  ],
  swiftLanguageModes: [.v6]
)
