/* SPDX-License-Identifier: MIT */
#ifndef TARGET_H
#define TARGET_H

/*
 * Where the files of a certificate are: asked each time they are used, step by
 * step, in the prefix of their service. Their folder may be somebody else's.
 */

#include "place.h"
#include "svc.h"

/* The folder C->dir; its name is "." when it is there. 1; 0: the folder above
 * it is missing; -1. */
int target_dir(const struct svc_cert *c, struct place *ret,
	       struct err *err) MUST_CHECK;
/* May we put back the link NOW, which is at AT: one that somebody else has made
 * may lead nowhere but to a name beside it. */
int target_check_link(const struct place *at, const struct place_old *now,
		      struct err *err) MUST_CHECK;
/* Of a generation: its link. 1; 0: C->dir is missing; -1. *RET_TEXT, the
 * caller's, is what it says, NULL when there is nothing. */
int target_link(const struct svc_cert *c, struct place *ret, char **ret_text,
		struct err *err) MUST_CHECK;
/* File I. *RET is what is there, by place_read(); PLACE_NONE, also when its
 * folder, or the generation, is missing. Anything but a file is an error. */
int target_read(const struct svc_cert *c, size_t i, struct place_old *ret,
		struct err *err) MUST_CHECK;
/* Is there anything: 1, 0, -1. */
int target_there(const struct svc_cert *c, size_t i,
		 struct err *err) MUST_CHECK;
/* Is anything where C's link, or one of its files at fixed paths, is to be, be
 * it a link to nothing: 1, and *RET_PATH (borrowed of C) says which; 0; -1. */
int target_taken(const struct svc_cert *c, const char **ret_path,
		 struct err *err) MUST_CHECK;

/* At fixed paths: where file I is to be put. A link there leads to what it
 * leads to, when that is a certificate or a key, or one of C->link_targets;
 * it stays. 1; 0: a folder on the way is missing; -1. */
int target_open(const struct svc_cert *c, size_t i, struct place *ret,
		struct err *err) MUST_CHECK;

/* A command without a user, as root mostly, that is given the path of a file:
 * whoever can change the folder may lead it to any other file, by a link. Is
 * there nobody but us who can, for what C is given of CERTS; with a user: 0.
 * Else -1, with a sentence. Asked when it is run, for owners change; and of all
 * that may be run, before anything is changed. */
int target_check_command(const struct svc_command *c,
			 const struct svc_cert *certs, size_t n,
			 struct err *err) MUST_CHECK;
/* The same of the command that looks at E, if it is one. */
int target_check_endpoint(const struct svc *s, const struct svc_endpoint *e,
			  struct err *err) MUST_CHECK;
/* The same of all commands of S. */
int target_check_commands(const struct svc *s, struct err *err) MUST_CHECK;

#endif
