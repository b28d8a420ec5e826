#!/usr/bin/env bash
# The page of examples/browser.
#   tools/browser.sh build                  makes target/page, a folder of files that any web server can offer
#   tools/browser.sh serve [PORT]           builds it and offers it on this computer, at port 8000
#   tools/browser.sh test [SCREENSHOTS]     builds it and tests it in Chromium, with a software adapter; needs Node.js
#   tools/browser.sh check                  lets the compiler look at it, where rustup has the target for browsers
# Needs Rust. Rust's target for browsers, wasm-bindgen, Chromium and Playwright are installed where they are missing: with rustup or, on
# Debian and Ubuntu, with apt.
set -euo pipefail
cd "$(dirname "$0")/.."

target=$(realpath -m "${CARGO_TARGET_DIR:-target}")
page="$target/page"
tools="$target/browser-tools"
triple=wasm32-unknown-unknown

install_packages() {
    echo "installing $*" >&2
    local as_root=""
    [ "$(id -u)" -eq 0 ] || as_root="sudo"
    $as_root apt-get update -qq
    $as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@" >&2
}

# Whether this compiler can build for browsers, now that rustup was asked.
has_target() {
    [ -d "$(rustc --print sysroot)/lib/rustlib/$triple" ] ||
        { command -v rustup >/dev/null && rustup target add "$triple" 2>/dev/null; }
}

options=(--release --manifest-path examples/browser/Cargo.toml --target "$triple" --target-dir "$target/browser")

compile() {
    if has_target; then
        cargo build "${options[@]}"
        return
    fi
    # Debian's compiler for browsers brings the source of the standard library, which is built with the page.
    [ -d /usr/lib/rustlib/src ] && command -v wasm-ld >/dev/null || install_packages rustc-web cargo-web rust-web-src lld
    RUSTC=/usr/bin/rustc RUSTC_BOOTSTRAP=1 CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER=wasm-ld \
        /usr/bin/cargo build "${options[@]}" -Z build-std=std,panic_abort
}

build() {
    compile
    local version
    version=$(sed -n '/^name = "wasm-bindgen"$/{n;s/version = "\(.*\)"/\1/p}' examples/browser/Cargo.lock)
    local bindgen="$tools/bin/wasm-bindgen"
    if [ "$("$bindgen" --version 2>/dev/null)" != "wasm-bindgen $version" ]; then
        cargo install --quiet wasm-bindgen-cli --version "$version" --root "$tools"
    fi
    rm -rf "$page"
    cp -r examples/browser/page "$page"
    "$bindgen" --target web --no-typescript --out-dir "$page/pkg" "$target/browser/$triple/release/han_gpu_browser.wasm"
    echo "$page has $(du -sh "$page" | cut -f1); it is to be offered from https, or from this computer"
}

serve() {
    exec python3 -m http.server --bind 127.0.0.1 --directory "$page" "$1"
}

test_in_chromium() {
    local screenshots=$1
    command -v chromium >/dev/null || install_packages chromium
    if [ ! -d "$tools/node_modules/playwright-core" ]; then
        npm install --silent --prefix "$tools" playwright-core
    fi
    cargo build --release
    # The texts of all shaders, as the test of the suite hands them to Tint where that is installed.
    local shaders="$target/browser-shaders"
    rm -rf "$shaders"
    mkdir -p "$shaders" "$screenshots"
    HAN_GPU_WGSL="$shaders" cargo test --quiet --release --test suite tint_accepts_every_specialisation
    serve 8765 >/dev/null 2>&1 &
    trap "kill $!" EXIT
    NODE_PATH="$tools/node_modules" HAN_GPU="$target/release/han-gpu" \
        node tools/browser/test.mjs http://127.0.0.1:8765/ "$tools" "$shaders" "$screenshots"
}

case "${1:-}" in
check)
    if has_target; then
        cargo clippy "${options[@]}" -- -D warnings
    else
        echo "rustup is not here, or has no target $triple: tools/browser.sh check was left out"
    fi
    ;;
build)
    build
    ;;
serve)
    build
    echo "http://127.0.0.1:${2:-8000}/"
    serve "${2:-8000}"
    ;;
test)
    build
    test_in_chromium "$(realpath -m "${2:-$target/screenshots}")"
    ;;
*)
    sed -n '2,6p' "$0" >&2
    exit 2
    ;;
esac
