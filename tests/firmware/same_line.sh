#!/bin/sh
# same_line.sh COMMAND...: what it prints must have the line "strict ..." of the file $EXPECTED.
set -eu
line=$(grep '^strict ' "$EXPECTED")
output=$("$@")
echo "$output"
echo "$output" | grep -qxF "$line" || { echo "the host says '$line'"; exit 1; }
