/* SPDX-License-Identifier: MIT */
#ifndef MEM_H
#define MEM_H

/*
 * Memory that cannot fail: when there is none left, the program says so on
 * stderr and ends with status 1. Our programs are short runs that may be
 * stopped at any point, so this is safe and keeps every caller simple.
 */

#include <stdarg.h>
#include <stddef.h>

/* Release X with fn(&X) when the scope ends, on every path. */
#define AUTO(fn) __attribute__((__cleanup__(fn)))

/* Hand the pointer over: yields P and leaves NULL behind. */
#define TAKE(p)                             \
	({                                  \
		__typeof__(p) taken_ = (p); \
		(p) = NULL;                 \
		taken_;                     \
	})

#define ARRAY_LEN(a) (sizeof(a) / sizeof((a)[0]))

#define MUST_CHECK	  __attribute__((__warn_unused_result__))
#define PRINTF_LIKE(f, a) __attribute__((__format__(__printf__, f, a)))

/* All return zeroed (mem_alloc) or copied memory, never NULL. free(3) it. */
void *mem_alloc(size_t size);
void *mem_array(size_t count, size_t size); /* overflow ends the program */
/* Grow P to COUNT elements of SIZE; new memory is not zeroed. */
void *mem_grow(void *p, size_t count, size_t size);
char *mem_strdup(const char *s);
char *mem_strndup(const char *s, size_t len);
void *mem_dup(const void *p, size_t len);
char *mem_printf(const char *fmt, ...) PRINTF_LIKE(1, 2);
char *mem_vprintf(const char *fmt, va_list ap) PRINTF_LIKE(1, 0);

/* Says that there is no memory and ends the program. */
void mem_exhausted(void) __attribute__((__noreturn__));

/* For AUTO: frees *P (a char *, or any pointer) and sets it to NULL. */
void mem_free_str(char **p);
void mem_free_any(void *pointer_to_pointer);

/* Erase LEN bytes in a way the compiler keeps. For secrets. */
void mem_erase(void *p, size_t len);

#endif
