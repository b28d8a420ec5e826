#!/usr/bin/env bash
# Installs the Python package into a new environment, as its README does, and runs its tests and lints.
# Needs python3 (3.9 or later) with venv and pip; without them it says so and leaves everything out.
set -euo pipefail
cd "$(dirname "$0")/../.."
if ! python3 -c "import sys; sys.exit(sys.version_info < (3, 9))" 2>/dev/null; then
    echo "python3 (3.9 or later) is not installed: tools/python/test.sh was left out"
    exit 0
fi
if ! python3 -c "import venv, ensurepip" 2>/dev/null; then
    echo "python3 has no venv or pip (Debian: python3-venv): tools/python/test.sh was left out"
    exit 0
fi
# Crates of the same features are built once, for the command and for the package.
export CARGO_TARGET_DIR="$(realpath -m "${CARGO_TARGET_DIR:-target}")"
environment="$CARGO_TARGET_DIR/python-environment"

cargo fmt --check --manifest-path tools/python/Cargo.toml
cargo clippy --release --manifest-path tools/python/Cargo.toml -- -D warnings
rm -rf "$environment"
python3 -m venv "$environment"
if ! "$environment/bin/pip" install --quiet --disable-pip-version-check numpy pytest; then
    echo "pip reaches no packages here: the rest of tools/python/test.sh was left out"
    exit 0
fi
start=$SECONDS
"$environment/bin/pip" install --quiet --disable-pip-version-check "./tools/python[test]"
echo "built and installed the Python package in $((SECONDS - start)) s"
"$environment/bin/python" -m pytest -q -p no:cacheprovider tools/python
