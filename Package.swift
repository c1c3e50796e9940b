// swift-tools-version: 6.2
// SPDX-License-Identifier: Apache-2.0
//
// swift-bert: a BERT engine on OpenCL. Targets are listed bottom-up; a target exists only where it forbids an import.
//
// What is not ours, and why:
//   swift-argument-parser   the command line: help, completion scripts, usage errors with exit 64
//   swift-log               notes a library must not print itself (fallback to the CPU, ignored tensors)
//   OpenBLAS                the CPU executor's matrix products, float and double, from Debian
//   OpenCL loader, CLBlast  what this project is about
// The last three are found at run time with dlopen and linked nowhere: a host without a driver still runs on the CPU, and
// a host with one needs no OpenBLAS.
// What is ours although libraries exist:
//   StrictJSON              Foundation's decoder accepts duplicate keys, loses integers above 2^53 and key order, recurses
//                           without bound, and pulls 40 MB of Foundation into a static binary

import PackageDescription

let strict: [SwiftSetting] = [.treatAllWarnings(as: .error)]
let strictC: [CSetting] = [.treatAllWarnings(as: .error)]

let package = Package(
  name: "swift-bert",
  products: [
    // One product, several modules: `import BERT` for models, the others for who works below them.
    .library(
      name: "BERT",
      targets: [
        "BERT", "Tokenizers", "Checkpoints", "CPUBackend", "OpenCLBackend", "OpenCLRuntime", "ComputeGraph",
        "StrictJSON",
      ]),
    .executable(name: "bert", targets: ["BertCommand"]),
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
    .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
  ],
  targets: [
    // The C layer: kernel sources as bytes, and the two foreign libraries' entry points.
    .target(name: "Kernels", path: "Kernels", cSettings: strictC),
    .target(name: "COpenCL", cSettings: strictC),
    .target(name: "COpenBLAS", cSettings: strictC),

    // Files and text: strict, bounded parsers. They know neither graphs nor devices.
    .target(name: "StrictJSON", swiftSettings: strict),
    .target(name: "Checkpoints", dependencies: ["StrictJSON"], swiftSettings: strict),
    .target(name: "Tokenizers", dependencies: ["StrictJSON"], swiftSettings: strict),

    // The OpenCL objects as Swift types. No machine learning words.
    .target(name: "OpenCLRuntime", dependencies: ["COpenCL"], swiftSettings: strict),

    // What is computed, and in which order and memory. No device.
    .target(name: "ComputeGraph", swiftSettings: strict),

    // The two executors of one graph.
    .target(name: "CPUBackend", dependencies: ["ComputeGraph", "COpenBLAS"], swiftSettings: strict),
    .target(
      name: "OpenCLBackend", dependencies: ["ComputeGraph", "OpenCLRuntime", "Kernels", "StrictJSON"],
      swiftSettings: strict),

    // What must come out: the table of operations, and whole models as Hugging Face computes them. Tests run both, and so
    // does `bert verify` on any host.
    .target(
      name: "OperationCases", dependencies: ["ComputeGraph"], path: "Tests/OperationCases", swiftSettings: strict),
    .target(
      name: "GoldenCases", dependencies: ["BERT", "Checkpoints", "ComputeGraph", "OperationCases", "StrictJSON"],
      path: "Tests/GoldenCases", swiftSettings: strict),

    // BERT itself, and the tool.
    .target(
      name: "BERT",
      dependencies: [
        "Tokenizers", "Checkpoints", "CPUBackend", "OpenCLBackend", "OpenCLRuntime", "ComputeGraph", "StrictJSON",
        .product(name: "Logging", package: "swift-log"),
      ],
      swiftSettings: strict),
    .executableTarget(
      name: "BertCommand",
      dependencies: [
        "BERT", "Tokenizers", "Checkpoints", "OpenCLBackend", "OpenCLRuntime", "ComputeGraph", "StrictJSON",
        "GoldenCases", "OperationCases",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
        .product(name: "Logging", package: "swift-log"),
      ],
      swiftSettings: strict),

    // Tests mirror the sources. TestSupport holds what several of them share.
    .target(
      name: "TestSupport", dependencies: ["ComputeGraph", "OperationCases"], path: "Tests/TestSupport",
      swiftSettings: strict),
    .testTarget(name: "StrictJSONTests", dependencies: ["StrictJSON", "TestSupport"], swiftSettings: strict),
    .testTarget(
      name: "CheckpointsTests", dependencies: ["Checkpoints", "StrictJSON", "TestSupport"], exclude: ["Fixtures"],
      swiftSettings: strict),
    .testTarget(
      name: "TokenizersTests", dependencies: ["Tokenizers", "StrictJSON", "TestSupport"], exclude: ["Fixtures"],
      swiftSettings: strict),
    .testTarget(name: "ComputeGraphTests", dependencies: ["ComputeGraph", "TestSupport"], swiftSettings: strict),
    .testTarget(
      name: "CPUBackendTests", dependencies: ["CPUBackend", "Checkpoints", "ComputeGraph", "TestSupport"],
      swiftSettings: strict),
    .testTarget(
      name: "OpenCLBackendTests",
      dependencies: ["OpenCLBackend", "OpenCLRuntime", "CPUBackend", "ComputeGraph", "StrictJSON", "TestSupport"],
      swiftSettings: strict),
    .testTarget(
      name: "BERTTests",
      dependencies: [
        "BERT", "Tokenizers", "Checkpoints", "CPUBackend", "OpenCLBackend", "OpenCLRuntime", "ComputeGraph",
        "StrictJSON", "GoldenCases", "TestSupport",
        .product(name: "Logging", package: "swift-log"),
      ],
      swiftSettings: strict),
    .testTarget(
      name: "BertCommandTests",
      dependencies: ["BertCommand", "BERT", "Tokenizers", "Checkpoints", "StrictJSON", "TestSupport"],
      swiftSettings: strict),
    .testTarget(name: "OpenCLRuntimeTests", dependencies: ["OpenCLRuntime", "TestSupport"], swiftSettings: strict),
  ],
  swiftLanguageModes: [.v6],
  cLanguageStandard: .gnu2x
)
