// SPDX-License-Identifier: Apache-2.0
//
// What the wrappers share with the counters and the fault switch.

#ifndef SWIFT_BERT_COPENCL_MONITOR_H
#define SWIFT_BERT_COPENCL_MONITOR_H

#include <stdatomic.h>

#include "COpenCL.h"

// The table's rows as indices, in its order.
#define SHIM_STATUS(name, role, parameters, arguments, counts) CALL_##name,
#define SHIM_HANDLE(type, name, role, parameters, arguments, counts) CALL_##name,
#define SHIM_CLBLAST(name, role, parameters, arguments, counts) CALL_##name,
typedef enum call_index {
#include "calls.def"
  CALL_COUNT,
} call_index;

// Whether anything counts or fails: the one load that a wrapper pays when nothing does.
extern atomic_uint monitor_switches;

// What the monitor decided about one call, before it and for after it.
typedef struct observation {
  bool counts;     // someone is counting this call
  bool fails;      // report `code`
  bool performs;   // call the driver although the call fails
  bool late;       // an accepted enqueue leaves a pending failure behind
  bool watched;    // a fault is armed: pending failures apply
  int32_t code;
} observation;

observation monitor_before(call_index call, shim_role role);
int32_t monitor_after(call_index call, shim_role role, observation seen, int32_t status);
void monitor_created(shim_kind kind);
void monitor_released(shim_kind kind);
void monitor_up(size_t bytes);
void monitor_down(size_t bytes);
void monitor_build_log(cl_program_build_info query, size_t capacity, void *value, size_t *size);
void monitor_event_status(cl_event_info query, size_t capacity, void *value);

// The driver's function, or null. Opens the library on first use.
void *library_function(shim_library library, call_index call);

// To be called before the OpenCL library is opened: what is loaded from then on, until `shim_driver_is_loaded`, is taken
// to be the driver's.
void driver_pages_start(void);

// Which of the shim's own codes says why a function is missing.
int32_t library_missing(shim_library library);

#endif
