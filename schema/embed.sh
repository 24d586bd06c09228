#!/bin/sh
# SPDX-License-Identifier: MIT
# Print the migrations (schema/DIALECT/NNNN-what.sql, given as arguments) as
# the C table that store_schema.c applies, and routines.sql, among them, as the
# list of statements of store_owner.c: without comments, each with a checksum of
# all as its COMMENT, by which it is known.
set -eu
echo '/* Made by schema/embed.sh. */'
echo '#include "store_owner.h"'
echo '#include "store_schema_impl.h"'
echo 'const struct store_schema_step store_schema_steps[] = {'
for f in "$@"; do
	case $f in
	*/routines.sql)
		routines=$f
		continue
		;;
	esac
	dialect=$(basename "$(dirname "$f")")
	version=$(basename "$f" | sed 's/^0*\([0-9][0-9]*\)-.*/\1/')
	printf '{ "%s", %s, "%s",\n' "$dialect" "$version" "$f"
	sed -e 's/\\/\\\\/g' -e 's/"/\\"/g' -e 's/^/"/' -e 's/$/\\n"/' "$f"
	echo '},'
done
echo '{ 0 } };'
sum=$(cksum <"$routines" | sed 's/ .*//')
echo "const char store_routines_id[] = \"certrepo $sum\";"
echo 'const char *const store_routines[] = {'
sed -e '/^ *--/d' -e '/^$/d' -e 's/\\/\\\\/g' -e 's/"/\\"/g' \
	-e "s/@VERSION@/certrepo $sum/" "$routines" |
	awk '/^DELIMITER/ { end = $2 == ";" ? ";$" : "//$"; next }
	{ last = sub(end == "" ? ";$" : end, "")
	  print "\"" $0 (last ? "\"," : "\\n\"") }'
echo '0 };'
