#!/usr/bin/env bash
# Runs on the test machine and prints what a host must get back when it leaves a cluster, in an order that does not change.
# What comes and goes on any Debian machine is left out.
set -euo pipefail

heading() { printf '\n== %s\n' "$1"; }

heading "files of the disk"
find / -xdev \( -path /tmp -o -path /var/tmp -o -path /var/log/journal -o -path /var/lib/systemd -o -path /var/cache \) -prune \
  -o -path /etc -prune -o -printf '%y %m %u:%g %p\n' | LC_ALL=C sort

heading "configuration"
find /etc \( -type f -exec sha256sum {} + \) -o -printf '%y %m %p %l\n' | LC_ALL=C sort

heading "volatile files"
find /run -xdev \( -path /run/systemd -o -path /run/udev -o -path /run/log -o -path /run/credentials \) -prune \
  -o -printf '%y %m %p\n' | LC_ALL=C sort

heading "mounts"
findmnt --raw --noheadings --output TARGET,FSTYPE | grep -Ev '^(/run/credentials/|/proc/sys/fs/binfmt_misc)' | LC_ALL=C sort

heading "network"
ip -oneline link | awk '{ print $2, $3 }'
ip -oneline address | awk '{ print $2, $3, $4 }'
ip route show table all
ip rule
nft list ruleset

heading "kernel settings"
# Those of net.bridge and net.netfilter come with kernel modules, which stay loaded.
sysctl --all 2>/dev/null | LC_ALL=C sort |
  grep -Ev '^(net\.bridge|net\.netfilter|net\.nf_conntrack_max|kernel\.random|kernel\.ns_last_pid|fs\.(dentry|inode|file-nr|aio-nr|quota)|vm\..*_reserve)'

heading "services"
systemctl list-units --all --plain --no-legend --no-pager 'hoist*' 'kube*' 'cri-*'

heading "control groups"
find /sys/fs/cgroup -mindepth 1 -maxdepth 1 -type d ! -name '*.mount' | LC_ALL=C sort

heading "programs that run"
# Processes of the kernel have none, and others end in the meantime.
{ find /proc -maxdepth 2 -path '/proc/[0-9]*/exe' -printf '%l\n' 2>/dev/null || true; } | grep -v '^$' |
  grep -Ev '/(bash|find|sort|grep|sshd|sftp-server)$' | LC_ALL=C sort -u
