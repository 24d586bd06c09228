/* SPDX-License-Identifier: MIT */
/*
 * A service without a daemon: what it has loaded is a file. Linked statically,
 * so that thousands of runs cost little.
 *
 *	inject_cmd load LOADED FILE...	joins the files to LOADED, all or none
 *	inject_cmd look LOADED FOLDER	does LOADED begin with what is in
 *					FOLDER/$CERTREPO_FINGERPRINT
 *
 * load of what begins with LOADED.lies says yes and does nothing; of what
 * begins with LOADED.dies, it says no, and nothing is loaded any more.
 */

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MAX 65536

struct text {
	char buf[MAX];
	size_t len;
};

/* Appends; false when it cannot be read or is too large. */
static bool add(struct text *t, const char *path)
{
	int fd = open(path, O_RDONLY);
	ssize_t n;

	if (fd == -1)
		return false;
	while ((n = read(fd, t->buf + t->len, MAX - t->len)) > 0)
		t->len += (size_t) n;
	close(fd);
	return n == 0 && t->len < MAX;
}

static bool begins(const struct text *t, const struct text *with)
{
	return with->len > 0 && t->len >= with->len &&
	       memcmp(t->buf, with->buf, with->len) == 0;
}

static bool named(const struct text *t, const char *loaded, const char *suffix)
{
	static struct text with;
	char path[4096];

	with.len = 0;
	snprintf(path, sizeof(path), "%s.%s", loaded, suffix);
	return add(&with, path) && begins(t, &with);
}

static int load(const char *loaded, char **files)
{
	static struct text t;
	char temp[4096];
	int fd;

	for (; *files; files++) {
		if (add(&t, *files))
			continue;
		fprintf(stderr, "%s: %s\n", *files, strerror(errno));
		return 1;
	}
	if (named(&t, loaded, "lies"))
		return 0;
	if (named(&t, loaded, "dies")) {
		unlink(loaded);
		fprintf(stderr, "will not have it, and dies\n");
		return 1;
	}
	snprintf(temp, sizeof(temp), "%s.new", loaded);
	fd = open(temp, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	if (fd == -1 || write(fd, t.buf, t.len) != (ssize_t) t.len ||
	    close(fd) == -1 || rename(temp, loaded) == -1) {
		fprintf(stderr, "%s: %s\n", loaded, strerror(errno));
		return 1;
	}
	return 0;
}

static int look(const char *loaded, const char *folder)
{
	const char *fp = getenv("CERTREPO_FINGERPRINT");
	static struct text t, want;
	char path[4096];

	snprintf(path, sizeof(path), "%s/%s", folder, fp ? fp : "");
	if (!add(&want, path)) {
		fprintf(stderr, "%s: %s\n", path, strerror(errno));
		return 1;
	}
	if (add(&t, loaded) && begins(&t, &want))
		return 0;
	fprintf(stderr, t.len > 0 ? "shows another\n" : "shows nothing\n");
	return 1;
}

int main(int argc, char **argv)
{
	/* It is ours alone to know of. */
	if (getenv("LD_PRELOAD") || getenv("INJECT"))
		return 3;
	if (argc > 3 && strcmp(argv[1], "load") == 0)
		return load(argv[2], argv + 3);
	if (argc == 4 && strcmp(argv[1], "look") == 0)
		return look(argv[2], argv[3]);
	return 2;
}
