#!/bin/sh
# Measures linnet side by side with the FMA peak, NumPy, PyTorch and JAX, and prints a page of Markdown.
#
#   bench/run.sh                            everything, under 12 minutes; nothing else should run meanwhile
#   bench/run.sh --quick                    fewer cases and rounds, under 2 minutes
#   bench/run.sh --only engine sets        some parts
#   bench/run.sh --out docs/benchmarks.md   also into the page that is checked in
#   bench/run.sh --smoke                    no timing worth looking at: do all still give the same losses?
#
# PyTorch and JAX come from bench/setup.sh; without it the tables say that they are missing.
set -eu
cd "$(dirname "$0")/.."
exec /usr/bin/python3 bench/run.py "$@"
