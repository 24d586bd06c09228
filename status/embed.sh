#!/bin/sh
# SPDX-License-Identifier: MIT
# Print the page's style and script (files page.css, page.js) as C strings.
set -eu
echo '/* Made by status/embed.sh. */'
echo '#include "page.h"'
for f in "$@"; do
	printf 'const char %s[] =\n' "$(basename "$f" | tr . _)"
	sed -e 's/^[[:blank:]]*//' -e 's/\\/\\\\/g' -e 's/"/\\"/g' \
		-e 's/^/"/' -e 's/$/\\n"/' "$f"
	echo ';'
done
