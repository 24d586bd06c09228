/* SPDX-License-Identifier: MIT */
#include "store_offer.h"
#include <string.h>
#include "store_impl.h"

static int offer_get(struct store *s, const char *ca_name, struct arena *a,
		     struct store_offer *ret, struct err *err)
{
	AUTO(store_done) struct db_stmt *st = NULL;
	int rc;

	if (store_query(s,
			"SELECT renewal_info, profiles, caa, ts_offer "
			"FROM cas WHERE name = ?",
			"wtwn", ARGS(T(ca_name)), &st, err) == -1)
		return -1;
	rc = db_step(st, err);
	if (rc != 1)
		return rc;
	*ret = (struct store_offer){
		.renewal_info = store_col_text(st, 0, a),
		.profiles = store_col_text(st, 1, a),
		.caa = store_col_text(st, 2, a),
		.ts = db_col_int(st, 3),
	};
	return 1;
}

int store_offer_get(struct store *s, const char *ca_name, struct arena *arena,
		    struct store_offer *ret, struct err *err)
{
	return STORE_TRY(s, STORE_TX_NO, err,
			 offer_get(s, ca_name, arena, ret, err));
}

int store_offer_put(struct store *s, const char *ca_name, const char *directory,
		    const struct store_offer *offer, struct err *err)
{
	if (store_check_text("the URL of renewalInfo", offer->renewal_info,
			     STORE_URL_MAX, err) == -1 ||
	    store_check_text("the CA's domains", offer->caa, STORE_URL_MAX,
			     err) == -1)
		return -1;
	if (offer->profiles && strlen(offer->profiles) > STORE_OFFER_TEXT_MAX)
		return err_set(err, ERR_LIMIT,
			       "what %.64s says of its profiles is too long",
			       ca_name);
	return store_exec_try(s,
			      "UPDATE cas SET renewal_info = ?, profiles = ?, "
			      "caa = ?, ts_offer = ? WHERE name = ? AND "
			      "directory = ?",
			      ARGS(T(offer->renewal_info), T(offer->profiles),
				   T(offer->caa), I(offer->ts), T(ca_name),
				   T(directory)),
			      NULL, err);
}

const char *store_offer_profile(const struct store_offer *offer,
				const char *profile, struct arena *arena)
{
	size_t n = strlen(profile);
	const char *line = offer->profiles;

	for (; line && *line; line += *line == '\n') {
		size_t len = strcspn(line, "\n");

		if (n && len > n && line[n] == '\t' &&
		    strncmp(line, profile, n) == 0)
			return arena_strndup(arena, line + n + 1, len - n - 1);
		line += len;
	}
	return NULL;
}
