#!/bin/sh
# Runs the sweeps of the gallery and draws its pictures, with the commands that stand in docs/gallery.md.
#
#   scripts/gallery.sh               all of them
#   scripts/gallery.sh NAME...       those of sweeps/NAME.yaml
#
# Needs a build in build/. Results go to build/gallery/, pictures to docs/gallery/; each says how long it took.
set -eu
cd "$(dirname "$0")/.."

case "${1:-}" in
-h | --help)
    sed -n '2,8s/^# \{0,1\}//p' "$0"
    exit 0
    ;;
esac

largest=150000 # bytes of a picture: the page is to load at once
[ -x build/linnet ] || { echo "gallery: no build/linnet; scripts/quickstart.sh makes it" >&2; exit 1; }

export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
export OMPI_MCA_rmaps_base_oversubscribe=1 OMPI_MCA_hwloc_base_binding_policy=none
export OPENBLAS_NUM_THREADS=1

# The code block of a sweep, from the page.
commands() {
    awk -v sweep="sweeps/$1.yaml" '
        /^```/ { if (inside && index(block, sweep)) printf "%s", block; inside = /^```sh/; block = ""; next }
        inside { block = block $0 "\n" }' docs/gallery.md
}

[ $# -gt 0 ] || set -- $(sed -n 's,.* sweeps/\([a-z_]*\)\.yaml.*,\1,p' docs/gallery.md | awk '!seen[$0]++')

mkdir -p build/gallery docs/gallery
for name; do
    [ -n "$(commands "$name")" ] || { echo "gallery: docs/gallery.md has no commands for $name" >&2; exit 2; }
    rm -f "build/gallery/$name.h5" "build/gallery/$name.h5.log"
    since=$(date +%s)
    commands "$name" | sh -eu
    echo "$name: $(($(date +%s) - since)) s"
done

for picture in docs/gallery/*.png; do
    [ "$(wc -c <"$picture")" -lt $largest ] || { echo "gallery: $picture is larger than $largest bytes" >&2; exit 1; }
done
