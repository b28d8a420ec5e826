#!/usr/bin/env bash
# Archives of the program for a release, with checksums, in dist/ (or the folder that is given): for the machine's own target, and for
# Windows where the target x86_64-pc-windows-gnu and the linker of mingw-w64 are installed.
#
# tools/release.sh [DIR]
set -euo pipefail
cd "$(dirname "$0")/.."

out=${1:-dist}
version=$(sed -n 's/^version = "\(.*\)"/\1/p' Cargo.toml | head -n 1)
host=$(rustc -vV | sed -n 's/^host: //p')
target_folder=${CARGO_TARGET_DIR:-target}
windows=x86_64-pc-windows-gnu

mkdir -p "$out"
out=$(cd "$out" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# pack TARGET PROGRAM: documents, licences, completions and man pages beside the program of a target.
pack() {
    local name="han-gpu-$version-$1"
    local folder="$work/$name"
    mkdir -p "$folder/completions" "$folder/man"
    cp "$2" README.md CHANGELOG.md LICENSE-MIT LICENSE-APACHE "$folder/"
    cp -r docs "$folder/docs"
    for shell in bash zsh fish powershell; do
        "$own" completions "$shell" >"$folder/completions/han-gpu.$shell"
    done
    "$own" manual "$folder/man" >/dev/null
    case $1 in
        *windows*)
            (cd "$work" && python3 -m zipfile -c "$out/$name.zip" "$name")
            echo "$name.zip"
            ;;
        *)
            # The same files make the same archive, whenever and by whomever it is made.
            tar -C "$work" --sort=name --owner=0 --group=0 --numeric-owner --mtime='UTC 1980-01-01' \
                -cf - "$name" | gzip -n -9 >"$out/$name.tar.gz"
            echo "$name.tar.gz"
            ;;
    esac
}

cargo build --release --locked --bin han-gpu
own="$target_folder/release/han-gpu"
archives=("$(pack "$host" "$own")")

if command -v x86_64-w64-mingw32-gcc >/dev/null && rustc --print target-libdir --target $windows 2>/dev/null | xargs -r test -d; then
    cargo build --release --locked --bin han-gpu --target $windows
    archives+=("$(pack $windows "$target_folder/$windows/release/han-gpu.exe")")
else
    echo "left out: $windows (rustup target add $windows; Debian: gcc-mingw-w64-x86-64)" >&2
fi

(cd "$out" && sha256sum "${archives[@]}" | tee SHA256SUMS)
