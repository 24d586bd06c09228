/* SPDX-License-Identifier: MIT */
#include <stdint.h>
#include "mem.h"

void mem_exhausted(void)
{
	static const char text[] = "certrepo: out of memory\n";

	/* stdio may want memory itself. */
	if (write(STDERR_FILENO, text, sizeof(text) - 1) == -1)
		_exit(1);
	_exit(1);
}

static size_t product(size_t count, size_t size)
{
	size_t total;

	if (__builtin_mul_overflow(count, size, &total))
		mem_exhausted();
	return total;
}

void *mem_alloc(size_t size)
{
	void *p = calloc(1, size ? size : 1);

	if (!p)
		mem_exhausted();
	return p;
}

void *mem_array(size_t count, size_t size)
{
	return mem_alloc(product(count, size));
}

void *mem_grow(void *p, size_t count, size_t size)
{
	size_t total = product(count, size);

	p = realloc(p, total ? total : 1);
	if (!p)
		mem_exhausted();
	return p;
}

char *mem_strndup(const char *s, size_t len)
{
	char *copy;

	len = strnlen(s, len);
	if (len == SIZE_MAX)
		mem_exhausted();
	copy = mem_alloc(len + 1);
	memcpy(copy, s, len);
	return copy;
}

char *mem_strdup(const char *s)
{
	return mem_dup(s, strlen(s) + 1);
}

void *mem_dup(const void *p, size_t len)
{
	void *copy = mem_alloc(len);

	if (len)
		memcpy(copy, p, len);
	return copy;
}

char *mem_vprintf(const char *fmt, va_list ap)
{
	char *s;

	if (vasprintf(&s, fmt, ap) == -1)
		mem_exhausted();
	return s;
}

char *mem_printf(const char *fmt, ...)
{
	va_list ap;
	char *s;

	va_start(ap, fmt);
	s = mem_vprintf(fmt, ap);
	va_end(ap);
	return s;
}

void mem_free_str(char **p)
{
	free(*p);
	*p = NULL;
}

void mem_free_any(void *pointer_to_pointer)
{
	void *p;

	/* By copy: a T ** may not be read as a void **. */
	memcpy(&p, pointer_to_pointer, sizeof(p));
	free(p);
	p = NULL;
	memcpy(pointer_to_pointer, &p, sizeof(p));
}

void mem_erase(void *p, size_t len)
{
	if (len)
		explicit_bzero(p, len);
}
