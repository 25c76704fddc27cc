# shellcheck shell=bash
# Debian packages that a step needs: finds those that are missing and installs them.
# Sourced after console.sh.
# shellcheck disable=SC2034  # The lists are for the scripts that source this.

BUILD_PACKAGES=(
    ca-certificates git pkg-config
    libblosc-dev libbz2-dev libjpeg-dev liblz4-dev liblzma-dev libsqlite3-dev libssl-dev libzstd-dev
    zlib1g-dev
)
TEST_PACKAGES=(curl openssl python3-venv rclone s3cmd)
BENCHMARK_PACKAGES=(curl gcc libc6-dev nginx-light openssl python3-venv wrk)

missing_packages() {
    local package
    for package in "$@"; do
        dpkg-query -W -f='${Status}\n' "$package" 2>/dev/null | grep -q '^install ok' \
            || printf '%s\n' "$package"
    done
}

install_packages() {
    "$@" apt-get -qq update
    "$@" env DEBIAN_FRONTEND=noninteractive \
        apt-get -qq install --no-install-recommends "${missing[@]}"
}

# require_packages NAME…: installs what is missing, as root or through sudo.
require_packages() {
    if ! command -v dpkg-query >/dev/null; then
        say "  ! This is no Debian: install what these packages hold by hand: $*"
        return
    fi
    local -a missing
    mapfile -t missing < <(missing_packages "$@")
    ((${#missing[@]})) || return 0
    if ((EUID == 0)); then
        step "Installing ${missing[*]}" install_packages env
    elif command -v sudo >/dev/null; then
        sudo -v || fail "sudo is needed to install: ${missing[*]}"
        step "Installing ${missing[*]} (sudo)" install_packages sudo
    else
        fail "These Debian packages are missing, and there is neither root nor sudo here:
  ${missing[*]}
Ask somebody who is root to run:
  apt-get update && apt-get install ${missing[*]}"
    fi
}
