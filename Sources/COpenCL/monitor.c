// SPDX-License-Identifier: Apache-2.0
//
// Counters and the fault switch. Everything behind one lock: it is only taken while a test counts or injects, and being
// plainly right matters more there than speed.

#include "monitor.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

enum { SWITCH_COUNT = 1, SWITCH_FAULT = 2 };

atomic_uint monitor_switches = 0;

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

typedef struct scope {
  bool one_thread;
  pthread_t thread;
} scope;

static scope count_scope;
static uint64_t calls[SHIM_ROLE_COUNT], created[SHIM_KIND_COUNT], released[SHIM_KIND_COUNT], bytes_up, bytes_down;

static scope fault_scope;
static int32_t fault_target_call, fault_target_role, fault_code;
static uint64_t fault_nth, fault_seen, fault_hit_count;
static shim_fault_mode fault_mode;
static int32_t fault_first_call = -1;
static int32_t pending_wait, pending_event;  // codes a late fault left behind; 0 for none
static char *log_bytes;
static size_t log_count;

static bool in_scope(scope s) { return !s.one_thread || pthread_equal(s.thread, pthread_self()); }
static bool is_on(unsigned bit) { return atomic_load_explicit(&monitor_switches, memory_order_relaxed) & bit; }
static bool counting(void) { return is_on(SWITCH_COUNT) && in_scope(count_scope); }

static void fail(observation *seen, call_index call, int32_t code) {
  seen->fails = true;
  seen->code = code;
  fault_hit_count++;
  if (fault_first_call < 0) fault_first_call = (int32_t)call;
}

// The caller holds the lock.
static void decide(observation *seen, call_index call, shim_role role) {
  seen->watched = true;
  seen->performs = role == SHIM_ROLE_WAIT || role == SHIM_ROLE_RELEASE;
  if (pending_wait && role == SHIM_ROLE_WAIT) {
    bool events = call == CALL_clWaitForEvents;
    pending_event = events ? pending_wait : 0;
    fail(seen, call, events ? CL_EXEC_STATUS_ERROR_FOR_EVENTS_IN_WAIT_LIST : pending_wait);
    pending_wait = 0;
    return;
  }
  if (fault_nth == 0) return;  // only a build log is injected
  if (fault_target_call >= 0 && fault_target_call != (int32_t)call) return;
  if (fault_target_role >= 0 && fault_target_role != (int32_t)role) return;
  if (fault_mode == SHIM_FAULT_LATE && role != SHIM_ROLE_ENQUEUE) return;
  fault_seen++;
  if (fault_mode == SHIM_FAULT_STICKY ? fault_seen < fault_nth : fault_seen != fault_nth) return;
  if (fault_mode == SHIM_FAULT_LATE) {
    seen->late = true;
  } else {
    fail(seen, call, fault_code);
  }
}

observation monitor_before(call_index call, shim_role role) {
  observation seen = {0};
  pthread_mutex_lock(&lock);
  seen.counts = counting();
  if (seen.counts) calls[role]++;
  if (is_on(SWITCH_FAULT) && in_scope(fault_scope)) decide(&seen, call, role);
  pthread_mutex_unlock(&lock);
  return seen;
}

int32_t monitor_after(call_index call, shim_role role, observation seen, int32_t status) {
  (void)call, (void)role;
  if (seen.fails) return seen.code;
  if (seen.late && status == CL_SUCCESS) {
    pthread_mutex_lock(&lock);
    pending_wait = fault_code;
    pthread_mutex_unlock(&lock);
  }
  return status;
}

static void add(uint64_t *counter, uint64_t amount) {
  pthread_mutex_lock(&lock);
  if (counting()) *counter += amount;
  pthread_mutex_unlock(&lock);
}

void monitor_created(shim_kind kind) { add(&created[kind], 1); }
void monitor_released(shim_kind kind) { add(&released[kind], 1); }
void monitor_up(size_t bytes) { add(&bytes_up, bytes); }
void monitor_down(size_t bytes) { add(&bytes_down, bytes); }

void monitor_build_log(cl_program_build_info query, size_t capacity, void *value, size_t *size) {
  if (query != CL_PROGRAM_BUILD_LOG) return;
  pthread_mutex_lock(&lock);
  if (is_on(SWITCH_FAULT) && in_scope(fault_scope) && log_bytes) {
    if (size) *size = log_count;
    if (value) memcpy(value, log_bytes, capacity < log_count ? capacity : log_count);
  }
  pthread_mutex_unlock(&lock);
}

void monitor_event_status(cl_event_info query, size_t capacity, void *value) {
  if (query != CL_EVENT_COMMAND_EXECUTION_STATUS || !value || capacity < sizeof(cl_int)) return;
  pthread_mutex_lock(&lock);
  if (is_on(SWITCH_FAULT) && in_scope(fault_scope) && pending_event) {
    memcpy(value, &pending_event, sizeof pending_event);
    pending_event = 0;
  }
  pthread_mutex_unlock(&lock);
}

// --- Counters

static scope here(bool this_thread_only) { return (scope){this_thread_only, pthread_self()}; }

void shim_count_start(bool this_thread_only) {
  pthread_mutex_lock(&lock);
  count_scope = here(this_thread_only);
  pthread_mutex_unlock(&lock);
  atomic_fetch_or(&monitor_switches, SWITCH_COUNT);
}

void shim_count_stop(void) { atomic_fetch_and(&monitor_switches, ~(unsigned)SWITCH_COUNT); }

void shim_count_reset(void) {
  pthread_mutex_lock(&lock);
  memset(calls, 0, sizeof calls);
  memset(created, 0, sizeof created);
  memset(released, 0, sizeof released);
  bytes_up = bytes_down = 0;
  pthread_mutex_unlock(&lock);
}

static uint64_t locked_read(const uint64_t *counter) {
  pthread_mutex_lock(&lock);
  uint64_t value = *counter;
  pthread_mutex_unlock(&lock);
  return value;
}

uint64_t shim_count_calls(shim_role role) { return role < SHIM_ROLE_COUNT ? locked_read(&calls[role]) : 0; }
uint64_t shim_count_created(shim_kind kind) { return kind < SHIM_KIND_COUNT ? locked_read(&created[kind]) : 0; }
uint64_t shim_count_released(shim_kind kind) { return kind < SHIM_KIND_COUNT ? locked_read(&released[kind]) : 0; }
uint64_t shim_count_bytes_up(void) { return locked_read(&bytes_up); }
uint64_t shim_count_bytes_down(void) { return locked_read(&bytes_down); }

// --- Faults

static void forget_fault(void) {
  fault_nth = fault_seen = fault_hit_count = 0;
  fault_first_call = -1;
  pending_wait = pending_event = 0;
}

void shim_fault_arm(int32_t call, int32_t role, uint64_t nth, int32_t code, shim_fault_mode mode,
                    bool this_thread_only) {
  pthread_mutex_lock(&lock);
  forget_fault();
  fault_scope = here(this_thread_only);
  fault_target_call = call;
  fault_target_role = role;
  fault_nth = nth;
  fault_code = code;
  fault_mode = mode;
  pthread_mutex_unlock(&lock);
  atomic_fetch_or(&monitor_switches, SWITCH_FAULT);
}

void shim_fault_disarm(void) {
  atomic_fetch_and(&monitor_switches, ~(unsigned)SWITCH_FAULT);
  pthread_mutex_lock(&lock);
  fault_nth = 0;
  pending_wait = pending_event = 0;  // what was seen stays readable
  free(log_bytes);
  log_bytes = NULL;
  pthread_mutex_unlock(&lock);
}

uint64_t shim_fault_candidates(void) { return locked_read(&fault_seen); }
uint64_t shim_fault_hits(void) { return locked_read(&fault_hit_count); }

const char *shim_fault_call(void) {
  pthread_mutex_lock(&lock);
  int32_t call = fault_first_call;
  pthread_mutex_unlock(&lock);
  return shim_call_name(call);
}

bool shim_fault_build_log(const void *bytes, size_t count) {
  char *copy = NULL;
  if (bytes) {
    copy = malloc(count + 1);
    if (!copy) return false;
    memcpy(copy, bytes, count);
  }
  pthread_mutex_lock(&lock);
  free(log_bytes);
  log_bytes = copy;
  log_count = count;
  pthread_mutex_unlock(&lock);
  return true;
}
