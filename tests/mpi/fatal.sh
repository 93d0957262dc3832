#!/bin/sh
# fatal.sh MPIRUN.SH TEST_FARM: a write refused on some rank ends the run with exit code 1 and its message, once.
set -u
output=$("$1" 3 "$2" fatal 2>&1)
code=$?
lines=$(printf '%s\n' "$output" | grep -c '^fatal: cannot write row 517$')
[ "$code" = 1 ] && [ "$lines" = 1 ] && exit 0
printf '%s\n' "$output"
echo "exit code $code instead of 1, or the message $lines times instead of once"
exit 1
