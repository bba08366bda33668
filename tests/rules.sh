#!/usr/bin/env bash
# The shipped rules: no errors, laid out by fmt, every 用例 passes, every transition is taken by one, each matter has
# at least six.
set -u
tongban=${TONGBAN:-build/tongban}
passed=0 failed=0
expect() { # WHAT COMMAND...
    if "${@:2}" >"$out" 2>&1; then passed=$((passed + 1)); else failed=$((failed + 1)); echo "FAILED: $1"; cat "$out"; fi
}
out=$(mktemp) report=$(mktemp)
trap 'rm -f "$out" "$report"' EXIT
expect 'rules have no errors' "$tongban" check rules
expect 'every limit of the rules holds on every path' "$tongban" check rules --budget
expect 'rules are laid out by fmt' "$tongban" fmt --check rules
for file in rules/事项/*.tb; do
    expect "$file alone has no errors" "$tongban" check "$file"
    expect "$file can be drawn (dot)" "$tongban" draw "$file" --format dot
    expect "$file can be drawn (bpmn)" "$tongban" draw "$file" --format bpmn
    expect "$file can be drawn (mermaid)" "$tongban" draw "$file" --format mermaid
    expect "$file has a guide for applicants" "$tongban" guide "$file" --format html
    expect "$file has a guide for staff" "$tongban" guide "$file" --for 工作人员 --format html --picture
done
if "$tongban" test rules --json >"$report" 2>"$out"; then passed=$((passed + 1)); else failed=$((failed + 1)); "$tongban" test rules; cat "$out"; fi
p=$(jq .passed "$report") f=$(jq .failed "$report")
passed=$((passed + ${p:-0})) failed=$((failed + ${f:-1}))
expect 'every transition is taken by a 用例' jq -e 'all(.matters[]; .uncovered == [])' "$report"
expect 'each matter has at least six 用例' jq -e 'all(.matters[]; (.scenarios | length) >= 6)' "$report"
echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
