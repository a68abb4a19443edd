#!/usr/bin/env bash
# Makes the Debian 12 test machine once and prints the folder with its `disk`, `kernel`, `initrd` and `ssh-key`.
# It is cached by content: another image is made only when this script or a file under guest/ changes.
set -euo pipefail
cd "$(dirname "$0")"

suite=bookworm
disk_size=10G # sparse; kubelet wants room to spare
packages=(
  linux-image-amd64 initramfs-tools kmod
  systemd-sysv udev dbus
  openssh-server # how the test gives commands
  ca-certificates curl iproute2 nftables procps
)

# The mirror of this machine's own apt; empty, and debootstrap takes its default, where there is none for the suite.
mirror() {
  # shellcheck disable=SC2016  # apt fills these in
  apt-get indextargets --format '$(CODENAME) $(RELEASE) $(REPO_URI)' 'Created-By: Packages' 2>/dev/null |
    awk -v suite="$suite" '$1 == suite || $2 == suite { print $NF; exit }'
}

# Kernel, units and access of the machine in folder $1, whose ssh key is $2.
configure() {
  local root=$1 key=$2
  cp -R guest/etc/. "$root/etc/"
  # Only what it boots from: the usual initial RAM disk with every driver takes an emulated processor far longer to unpack.
  printf 'MODULES=list\n' >"$root/etc/initramfs-tools/conf.d/hoist"
  printf '%s\n' virtio_pci virtio_blk ext4 >>"$root/etc/initramfs-tools/modules"
  chroot "$root" update-initramfs -u
  systemctl --root="$root" --quiet enable systemd-networkd ssh
  # The machine gets its own at first boot.
  : >"$root/etc/machine-id"
  rm -f "$root"/var/cache/apt/*.bin "$root"/var/cache/apt/archives/*.deb "$root"/var/lib/apt/lists/*Packages*
  ssh-keygen -q -t ed25519 -N '' -C hoist-test-vm -f "$key"
  install -D -m 0600 "$key.pub" "$root/root/.ssh/authorized_keys"
}

make_image() { # FOLDER: everything, into a folder that does not exist yet
  local folder=$1 temporary=$1.new
  local root=$temporary/root
  rm -rf "$temporary"
  mkdir -p "$root"
  # shellcheck disable=SC2046  # no mirror, no argument
  debootstrap --variant=minbase --include="$(IFS=, && echo "${packages[*]}")" "$suite" "$root" $(mirror)
  configure "$root" "$temporary/ssh-key"
  cp "$root"/boot/vmlinuz-* "$temporary/kernel"
  cp "$root"/boot/initrd.img-* "$temporary/initrd"
  # The file system is written from the folder, so nothing is ever mounted.
  mke2fs -q -t ext4 -L hoist-test-vm -d "$root" "$temporary/disk" "$disk_size"
  rm -rf "$root"
  mv "$temporary" "$folder"
}

cache=${HOIST_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/hoist}/vm
key=$(find image.sh guest -type f -print0 | sort -z | xargs -0 sha256sum | sha256sum | cut -c 1-16)
mkdir -p "$cache"
exec 9>"$cache/lock"
flock 9
if [ ! -d "$cache/$key" ]; then
  log=$cache/$key.log
  echo "making the test machine's image, some minutes; log: $log" >&2
  # In the background, because bash ignores errors inside a function whose outcome is tested.
  make_image "$cache/$key" >"$log" 2>&1 9>&- &
  wait $! || {
    tail -n 15 "$log" >&2
    echo "the image could not be made: see above; it needs root and the way to a Debian mirror" >&2
    exit 1
  }
fi
echo "$cache/$key"
