#!/bin/sh
# Checks what the compiler does not: format, who includes whom, names, sizes, white space.
#
#   scripts/check-style.sh [--build FOLDER] [--junit FILE]
#
# FOLDER is a build without sanitizers, whose libraries are searched for global names (default: build-test-gcc,
# else build). The order of the folders stands in scripts/layers.txt.
cd "$(dirname "$0")/.." || exit 1
exec /usr/bin/python3 scripts/check_style.py "$@"
