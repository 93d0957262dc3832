#!/bin/sh
# Puts PyTorch and JAX from PyPI into build-bench/, for bench/run.sh. 6 GB: PyPI's PyTorch brings its GPU libraries
# along, used or not.
set -eu
cd "$(dirname "$0")/.."
folder=build-bench

free=$(df --output=avail -BG . | tail -n 1 | tr -dc 0-9)
if [ "$free" -lt 10 ]; then
    echo "setup: $free GB free, 10 are needed" >&2
    exit 1
fi
[ -x $folder/bin/pip ] || /usr/bin/python3 -m venv $folder || {
    echo "setup: no virtual environment; is python3-venv installed?" >&2
    exit 1
}
# One by one: what cannot be had here must not take the other along. The tables say what is missing.
failed=
for package in torch 'jax[cpu]'; do
    $folder/bin/pip install --quiet "$package" || failed="$failed $package"
done
if [ -n "$failed" ]; then
    echo "setup: could not be installed:$failed" >&2
    exit 1
fi
