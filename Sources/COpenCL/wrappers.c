// SPDX-License-Identifier: Apache-2.0
//
// The wrappers, made from calls.def.

#include "monitor.h"

// The table's words for what happens after a successful call.
#define CREATED(kind) monitor_created(SHIM_KIND_##kind);
#define RELEASED(kind) monitor_released(SHIM_KIND_##kind);
#define UP(bytes) monitor_up(bytes);
#define DOWN(bytes) monitor_down(bytes);
#define EVENT(event) if (event) monitor_created(SHIM_KIND_EVENT);
#define BUILD_LOG(query, capacity, value, size) monitor_build_log(query, capacity, value, size);
#define EVENT_STATUS(query, capacity, value) monitor_event_status(query, capacity, value);

// The table's roles, under their short names; a role may be an expression over them.
enum {
  QUERY = SHIM_ROLE_QUERY,
  CREATE = SHIM_ROLE_CREATE,
  ARGUMENT = SHIM_ROLE_ARGUMENT,
  BUILD = SHIM_ROLE_BUILD,
  ENQUEUE = SHIM_ROLE_ENQUEUE,
  FLUSH = SHIM_ROLE_FLUSH,
  WAIT = SHIM_ROLE_WAIT,
  RELEASE = SHIM_ROLE_RELEASE,
};

static inline observation before(call_index call, shim_role role) {
  if (__builtin_expect(!atomic_load_explicit(&monitor_switches, memory_order_relaxed), 1)) return (observation){0};
  return monitor_before(call, role);
}

static inline bool watched(observation seen) { return seen.counts | seen.watched; }

// A release that fails by injection is still counted: it happened. A call that makes a handle never happens when it
// fails, waiting or not: nobody would own what it made.
#define WRAPPER_BODY(result, library, name, role, arguments, counts)                     \
  typeof(&name) function = (typeof(&name))library_function(library, CALL_##name);         \
  if (!function) return (result)library_missing(library);                                 \
  observation seen = before(CALL_##name, (shim_role)(role));                              \
  if (seen.fails && !seen.performs) return (result)seen.code;                             \
  result status = function arguments;                                                     \
  if (!watched(seen)) return status;                                                      \
  if (status == 0) {                                                                      \
    counts                                                                                \
  }                                                                                       \
  return (result)monitor_after(CALL_##name, (shim_role)(role), seen, (int32_t)status);

#define SHIM_STATUS(name, role, parameters, arguments, counts) \
  cl_int shim_##name parameters { WRAPPER_BODY(cl_int, SHIM_LIBRARY_OPENCL, name, role, arguments, counts) }
#define SHIM_CLBLAST(name, role, parameters, arguments, counts) \
  CLBlastStatusCode shim_##name parameters {                          \
    WRAPPER_BODY(CLBlastStatusCode, SHIM_LIBRARY_CLBLAST, name, role, arguments, counts) \
  }
#define SHIM_HANDLE(type, name, role, parameters, arguments, counts)                     \
  type shim_##name parameters {                                                           \
    cl_int unused;                                                                        \
    if (!status) status = &unused;                                                        \
    typeof(&name) function = (typeof(&name))library_function(SHIM_LIBRARY_OPENCL, CALL_##name); \
    if (!function) return *status = library_missing(SHIM_LIBRARY_OPENCL), (type)0;        \
    observation seen = before(CALL_##name, (shim_role)(role));                            \
    if (seen.fails) return *status = seen.code, (type)0;                                  \
    type handle = function arguments;                                                     \
    if (!watched(seen)) return handle;                                                    \
    if (*status == CL_SUCCESS) {                                                          \
      counts                                                                              \
    }                                                                                     \
    *status = monitor_after(CALL_##name, (shim_role)(role), seen, *status);               \
    return handle;                                                                        \
  }
#include "calls.def"

cl_int shim_finish_unobserved(cl_command_queue queue) {
  typeof(&clFinish) function = (typeof(&clFinish))library_function(SHIM_LIBRARY_OPENCL, CALL_clFinish);
  return function ? function(queue) : library_missing(SHIM_LIBRARY_OPENCL);
}
