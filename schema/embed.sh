#!/bin/sh
# SPDX-License-Identifier: MIT
# Print the migrations (schema/DIALECT/NNNN-what.sql, given as arguments) as
# the C table that store_schema.c applies.
set -eu
echo '/* Made by schema/embed.sh. */'
echo '#include "store_schema_impl.h"'
echo 'const struct store_schema_step store_schema_steps[] = {'
for f in "$@"; do
	dialect=$(basename "$(dirname "$f")")
	version=$(basename "$f" | sed 's/^0*\([0-9][0-9]*\)-.*/\1/')
	printf '{ "%s", %s, "%s",\n' "$dialect" "$version" "$f"
	sed -e 's/\\/\\\\/g' -e 's/"/\\"/g' -e 's/^/"/' -e 's/$/\\n"/' "$f"
	echo '},'
done
echo '{ 0 } };'
