/* SPDX-License-Identifier: MIT */
#ifndef VFS_KIT_H
#define VFS_KIT_H

/*
 * A SQLite VFS around the real one, the default as long as it is registered,
 * whose Nth call of a kind fails as told: once, or from then on. A write that
 * fails has written half; a sync does nothing else. Time is virtual: what
 * SQLite or the store waits for is over at once, on the monotonic clock of
 * clock.h alone. Include after store_kit.h.
 */

#include <errno.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <stdbool.h>
#include <string.h>
#include "clock.h"

enum vfs_call {
	VFS_READ,
	VFS_WRITE,
	VFS_TRUNCATE,
	VFS_SYNC,
	VFS_SIZE,
	VFS_LOCK,
	VFS_UNLOCK,
	VFS_SHM_MAP,
	VFS_SHM_LOCK,
	VFS_SHM_UNLOCK,
	VFS_OPEN,
	VFS_DELETE,
	VFS_ACCESS,
	VFS_CALLS
};

static struct {
	bool armed;
	enum vfs_call call;
	int code;
	int at;	    /* from 1 */
	bool stays; /* and all that follow */
	int n;
	bool hit;
} vfs_fault;
static int vfs_hits[VFS_CALLS];

static sqlite3_vfs *vfs_real;
static sqlite3_vfs vfs_faulty;
static int64_t vfs_slept_us;
static void (*vfs_waiting)(void); /* what happens meanwhile, or NULL */

struct vfs_file {
	sqlite3_file base;
	sqlite3_file *real;
};

static inline int vfs_told(enum vfs_call call)
{
	if (!vfs_fault.armed || call != vfs_fault.call)
		return SQLITE_OK;
	vfs_fault.n++;
	if (vfs_fault.n != vfs_fault.at &&
	    (!vfs_fault.stays || vfs_fault.n < vfs_fault.at))
		return SQLITE_OK;
	vfs_fault.hit = true;
	vfs_hits[call]++;
	return vfs_fault.code;
}

static inline void vfs_wait(int64_t us)
{
	vfs_slept_us += us;
	clock_set_mono_for_test(1000000 + vfs_slept_us / 1000);
	if (vfs_waiting)
		vfs_waiting();
}

/* Instead of the C library's: nobody here has a descriptor to wait for. */
struct pollfd;
int poll(struct pollfd *fds, unsigned long n, int ms);
int poll(struct pollfd *fds, unsigned long n, int ms)
{
	vfs_wait(1000 * (int64_t) ms);
	return 0;
}

#define VFS_REAL(f) (((struct vfs_file *) (f))->real)
#define VFS_PASS(f, method, ...) \
	VFS_REAL(f)->pMethods->method(VFS_REAL(f), ##__VA_ARGS__)

static int vfs_close(sqlite3_file *f)
{
	return VFS_PASS(f, xClose);
}

static int vfs_read(sqlite3_file *f, void *p, int n, sqlite3_int64 at)
{
	int rc = vfs_told(VFS_READ);

	return rc ? rc : VFS_PASS(f, xRead, p, n, at);
}

static int vfs_write(sqlite3_file *f, const void *p, int n, sqlite3_int64 at)
{
	int rc = vfs_told(VFS_WRITE);
	int done = VFS_PASS(f, xWrite, p, rc ? n / 2 : n, at);

	return rc ? rc : done;
}

static int vfs_truncate(sqlite3_file *f, sqlite3_int64 size)
{
	int rc = vfs_told(VFS_TRUNCATE);

	return rc ? rc : VFS_PASS(f, xTruncate, size);
}

static int vfs_sync(sqlite3_file *f, int flags)
{
	return vfs_told(VFS_SYNC);
}

static int vfs_size(sqlite3_file *f, sqlite3_int64 *ret)
{
	int rc = vfs_told(VFS_SIZE);

	return rc ? rc : VFS_PASS(f, xFileSize, ret);
}

static int vfs_lock(sqlite3_file *f, int level)
{
	int rc = vfs_told(VFS_LOCK);

	return rc ? rc : VFS_PASS(f, xLock, level);
}

static int vfs_unlock(sqlite3_file *f, int level)
{
	int rc = vfs_told(VFS_UNLOCK);
	int done = VFS_PASS(f, xUnlock, level);

	return rc ? rc : done;
}

static int vfs_reserved(sqlite3_file *f, int *ret)
{
	return VFS_PASS(f, xCheckReservedLock, ret);
}

static int vfs_control(sqlite3_file *f, int op, void *arg)
{
	return VFS_PASS(f, xFileControl, op, arg);
}

static int vfs_sector(sqlite3_file *f)
{
	return VFS_PASS(f, xSectorSize);
}

static int vfs_device(sqlite3_file *f)
{
	return VFS_PASS(f, xDeviceCharacteristics);
}

static int vfs_shm_map(sqlite3_file *f, int page, int size, int extend,
		       void volatile **ret)
{
	int rc = vfs_told(VFS_SHM_MAP);

	if (rc)
		*ret = NULL;
	return rc ? rc : VFS_PASS(f, xShmMap, page, size, extend, ret);
}

static int vfs_shm_lock(sqlite3_file *f, int at, int n, int flags)
{
	bool unlock = flags & SQLITE_SHM_UNLOCK;
	int rc = vfs_told(unlock ? VFS_SHM_UNLOCK : VFS_SHM_LOCK);
	int done = SQLITE_OK;

	if (!rc || unlock)
		done = VFS_PASS(f, xShmLock, at, n, flags);
	return rc ? rc : done;
}

static void vfs_shm_barrier(sqlite3_file *f)
{
	VFS_PASS(f, xShmBarrier);
}

static int vfs_shm_unmap(sqlite3_file *f, int drop)
{
	return VFS_PASS(f, xShmUnmap, drop);
}

static int vfs_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *f,
		    int flags, int *ret_flags)
{
	static const sqlite3_io_methods methods = {
		.iVersion = 2,
		.xClose = vfs_close,
		.xRead = vfs_read,
		.xWrite = vfs_write,
		.xTruncate = vfs_truncate,
		.xSync = vfs_sync,
		.xFileSize = vfs_size,
		.xLock = vfs_lock,
		.xUnlock = vfs_unlock,
		.xCheckReservedLock = vfs_reserved,
		.xFileControl = vfs_control,
		.xSectorSize = vfs_sector,
		.xDeviceCharacteristics = vfs_device,
		.xShmMap = vfs_shm_map,
		.xShmLock = vfs_shm_lock,
		.xShmBarrier = vfs_shm_barrier,
		.xShmUnmap = vfs_shm_unmap,
	};
	struct vfs_file *file = (struct vfs_file *) f;
	int rc = vfs_told(VFS_OPEN);

	f->pMethods = NULL;
	if (rc)
		return rc;
	file->real = (sqlite3_file *) (file + 1);
	rc = vfs_real->xOpen(vfs_real, name, file->real, flags, ret_flags);
	if (file->real->pMethods)
		f->pMethods = &methods;
	return rc;
}

static int vfs_delete(sqlite3_vfs *vfs, const char *name, int sync)
{
	int rc = vfs_told(VFS_DELETE);

	return rc ? rc : vfs_real->xDelete(vfs_real, name, 0);
}

static int vfs_access(sqlite3_vfs *vfs, const char *name, int flags, int *ret)
{
	int rc = vfs_told(VFS_ACCESS);

	return rc ? rc : vfs_real->xAccess(vfs_real, name, flags, ret);
}

static int vfs_sleep(sqlite3_vfs *vfs, int us)
{
	vfs_wait(us);
	return us;
}

static inline int vfs_register(void)
{
	vfs_real = sqlite3_vfs_find(NULL);
	if (!vfs_real)
		return -1;
	vfs_wait(0);
	vfs_faulty = *vfs_real;
	vfs_faulty.zName = "faulty";
	vfs_faulty.szOsFile += (int) sizeof(struct vfs_file);
	vfs_faulty.xOpen = vfs_open;
	vfs_faulty.xDelete = vfs_delete;
	vfs_faulty.xAccess = vfs_access;
	vfs_faulty.xSleep = vfs_sleep;
	return sqlite3_vfs_register(&vfs_faulty, 1) == SQLITE_OK ? 0 : -1;
}

static inline void vfs_arm(enum vfs_call call, int code, int at, bool stays)
{
	memset(&vfs_fault, 0, sizeof(vfs_fault));
	vfs_fault.call = call;
	vfs_fault.code = code;
	vfs_fault.at = at;
	vfs_fault.stays = stays;
	vfs_fault.armed = true;
}

/* Was it reached? */
static inline bool vfs_disarm(void)
{
	vfs_fault.armed = false;
	return vfs_fault.hit;
}

/* Not there: then neither is the copy. */
static inline void vfs_copy(const char *from, const char *to)
{
	static char buf[1 << 20];
	int in = open(from, O_RDONLY), out;
	ssize_t n;

	unlink(to);
	if (in == -1 && errno == ENOENT)
		return;
	out = open(to, O_WRONLY | O_CREAT | O_EXCL, 0600);
	n = read(in, buf, sizeof(buf));
	assert_true(n >= 0 && (size_t) n < sizeof(buf));
	assert_int_equal(write(out, buf, (size_t) n), n);
	close(in);
	close(out);
}

static inline void vfs_dump_query(sqlite3 *h, const char *sql, struct sbuf *b)
{
	sqlite3_stmt *st;
	int rc;

	assert_int_equal(sqlite3_prepare_v2(h, sql, -1, &st, NULL), SQLITE_OK);
	while ((rc = sqlite3_step(st)) == SQLITE_ROW) {
		for (int i = 0; i < sqlite3_column_count(st); i++) {
			const void *t = sqlite3_column_text(st, i);

			sbuf_addf(b, "%s=%s\n", sqlite3_column_name(st, i),
				  t ? (const char *) t : "(NULL)");
		}
		sbuf_addf(b, "\n");
	}
	assert_int_equal(rc, SQLITE_DONE);
	(void) sqlite3_finalize(st);
}

/* All of it, as somebody else reads it; the caller's. */
static inline char *vfs_dump(const char *path)
{
	static const char *const tables[] = {
		"sqlite_master", "sqlite_sequence", "certs",
		"orders",	 "attempts",	    "proofs",
		"cas",		 "installs",	    "schema_version",
	};
	AUTO(sbuf_free) struct sbuf b = SBUF_INIT(1 << 20);
	char sql[100];
	sqlite3 *h;

	assert_int_equal(sqlite3_open_v2(path, &h, SQLITE_OPEN_READWRITE,
					 vfs_real->zName),
			 SQLITE_OK);
	for (size_t i = 0; i < ARRAY_LEN(tables); i++) {
		snprintf(sql, sizeof(sql), "SELECT * FROM %s ORDER BY 1, 2",
			 tables[i]);
		sbuf_addf(&b, "%s\n", tables[i]);
		vfs_dump_query(h, sql, &b);
	}
	sbuf_addf(&b, "check\n");
	vfs_dump_query(h, "PRAGMA integrity_check", &b);
	assert_non_null(strstr(sbuf_str(&b), "\nintegrity_check=ok\n"));
	assert_int_equal(sqlite3_close(h), SQLITE_OK);
	return mem_strdup(sbuf_str(&b));
}

#endif
