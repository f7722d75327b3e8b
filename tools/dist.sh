#!/usr/bin/env bash
# Builds the package into dist/, from what git would commit: sdist, wheel, and their SHA-256 sums; `make dist` calls it.
# Nothing is downloaded: what builds it is in the environment whose bin is the first argument.
set -eu
unset CDPATH
bin=$(cd "$1" && pwd)
cd "$(dirname "$0")/.."
# What an earlier build left, a file that is gone since among it, would be taken into the wheel.
rm -rf build dist zot_ci.egg-info
echo "building the package into dist/"
# One wheel of one tree, whenever and wherever it is built: its hash is in people's requirements.
export SOURCE_DATE_EPOCH=1767225600
umask 022
mkdir -p .tools
"$bin/python" -m build --no-isolation --outdir dist . >.tools/dist.log 2>&1 || {
    echo "building the package failed: $(tail -n 1 .tools/dist.log) (all of it in .tools/dist.log)" >&2
    exit 1
}
rm -rf build zot_ci.egg-info
[ ! -x "$bin/twine" ] || "$bin/twine" check --strict dist/*.whl dist/*.tar.gz
(cd dist && sha256sum -- *.whl *.tar.gz | tee SHA256SUMS)
