// SPDX-License-Identifier: Apache-2.0
//
// OpenCL and CLBlast for Swift, found at run time.
//
// Why a shim: nothing is linked, so a host without an OpenCL loader still runs the program and gets a status it can turn
// into an error; and every call passes one place that can count it and make it fail, so tests can prove what happens
// when a device does. The `shim_cl...` functions take what their namesakes take. They return, beside OpenCL's own codes,
// SHIM_NO_LIBRARY and SHIM_NO_FUNCTION. All functions here may be called from any thread.

#ifndef SWIFT_BERT_COPENCL_H
#define SWIFT_BERT_COPENCL_H

#ifndef CL_TARGET_OPENCL_VERSION
#define CL_TARGET_OPENCL_VERSION 120  // what every driver has; newer queries are named below
#endif
#include <CL/cl.h>
#include <clblast_c.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// Codes of the shim itself, outside the ranges of OpenCL (down to -1200), its vendors (-9999) and CLBlast.
enum {
  SHIM_NO_LIBRARY = -70001,   // the library could not be opened: shim_library_problem says why
  SHIM_NO_FUNCTION = -70002,  // the library is there but lacks this function
};

// Queries of OpenCL 2.1 that a 1.2 header does not name.
enum { SHIM_DEVICE_MAX_NUM_SUB_GROUPS = 0x105C };

// What a call does. A role is what counters count and what a fault can aim at.
typedef enum shim_role {
  SHIM_ROLE_QUERY,
  SHIM_ROLE_CREATE,
  SHIM_ROLE_ARGUMENT,
  SHIM_ROLE_BUILD,
  SHIM_ROLE_ENQUEUE,
  SHIM_ROLE_FLUSH,
  SHIM_ROLE_WAIT,
  SHIM_ROLE_RELEASE,
  SHIM_ROLE_COUNT,
} shim_role;

// Handles whose creation and release are counted. A mapping is created by a map and released by an unmap.
typedef enum shim_kind {
  SHIM_KIND_CONTEXT,
  SHIM_KIND_QUEUE,
  SHIM_KIND_BUFFER,
  SHIM_KIND_PROGRAM,
  SHIM_KIND_KERNEL,
  SHIM_KIND_EVENT,
  SHIM_KIND_MAPPING,
  SHIM_KIND_COUNT,
} shim_kind;

#define SHIM_STATUS(name, role, parameters, arguments, counts) cl_int shim_##name parameters;
#define SHIM_HANDLE(type, name, role, parameters, arguments, counts) type shim_##name parameters;
#define SHIM_CLBLAST(name, role, parameters, arguments, counts) CLBlastStatusCode shim_##name parameters;
#include "calls.def"

// --- Libraries

typedef enum shim_library { SHIM_LIBRARY_OPENCL, SHIM_LIBRARY_CLBLAST, SHIM_LIBRARY_COUNT } shim_library;

// The file a library is opened from: SWIFT_BERT_OPENCL_LIBRARY or SWIFT_BERT_CLBLAST_LIBRARY in the environment as it was
// at first use, else libOpenCL.so.1 or libclblast.so.1. "the process" where OpenCL was already loaded (LD_PRELOAD, or a
// host application that links it).
const char *shim_library_file(shim_library library);

// Null where the library is usable, else the dynamic linker's sentence. Opens the library if nobody has.
const char *shim_library_problem(shim_library library);

// To be called when devices have been found: what was loaded since the OpenCL library was opened is taken to be the
// driver's, what comes later is not. Only the first call counts.
void shim_driver_is_loaded(void);

// Drops the pages of the driver's code and constants from the process's memory. Their mappings stay: the next access
// reads a page again, out of the system's file cache. Segments with a page that was written to are left alone. Once per
// process; returns the bytes of address space that this went over.
size_t shim_drop_driver_pages(void);

// --- Counters. Off until asked for: a call then costs one relaxed load more.

// Counts from now on; `this_thread_only` ignores calls from other threads.
void shim_count_start(bool this_thread_only);
void shim_count_stop(void);
void shim_count_reset(void);
uint64_t shim_count_calls(shim_role role);
uint64_t shim_count_created(shim_kind kind);   // retains count as created
uint64_t shim_count_released(shim_kind kind);
uint64_t shim_count_bytes_up(void);    // host to device, successful calls
uint64_t shim_count_bytes_down(void);  // device to host, successful calls

// --- Faults

typedef enum shim_fault_mode {
  SHIM_FAULT_ONCE,    // the n-th call fails
  SHIM_FAULT_STICKY,  // the n-th and all later ones fail
  SHIM_FAULT_LATE,    // the n-th enqueue succeeds, the next wait fails
} shim_fault_mode;

// Arms one fault. Candidates are the calls of `call` (an index from shim_call_index, or -1 for any) and of `role` (or -1),
// counted from 1; in late mode only enqueues are candidates. A failing call is not passed on to the driver, except waits
// and releases: those really happen and then report `code`, or a test would free memory that a device still writes.
// A late fault met by clWaitForEvents reports CL_EXEC_STATUS_ERROR_FOR_EVENTS_IN_WAIT_LIST, as drivers do, and the next
// query of an event's execution status tells `code`.
void shim_fault_arm(int32_t call, int32_t role, uint64_t nth, int32_t code, shim_fault_mode mode,
                    bool this_thread_only);
void shim_fault_disarm(void);
uint64_t shim_fault_candidates(void);    // candidates seen since the fault was armed
uint64_t shim_fault_hits(void);          // calls that were made to fail since then
const char *shim_fault_call(void);       // the call that failed first, or null

// Makes clGetProgramBuildInfo report these bytes as the log until called with null. Copies them; false without memory.
bool shim_fault_build_log(const void *bytes, size_t count);

// clFinish where the queue's owner did not ask for a wait: the one call that is neither counted nor made to fail.
cl_int shim_finish_unobserved(cl_command_queue queue);

int32_t shim_call_index(const char *name);        // -1 for a call that is not in the table
const char *shim_call_name(int32_t index);        // null past the end

#endif
