#!/usr/bin/env bash
# Cargo compares times, and a fresh checkout has new ones for files that are the same. Gives each file of the checkout the
# time at which its content was first seen by this target folder, so that only what changed is compiled. The folder must be
# used by nobody else: whoever builds there without this script leaves programs that no recorded content belongs to.
set -euo pipefail
cd "$(dirname "$0")/.."

seen=${1:?usage: setup/source-times.sh TARGET_FOLDER}/source-times
mkdir -p "${seen%/*}"
touch "$seen"
now=$(date +%s)

# "hash time path" before, "hash path" now; a file whose content differs from the last one seen is new, also when an earlier
# checkout had that content.
git ls-files -z | xargs -0 --no-run-if-empty sha256sum |
  awk -v now="$now" '
    !current { path = substr($0, length($1 $2) + 3); hash[path] = $1; time[path] = $2; next }
    { path = substr($0, length($1) + 3); print $1, (hash[path] == $1 ? time[path] : now), path }
  ' "$seen" current=1 - >"$seen.next"
# Written down last: cut off before, everything changed is found changed again.
while read -r _ time path; do
  printf '%s\0' "$path" >>"$seen.$time"
done <"$seen.next"
for list in "$seen".[0-9]*; do
  xargs -0 touch --no-dereference --date="@${list##*.}" <"$list"
  rm "$list"
done
mv "$seen.next" "$seen"
