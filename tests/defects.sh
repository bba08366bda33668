#!/usr/bin/env bash
# Is the prover to be trusted? Each entry of tests/defects.case breaks one thing in a shipped matter (or one of tests/matters, for what
# no shipped one does), as a hand might: an exit
# dropped, a limit loosened, a ground that does not reach, one person for two duties. `check` has to find it, and for
# the right reason: the code that stands there. As shipped, none of those codes is reported.
set -u
tongban=${TONGBAN:-build/tongban}
passed=0 failed=0
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cp -r rules "$dir/"

fail() {
    failed=$((failed + 1))
    printf 'FAILED: %s\n  %s\n' "$name" "$1"
}
# The edits of one entry are in `text`; what was wrong with the entry itself is in `wrong`.
finish() {
    [ -z "$name" ] && return
    local said code missing=
    if [ -n "$wrong" ]; then
        fail "$wrong"
    else
        printf '%s' "$text" >"$dir/$file"
        said=$("$tongban" check --lang en "$dir/$file" 2>&1)
        for code in $codes; do
            [[ $said == *"error $code"* ]] || missing+=" $code"
            [[ $shipped == *"error $code"* ]] && missing+=" ($code is reported of the matter as shipped)"
        done
        if [ -n "$missing" ] || [ -z "$codes" ]; then fail "not found:$missing"$'\n'"$(grep -o 'error TB.*' <<<"$said")"
        else passed=$((passed + 1)); fi
        cp "$file" "$dir/$file"
    fi
    name=
}

name= file= shipped=
while IFS= read -r line; do
    case $line in
    '文件 '*)
        finish
        file=${line#文件 }
        mkdir -p "$dir/$(dirname "$file")"
        shipped=$("$tongban" check --lang en "$file" 2>&1)
        ;;
    '==== '*)
        finish
        name=${line#==== } text=$(cat "$file" && printf x) wrong= codes=
        text=${text%x}
        ;;
    '- '*) old=${line#- } old=${old//\\n/$'\n'} ;;
    '+ '* | '+')
        new=${line#+} new=${new# } new=${new//\\n/$'\n'}
        rest=${text#*"$old"}
        if [ "$rest" = "$text" ]; then wrong="not in $file: $old"
        elif [ "${rest#*"$old"}" != "$rest" ]; then wrong="more than once in $file: $old"
        else text=${text%%"$old"*}$new$rest; fi
        ;;
    '= '*) codes=${line#= } ;;
    esac
done <tests/defects.case
finish
echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
