// swift-tools-version: 6.2
// SPDX-License-Identifier: Apache-2.0

import PackageDescription

let package = Package(
  name: "lines-benchmark",
  dependencies: [.package(name: "swift-bert", path: "../..")],
  targets: [
    .executableTarget(name: "lines-bench", dependencies: [.product(name: "BERT", package: "swift-bert")])
  ],
  swiftLanguageModes: [.v6]
)
