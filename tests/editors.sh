#!/usr/bin/env bash
# What editors are given: generated from keywords.def and committed; JSON that reads; every keyword highlighted once; vim, where it is installed,
# reads the files and colours what it should.
set -u
passed=0 failed=0
editors=grammar/editors
expect() { # WHAT COMMAND...
    if "${@:2}" >"$out" 2>&1; then passed=$((passed + 1)); else failed=$((failed + 1)); echo "FAILED: $1"; cat "$out"; fi
}
tmp=$(mktemp -d) out=$tmp/.out
trap 'rm -rf "$tmp"' EXIT
expect 'the generator runs' "$editors/generate" "$tmp"
for file in vscode/syntaxes/tongban.tmLanguage.json vim/syntax/tongban.vim; do
    expect "$file is what the generator writes (make editors)" diff "$tmp/$file" "$editors/$file"
done
for file in package.json language-configuration.json syntaxes/tongban.tmLanguage.json; do expect "$file is JSON" jq -e . "$editors/vscode/$file"; done
expect 'what package.json names is there' bash -c "cd $editors/vscode && jq -r '.main, .contributes.languages[].configuration, .contributes.grammars[].path' package.json | xargs ls"

# Every keyword of either language, and nothing else.
grep '^X(' grammar/keywords.def | grep -o '"[^"]*"' | tr -d '"' | grep . | sort -u >"$tmp/keywords"
expect 'vim knows every keyword' diff "$tmp/keywords" <(sed -n 's/^syn keyword [a-zA-Z]* //p' "$editors/vim/syntax/tongban.vim" | sort -u)
jq -r '.patterns[].match' "$editors/vscode/syntaxes/tongban.tmLanguage.json" | grep -o '(?:[^()?「」]*|[^()?「」]*)' | sed 's/^(?://; s/)$//' | tr '|' '\n' | sort -u >"$tmp/alternatives"
expect 'VS Code knows every keyword' bash -c "! comm -23 $tmp/keywords <(cat $tmp/alternatives; echo 待核; echo unverified) | grep ."

if command -v vim >/dev/null && vim --version | grep -q '+syntax'; then
    printf '环节 受理：\n  办理人 受理员。\n  材料齐全的，转 审查，待核。 # 注\n  「转」。\n  办理人员 转正。\n' >"$tmp/样.tb"
    group() { # LINE COLUMN(characters) GROUP
        local got
        got=$(vim -es -u NONE -N --cmd "set encoding=utf-8 rtp^=$editors/vim" -c 'filetype plugin indent on' -c 'syntax on' -c "edit $tmp/样.tb" -c 'setf tongban' \
            -c "redir! > $tmp/group | silent echo synIDattr(synID($1, byteidx(getline($1), $2 - 1) + 1, 0), 'name') | redir END" -c 'qa!' >/dev/null 2>&1 </dev/null; tr -d '\n' <"$tmp/group")
        [ "$got" = "$3" ] && return 0
        echo "line $1, column $2: $got, expected $3"
        return 1
    }
    expect 'vim: a heading' group 1 1 tongbanHeading
    expect 'vim: the head of a clause' group 2 3 tongbanClause
    expect 'vim: an act' group 3 3 tongbanAct
    expect 'vim: a word inside' group 3 9 tongbanWord
    expect 'vim: 待核' group 3 14 tongbanPending
    expect 'vim: a comment' group 3 18 tongbanComment
    expect 'vim: a quoted name is no keyword' group 4 4 tongbanName
    expect 'vim: no keyword inside a word' group 5 3 ''
    expect 'vim: no keyword at the start of a word' group 5 8 ''
else
    echo 'vim is not installed: its files were not run'
fi
echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
