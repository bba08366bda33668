#!/usr/bin/env bash
# make install, below a directory of its own: what is installed runs there, finds its rules, and the unit for systemd names what is there. Where
# systemd is, it reads the unit, too.
set -u
passed=0 failed=0
check() { # WHAT COMMAND…
    local what=$1
    shift
    if "$@" >"$dir/out" 2>&1; then passed=$((passed + 1)); else failed=$((failed + 1)); echo "FAILED: $what" >&2; sed 's/^/    /' "$dir/out" >&2; fi
}
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
unit=$dir/usr/lib/systemd/system/tongban.service
check "make install" env MAKEFLAGS= make install PREFIX="$dir/usr" B="${B:-build}"
check "the program runs from there" "$dir/usr/bin/tongban" --version
check "the rules are there, all of them" test "$(find "$dir/usr/share/tongban/rules" -name '*.tb' | wc -l)" = "$(find rules -name '*.tb' | wc -l)"
check "and check clean" "$dir/usr/bin/tongban" check "$dir/usr/share/tongban/rules"
check "documents" test -s "$dir/usr/share/doc/tongban/API.md" -a -s "$dir/usr/share/doc/tongban/手册.md"
check "the unit names what is installed" grep -q "^ExecStart=$dir/usr/bin/tongban serve .*--rules $dir/usr/share/tongban/rules " "$unit"
check "and nothing else" sh -c "! grep -v '^#' '$unit' | grep /usr/local"
# The flags the unit gives exist: the command is run as it stands, for one that names no database it may write.
flags=$(sed -n 's/^ExecStart=[^ ]* serve //p' "$unit" | sed "s#\${STATE_DIRECTORY}#$dir/none#; s#:8420#:0#")
# shellcheck disable=SC2086
check "its flags are understood" sh -c "'$dir/usr/bin/tongban' serve $flags 2>&1 | grep -q '$dir/none/tongban.db'"
if command -v systemd-analyze >/dev/null; then
    check "systemd reads it" sh -c "systemd-analyze verify '$unit' 2>&1 | tee /dev/stderr | { ! grep tongban; }"
else
    echo "skipped: systemd-analyze is not here, the unit was not read by systemd" >&2
fi
echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
