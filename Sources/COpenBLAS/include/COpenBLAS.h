// SPDX-License-Identifier: Apache-2.0
// Why this shim exists: Swift cannot import Debian's multi-arch cblas.h by module map alone, and needs four calls of it.
#pragma once
#include <cblas.h>
