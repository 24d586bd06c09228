/* SPDX-License-Identifier: MIT */
#ifndef BANNED_H
#define BANNED_H

/* Included into every file of ours by the compiler's -include: these libc
 * calls overflow, fail in silence or run a shell. Use what the comment
 * names. System headers that mention them are read first. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>
#include <unistd.h>

#define BANNED(name) certrepo_does_not_use_##name

#undef strcpy
#define strcpy(a, b) BANNED(strcpy) /* sbuf, mem_strdup */
#undef strcat
#define strcat(a, b) BANNED(strcat)
#undef strncpy
#define strncpy(a, b, c) BANNED(strncpy)
#undef strncat
#define strncat(a, b, c) BANNED(strncat)
#undef sprintf
#define sprintf(...) BANNED(sprintf) /* snprintf, sbuf_addf */
#undef vsprintf
#define vsprintf(...) BANNED(vsprintf)
#undef strtok
#define strtok(a, b) BANNED(strtok)
#undef atoi
#define atoi(a) BANNED(atoi) /* num_int */
#undef atol
#define atol(a) BANNED(atol)
#undef system
#define system(a) BANNED(system) /* child_run */
#undef popen
#define popen(a, b) BANNED(popen)
#undef gmtime
#define gmtime(a) BANNED(gmtime) /* clock_text */
#undef localtime
#define localtime(a) BANNED(localtime)
#undef ctime
#define ctime(a) BANNED(ctime)
#undef sleep
#define sleep(a) BANNED(sleep) /* the loop, or poll with a deadline */
#undef usleep
#define usleep(a) BANNED(usleep)
#undef tmpnam
#define tmpnam(a) BANNED(tmpnam) /* file_stage */
#undef mktemp
#define mktemp(a) BANNED(mktemp)

#endif
