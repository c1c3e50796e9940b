// SPDX-License-Identifier: Apache-2.0
// The OpenCL C sources, embedded in the binary: the engine needs no file beside it.
#pragma once
#include <stddef.h>

/// The source of one kernel file, by its name without `.cl` ("attention"; "common" goes in front of every other,
/// "tiles" between it and those named "..._tiled"), or NULL.
/// NUL-terminated; `length` receives the bytes before the NUL.
const char *_Nullable bert_kernel_source(const char *_Nonnull name, size_t *_Nonnull length);
