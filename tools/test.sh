#!/usr/bin/env bash
# All tests. Needs Rust; where no GPU adapter exists on Debian or Ubuntu it installs a software one by itself.
# HAN_GPU_TEST_DEVICE names the adapter to test on (index or part of a name, see `han-gpu devices`).
set -euo pipefail
cd "$(dirname "$0")/.."

cargo build --release

has_adapter() {
    "${CARGO_TARGET_DIR:-target}/release/han-gpu" devices --json | grep -q '"index"'
}

if ! has_adapter; then
    packages="mesa-vulkan-drivers spirv-tools"
    if command -v apt-get >/dev/null; then
        as_root=""
        [ "$(id -u)" -eq 0 ] || as_root="sudo"
        echo "no GPU adapter: installing $packages (software Vulkan)" >&2
        $as_root apt-get update -qq
        $as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $packages
    fi
    if ! has_adapter; then
        echo "The tests need a GPU adapter. Install your card's Vulkan driver, or a software one: mesa-vulkan-drivers on" >&2
        echo "Debian, Ubuntu and Fedora, vulkan-swrast on Arch Linux; macOS and Windows bring their own." >&2
        exit 1
    fi
fi

# Keeps Mesa's device selection layer from complaining where there is no desktop.
export NODEVICE_SELECT=1
# Tests measure no kernel shapes and leave nothing in anybody's cache.
export HAN_GPU_CACHE=none
"${CARGO_TARGET_DIR:-target}/release/han-gpu" devices >&2
echo "tests run on ${HAN_GPU_TEST_DEVICE:-the first discrete GPU, else an integrated one, else adapter 0}" >&2
cargo test --release "$@"
