#!/bin/sh
# no_heap.sh COMPILER ARGUMENTS...: links a program that allocates as the others are linked; passes
# if that fails, and for the reason that there is no heap.
set -u
said=$("$@" -o /dev/null 2>&1) && { echo "a program that allocates links"; exit 1; }
echo "$said" | grep -q "undefined reference to .*_sbrk" || { echo "$said"; exit 1; }
