// SPDX-License-Identifier: Apache-2.0
//
// What an OpenCL driver for CPUs brings with it is a compiler: PoCL 3.1 maps 65 MB of LLVM and Clang into the process just
// to set itself up, hardly any of which is needed again once programs come from a cache. The kernel counts those pages to
// the process until memory runs short. Here they are given back at once.

#define _GNU_SOURCE  // dl_iterate_phdr

#include <fcntl.h>
#include <link.h>
#include <pthread.h>
#include <stdint.h>
#include <sys/mman.h>
#include <unistd.h>

#include "monitor.h"

// What /proc/self/pagemap says of a page.
#define PAGE_PRESENT (1ull << 63)
#define PAGE_SWAPPED (1ull << 62)
#define PAGE_OF_FILE (1ull << 61)

// Objects that the process had before the driver; the linker's list grows at its end.
static size_t objects_before = SIZE_MAX;

// Where the driver's objects lie. Places, not positions in the list: those change when the process closes an object. PoCL
// and what it needs are about 70; what does not fit here is left alone.
static uintptr_t driver_objects[512];
static size_t driver_object_count;
static pthread_once_t loaded_once = PTHREAD_ONCE_INIT;
static atomic_bool is_loaded;

static int count_object(struct dl_phdr_info *object, size_t size, void *state) {
  (void)object;
  (void)size;
  ++*(size_t *)state;
  return 0;
}

void driver_pages_start(void) {
  size_t count = 0;
  dl_iterate_phdr(count_object, &count);
  objects_before = count;
}

static int note_object(struct dl_phdr_info *object, size_t size, void *state) {
  (void)size;
  const size_t capacity = sizeof driver_objects / sizeof *driver_objects;
  if ((*(size_t *)state)++ < objects_before || driver_object_count == capacity) return 0;
  driver_objects[driver_object_count++] = object->dlpi_addr;
  return 0;
}

static void note_objects(void) {
  size_t position = 0;
  dl_iterate_phdr(note_object, &position);
  atomic_store_explicit(&is_loaded, true, memory_order_release);
}

void shim_driver_is_loaded(void) { pthread_once(&loaded_once, note_objects); }

typedef struct walk {
  int pagemap;
  uintptr_t page;
  size_t bytes;
} walk;

// Whether every page in memory is the file's own: a page that was written to (a breakpoint, a probe, patched code) exists
// nowhere but in memory. Pages that nothing can be learnt about count as written to.
static bool is_unwritten(const walk *all, uintptr_t start, uintptr_t end) {
  uint64_t entries[512];
  for (uintptr_t page = start / all->page; page < end / all->page;) {
    size_t count = end / all->page - page;
    if (count > sizeof entries / sizeof *entries) count = sizeof entries / sizeof *entries;
    ssize_t wanted = (ssize_t)(count * sizeof *entries);
    if (pread(all->pagemap, entries, (size_t)wanted, (off_t)(page * sizeof *entries)) != wanted) return false;
    for (size_t i = 0; i < count; i++) {
      if ((entries[i] & (PAGE_PRESENT | PAGE_SWAPPED)) && !(entries[i] & PAGE_OF_FILE)) return false;
    }
    page += count;
  }
  return true;
}

static int drop_object(struct dl_phdr_info *object, size_t size, void *state) {
  (void)size;
  walk *all = state;
  size_t known = 0;
  while (known < driver_object_count && driver_objects[known] != object->dlpi_addr) known++;
  if (known == driver_object_count) return 0;
  for (int i = 0; i < object->dlpi_phnum; i++) {
    const ElfW(Phdr) *header = &object->dlpi_phdr[i];
    if (header->p_type != PT_LOAD || (header->p_flags & PF_W)) continue;
    uintptr_t start = (object->dlpi_addr + header->p_vaddr) & ~(all->page - 1);
    uintptr_t end = (object->dlpi_addr + header->p_vaddr + header->p_filesz + all->page - 1) & ~(all->page - 1);
    if (!is_unwritten(all, start, end)) continue;
    if (madvise((void *)start, end - start, MADV_DONTNEED) == 0) all->bytes += end - start;
  }
  return 0;
}

static pthread_once_t dropped_once = PTHREAD_ONCE_INIT;
static size_t dropped_bytes;

static void drop_objects(void) {
  walk all = {.page = (uintptr_t)sysconf(_SC_PAGESIZE)};
  all.pagemap = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
  if (all.pagemap < 0) return;
  dl_iterate_phdr(drop_object, &all);
  close(all.pagemap);
  dropped_bytes = all.bytes;
}

size_t shim_drop_driver_pages(void) {
  if (!atomic_load_explicit(&is_loaded, memory_order_acquire)) return 0;
  pthread_once(&dropped_once, drop_objects);
  return dropped_bytes;
}
