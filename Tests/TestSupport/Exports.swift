// SPDX-License-Identifier: Apache-2.0

// The table of operations is a target of its own, because `bert verify` runs it as well. To tests it is part of this.
@_exported import OperationCases
