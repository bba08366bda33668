#!/usr/bin/env bash
# Hot-loading under load: while 16 clients take cases to their end, twenty new versions of their very matter and a
# broken file are loaded. No request may fail; every case stays on the version it began on; new cases begin on the
# newest; the log replays.
set -u
tongban=${TONGBAN:-build/tongban} load=${B:-build}/obj/tests/bench_load
passed=0 failed=0
check() { # WHAT CONDITION...
    if "${@:2}"; then passed=$((passed + 1)); else failed=$((failed + 1)); echo "FAILED: $1"; fi
}
dir=$(mktemp -d)
"$tongban" serve --db "$dir/t.db" --rules rules --listen 127.0.0.1:0 >"$dir/log" 2>&1 </dev/null &
server=$!
trap 'kill $server 2>/dev/null; wait $server 2>/dev/null; rm -rf "$dir"' EXIT
for _ in $(seq 100); do
    port=$(grep -om1 'http://127.0.0.1:[0-9]*' "$dir/log" | grep -o '[0-9]*$') && break
    sleep 0.05
done
export TONGBAN_SERVER=http://127.0.0.1:$port
api() { curl -s "$TONGBAN_SERVER$1"; }

old=$("$tongban" apply 开具户籍类证明 --example --person 先到 --place 370402 --json | jq -r .id)
"$load" --port "$port" --plan case --connections 16 --seconds 4 --warmup 0.2 >"$dir/load.log" 2>&1 &
client=$!
sleep 0.5
mkdir -p "$dir/rules/事项" "$dir/rules/法规" && cp rules/法规/*.tb "$dir/rules/法规/"
for n in $(seq 2 21); do
    file=$dir/rules/事项/开具户籍类证明.tb
    sed "s/版本 2026-1，生效 2026-01-01/版本 2026-$n，生效 2026-01-$(printf %02d "$n")/" rules/事项/开具户籍类证明.tb >"$file"
    check "version $n loads" "$tongban" load "$file" --by 测试 --accept-pending >>"$dir/loads.log" 2>&1
done
sed 's/转 查档/转 没有的环节/' rules/事项/开具户籍类证明.tb >"$file"
"$tongban" load "$file" --by 测试 --accept-pending >>"$dir/loads.log" 2>&1
check 'a broken file is refused' [ $? = 1 ]
wait $client
check 'no request failed' grep -q ' errors=0 ' "$dir/load.log"
check 'acts were done meanwhile' [ "$(grep -o ' acts=[0-9]*' "$dir/load.log" | cut -d= -f2)" -gt 100 ]
check 'all versions are there' [ "$(api /v1/matters/开具户籍类证明 | jq '.versions | length')" = 21 ]
check 'the running case stayed on its version' [ "$(api "/v1/cases/$old" | jq -r .version)" = 2026-1 ]
new=$("$tongban" apply 开具户籍类证明 --example --person 后到 --place 370402 --json | jq -r .id)
check 'a new case takes the newest in force' [ "$(api "/v1/cases/$new" | jq -r .version)" = 2026-21 ]
mkdir -p "$dir/rules/日历" && { cat rules/日历/全国.tb; echo '  放假 2026-03-12，加放。'; } >"$dir/rules/日历/全国.tb"
check 'a revised calendar loads' "$tongban" load "$dir/rules/日历/全国.tb" --by 测试 >>"$dir/loads.log" 2>&1
# Who loads takes 待核 clauses upon himself: each version's record names its own, not those of the whole load.
named="FROM load l JOIN event e USING (leaf), json_each(e.body, '\$.accept_pending') p WHERE l.kind = 'matter'"
file="json_extract(l.manifest, '\$.files.\"' || substr(p.value, 1, instr(p.value, ':') - 1) || '\"')"
check 'pending clauses are on record' [ "$(sqlite3 "$dir/t.db" "SELECT count(*) $named AND $file IS NOT NULL")" -gt 8 ]
check 'each with what rests on them' [ "$(sqlite3 "$dir/t.db" "SELECT count(*) $named AND $file IS NULL")" = 0 ]
before=$(sqlite3 "$dir/t.db" "SELECT max(leaf) FROM load WHERE kind = 'world'")
kill $server && wait $server
"$tongban" serve --db "$dir/t.db" --rules rules --listen 127.0.0.1:0 --lang en >"$dir/log2" 2>&1 </dev/null &
server=$!
for _ in $(seq 100); do grep -q 'http://127' "$dir/log2" && break; sleep 0.05; done
check 'a restart with the old directory says what it leaves out' grep -q '日历/全国.tb: a newer text was loaded since' "$dir/log2"
check 'and keeps the revised calendar' [ "$(sqlite3 "$dir/t.db" "SELECT max(leaf) FROM load WHERE kind = 'world'")" = "$before" ]
kill $server && wait $server
check 'the log replays' "$tongban" replay --db "$dir/t.db"
[ "$failed" = 0 ] || tail -n 5 "$dir/load.log" "$dir/loads.log"
echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
