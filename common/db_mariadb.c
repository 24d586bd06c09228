/* SPDX-License-Identifier: MIT */
#include "db_impl.h"

static int none_open(struct db *db, bool create, struct err *err)
{
	return err_set(err, ERR_CONFIG, "mariadb: not built yet");
}

static void none_close(struct db *db)
{
}

const struct db_driver db_mariadb = {
	.dialect = "mariadb",
	.open = none_open,
	.close = none_close,
};
