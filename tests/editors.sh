#!/usr/bin/env bash
# What editors are given: generated from keywords.def and committed; JSON that reads; every keyword highlighted once; vim, where it is installed,
# reads the files and colours what it should; Neovim starts the server; the VS Code extension starts and ends it under node. An editor that is not
# installed is skipped, and that is said.
set -u
passed=0 failed=0
tongban=$(realpath "${TONGBAN:-build/tongban}")
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
    # As README.md says to install them: the file alone decides what it is.
    mkdir -p "$tmp/home/.vim/pack/tongban/start" && ln -s "$PWD/$editors/vim" "$tmp/home/.vim/pack/tongban/start/tongban"
    printf 'set encoding=utf-8\nfiletype plugin indent on\nsyntax on\n' >"$tmp/home/.vimrc"
    comes_up() {
        local got
        HOME=$tmp/home vim -es -u "$tmp/home/.vimrc" -N -c "edit $tmp/样.tb" \
            -c "redir! > $tmp/up | silent echo &filetype synIDattr(synID(1, 1, 0), 'name') &shiftwidth &indentexpr &makeprg | redir END" -c 'qa!' >/dev/null 2>&1 </dev/null
        got=$(tr -d '\n' <"$tmp/up")
        [ "$got" = 'tongban tongbanHeading 2 TongbanIndent() tongban check %:S' ] && return 0
        echo "$got"
        return 1
    }
    expect 'vim: a .tb file, installed as a package' comes_up
else
    echo 'skipped: vim is not installed'
fi

if command -v nvim >/dev/null; then
    mkdir -p "$tmp/data/nvim/site/pack/tongban/start" "$tmp/bin" && ln -s "$PWD/$editors/vim" "$tmp/data/nvim/site/pack/tongban/start/tongban"
    ln -s "$tongban" "$tmp/bin/tongban"
    printf '流程模板 甲：\n  办件类型 即办件。\n  法定期限 20个工作日，自 受理 至 决定\n' >"$tmp/错.tb"
    PATH=$tmp/bin:$PATH XDG_CONFIG_HOME=$tmp/none XDG_STATE_HOME=$tmp/state XDG_CACHE_HOME=$tmp/cache XDG_DATA_HOME=$tmp/data \
        timeout 60 nvim --headless "$tmp/错.tb" -c 'luafile tests/editors_nvim.lua' >"$tmp/nvim" 2>"$tmp/nvim.err" </dev/null
    cat >"$tmp/nvim.expected" <<'END'
filetype tongban
syntax tongbanHeading
told true
diagnostic TB0053 line 3
hover true
put right true
clients 1 tongban
stopped true
END
    expect 'neovim: filetype, syntax, and the language server' diff "$tmp/nvim.expected" "$tmp/nvim"
    [ -s "$tmp/nvim.err" ] && cat "$tmp/nvim.err"
else
    echo 'skipped: neovim is not installed'
fi

if command -v node >/dev/null; then
    expect 'VS Code: the extension starts the server and ends it' timeout 60 node tests/editors_vscode.js "$editors/vscode" "$tongban"
else
    echo 'skipped: node is not installed, the VS Code extension was not run'
fi
echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
