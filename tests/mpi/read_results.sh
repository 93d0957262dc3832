#!/bin/sh
# read_results.sh MPIRUN.SH TEST_STORE: a results file opens in the readers people use (77: skipped, they are not here).
set -u
python=/usr/bin/python3
"$python" -c 'import xarray, h5netcdf, netCDF4' 2>/dev/null || exit 77
folder=$(mktemp -d) || exit 1
trap 'rm -rf "$folder"' EXIT
"$1" 2 "$2" make "$folder/made.h5" || exit 1
timeout 60 "$python" "$(dirname "$0")/read_results.py" "$folder/made.h5" || exit 1
if command -v ncdump >/dev/null; then
    timeout 20 ncdump -h "$folder/made.h5" | grep -q 'double final_loss(depth, init_scale, init_kind, shape) ;'
fi
