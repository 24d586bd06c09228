/* SPDX-License-Identifier: MIT */
#include "fleet_owners.h"
#include "store_impl.h"

static int insert(struct store *s, const struct fleet_owner_notice *v,
		  int64_t ts, struct err *err)
{
	return store_exec(s,
			  "INSERT INTO owner_notices (name, owner, ts, told) "
			  "VALUES (?, ?, ?, ?)",
			  ARGS(T(v->name), T(v->owner), I(ts), T(v->told)),
			  NULL, err);
}

static int claim_over(struct store *s, struct fleet_owner_notice *v,
		      struct err *err)
{
	int64_t rows = 0;

	if (store_exec(s,
		       "DELETE FROM owner_notices WHERE name = ? AND owner = ?",
		       ARGS(T(v->name), T(v->owner)), &rows, err) == -1)
		return -1;
	/* By us, when the answer was lost. */
	v->ours = rows > 0 || s->losses > 0;
	return 0;
}

/* Another one's run may have begun after this one, and its clock be ahead. An
 * instant that is further ahead than what is repeated is of a clock that was
 * wrong. */
static int claim_one(struct store *s, struct fleet_owner_notice *v, int64_t now,
		     struct err *err)
{
	struct err own = ERR_INIT;
	int64_t rows = 0;

	if (v->over)
		return claim_over(s, v, err);
	if (store_exec(s,
		       "UPDATE owner_notices SET owner = ?, ts = ?, told = ? "
		       "WHERE name = ? AND (owner <> ? OR told <> ? OR "
		       "ts <= ? OR ts >= ?)",
		       ARGS(T(v->owner), I(now), T(v->told), T(v->name),
			    T(v->owner), T(v->told), I(now - v->repeat),
			    I(now + v->repeat)),
		       &rows, err) == -1)
		return -1;
	v->ours = rows > 0 || insert(s, v, now, &own) == 0;
	if (v->ours)
		return 0;
	if (db_fault(s->db) == DB_FAULT_DUPLICATE) {
		/* By us, when the answer was lost. */
		v->ours = s->losses > 0;
		return 0;
	}
	*err = own;
	return -1;
}

static int claim(struct store *s, struct fleet_owner_notice *v, size_t n,
		 int64_t now, struct err *err)
{
	for (size_t i = 0; i < n; i++)
		if (claim_one(s, &v[i], now, err) == -1)
			return -1;
	return 0;
}

static int check(const struct fleet_owner_notice *v, size_t n, struct err *err)
{
	for (size_t i = 0; i < n; i++)
		if (store_check_text("the owner", v[i].owner, STORE_MAIL_MAX,
				     err) == -1 ||
		    store_check_text("the hash", v[i].told, FLEET_TOLD_MAX,
				     err) == -1)
			return -1;
	return 0;
}

int fleet_owners_claim(struct store *s, struct fleet_owner_notice *v, size_t n,
		       int64_t now, struct err *err)
{
	if (check(v, n, err) == -1)
		return -1;
	return STORE_TRY(s, STORE_TX_PATIENT, err, claim(s, v, n, now, err));
}

static int unclaim(struct store *s, const struct fleet_owner_notice *v,
		   size_t n, int64_t now, struct err *err)
{
	for (size_t i = 0; i < n; i++) {
		int64_t then = now - v[i].repeat;

		if (store_exec(
			    s,
			    "UPDATE owner_notices SET ts = ? WHERE name = ? "
			    "AND owner = ? AND ts = ?",
			    ARGS(I(then), T(v[i].name), T(v[i].owner), I(now)),
			    NULL, err) == -1)
			return -1;
		/* Nobody else is to think that he knows. */
		if (v[i].over && insert(s, &v[i], then, err) == -1 &&
		    db_fault(s->db) != DB_FAULT_DUPLICATE)
			return -1;
	}
	return 0;
}

int fleet_owners_unclaim(struct store *s, const struct fleet_owner_notice *v,
			 size_t n, int64_t now, struct err *err)
{
	return STORE_TRY(s, STORE_TX_PATIENT, err, unclaim(s, v, n, now, err));
}

int fleet_owners_forget(struct store *s, int64_t before, struct err *err)
{
	return store_exec_try(s, "DELETE FROM owner_notices WHERE ts < ?",
			      ARGS(I(before)), NULL, err);
}
