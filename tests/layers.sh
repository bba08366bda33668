#!/usr/bin/env bash
# grammar/ and engine/ are pure: their objects call nothing but each other, memory and string functions of C, and
# utf8proc's tables. No files, no clock, no threads, no environment; malloc in the arena alone. Includes in the wrong
# direction do not compile (Makefile).
set -u
B=${B:-build}
allowed='mem(cpy|cmp|set|move|chr|mem)|str(len|cmp|ncmp|chr|rchr|cpy|cat|spn|cspn|str|tol|toll|toul|toull|pbrk|nlen)|v?snprintf|qsort|bsearch'
allowed="$allowed|_?setjmp|__sigsetjmp|longjmp|utf8proc_[a-z_0-9]+|__stack_chk_fail|__popcountdi2|__assert_fail|abort|__isoc(99|23)_[a-z]+|_GLOBAL_OFFSET_TABLE_"
objects=$(find "$B/obj/grammar" "$B/obj/gen" "$B/obj/engine" -name '*.o' | sort)
defined=$(nm --defined-only $objects | awk 'NF == 3 {print $3}' | sort -u)
passed=0 failed=0
for object in $objects; do
    extra=$allowed
    [[ $object == */grammar/arena.o ]] && extra="$allowed|malloc|free"
    [[ $object == */gen/lexer.o ]] && extra="$allowed|__errno_location" # flex's yylex_init sets errno: a thread's own, nobody reads it
    foreign=$(nm -u "$object" | awk '{print $2}' | sort -u | comm -23 - <(echo "$defined") | grep -vxE "$extra")
    data=$(objdump -t "$object" | awk 'NF > 3 && $(NF-2) ~ /^\.(data|bss)$/ && $3 == "O" {print $NF}') # what can be written to: globals
    if [ -z "$foreign$data" ]; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        echo "$object: FAILED: calls" $foreign "${data:+and has variables }"$data
    fi
done
echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
