#!/usr/bin/env bash
# Installs the Debian packages that building the payload and running a local instance need, if one is missing; and those
# that are named as arguments.
set -euo pipefail

packages=(
  build-essential # links the static programs, compiles pause
  ca-certificates
  curl
  debootstrap     # root file system of local hosts
  iproute2
  libseccomp-dev  # runc refuses pods without seccomp
  pkg-config
  "$@"
)

missing=()
for package in "${packages[@]}"; do
  dpkg-query --show --showformat='${Status}' "$package" 2>/dev/null | grep -q 'install ok installed' || missing+=("$package")
done
if [ ${#missing[@]} -eq 0 ]; then
  exit 0
fi
if [ "$(id -u)" -ne 0 ]; then
  echo "missing Debian packages: ${missing[*]}; install them as root: apt-get install ${missing[*]}" >&2
  exit 1
fi
echo "installing: ${missing[*]}"
apt-get update --quiet=2
DEBIAN_FRONTEND=noninteractive apt-get install --quiet=2 --yes --no-install-recommends "${missing[@]}" >/dev/null
