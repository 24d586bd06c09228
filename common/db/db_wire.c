/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include "clock.h"
#include "db_wire.h"

void db_wire_start(struct sbuf *s)
{
	sbuf_clear(s);
	db_wire_u32(s, 0);
}

void db_wire_u8(struct sbuf *s, unsigned int v)
{
	uint8_t byte = (uint8_t) v;

	sbuf_add(s, &byte, sizeof(byte));
}

void db_wire_u32(struct sbuf *s, uint32_t v)
{
	sbuf_add(s, &v, sizeof(v));
}

void db_wire_i64(struct sbuf *s, int64_t v)
{
	sbuf_add(s, &v, sizeof(v));
}

void db_wire_bytes(struct sbuf *s, const void *p, size_t len)
{
	db_wire_i64(s, (int64_t) len);
	sbuf_add(s, p, len);
	db_wire_u8(s, 0);
}

/* Its next LEN bytes, or NULL. */
static char *take(struct db_wire *w, size_t len)
{
	char *p = w->p;

	if (w->bad || len > w->left) {
		w->bad = true;
		return NULL;
	}
	w->p += len;
	w->left -= len;
	return p;
}

static void get(struct db_wire *w, void *ret, size_t size)
{
	const char *p = take(w, size);

	memset(ret, 0, size);
	if (p)
		memcpy(ret, p, size);
}

unsigned int db_wire_get_u8(struct db_wire *w)
{
	uint8_t v;

	get(w, &v, sizeof(v));
	return v;
}

uint32_t db_wire_get_u32(struct db_wire *w)
{
	uint32_t v;

	get(w, &v, sizeof(v));
	return v;
}

int64_t db_wire_get_i64(struct db_wire *w)
{
	int64_t v;

	get(w, &v, sizeof(v));
	return v;
}

const char *db_wire_get_bytes(struct db_wire *w, size_t max, size_t *ret_len)
{
	int64_t len = db_wire_get_i64(w);
	char *p;

	*ret_len = 0;
	if (len < 0 || (uint64_t) len > max)
		w->bad = true;
	p = w->bad ? NULL : take(w, (size_t) len + 1);
	if (!p)
		return "";
	p[len] = '\0';
	*ret_len = (size_t) len;
	return p;
}

/* --- sending and receiving --- */

/* Until something can be done; false: too late. */
static bool await(int fd, short events, int64_t until_ms)
{
	struct pollfd p = { .fd = fd, .events = events };
	int64_t left = until_ms - clock_mono_ms();

	if (left <= 0)
		return false;
	(void) poll(&p, 1, left > 60000 ? 60000 : (int) left);
	return true;
}

enum db_wire_end db_wire_send(int fd, struct sbuf *s, int64_t until_ms)
{
	uint32_t len = (uint32_t) (s->len - sizeof(len));
	size_t done = 0;
	ssize_t n;

	if (sbuf_over(s))
		return DB_WIRE_ODD;
	memcpy(s->buf, &len, sizeof(len));
	while (done < s->len) {
		n = send(fd, s->buf + done, s->len - done,
			 MSG_NOSIGNAL | MSG_DONTWAIT);
		if (n > 0)
			done += (size_t) n;
		else if (errno != EAGAIN && errno != EINTR)
			return DB_WIRE_GONE;
		else if (!await(fd, POLLOUT, until_ms))
			return DB_WIRE_LATE;
	}
	return DB_WIRE_OK;
}

static enum db_wire_end receive(int fd, void *to, size_t len, int64_t until_ms)
{
	size_t done = 0;
	ssize_t n;

	while (done < len) {
		n = recv(fd, (char *) to + done, len - done, MSG_DONTWAIT);
		if (n > 0)
			done += (size_t) n;
		else if (n == 0 || (errno != EAGAIN && errno != EINTR))
			return DB_WIRE_GONE;
		else if (!await(fd, POLLIN, until_ms))
			return DB_WIRE_LATE;
	}
	return DB_WIRE_OK;
}

enum db_wire_end db_wire_receive(int fd, struct db_wire_buf *buf, size_t max,
				 int64_t until_ms, struct db_wire *ret)
{
	enum db_wire_end end;
	uint32_t len;

	end = receive(fd, &len, sizeof(len), until_ms);
	if (end != DB_WIRE_OK)
		return end;
	if (len == 0 || len > max)
		return DB_WIRE_ODD;
	if (buf->cap < len) {
		buf->p = mem_grow(buf->p, len, 1);
		buf->cap = len;
	}
	end = receive(fd, buf->p, len, until_ms);
	*ret = (struct db_wire){ .p = buf->p, .left = len };
	return end;
}
