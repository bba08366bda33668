# The catalogue of diagnostics (grammar/诊断*.md) as C data: one tb_explanation a section. What the files look like is
# told at the head of grammar/诊断.md; anything else here stops the build with the line.
function fail(why) { printf "%s:%d: %s\n", FILENAME, FNR, why > "/dev/stderr"; bad = 1; exit 1 }
function quoted(s) { gsub(/\\/, "\\\\", s); gsub(/"/, "\\\"", s); gsub(/\n/, "\\n", s); return "\"" s "\"" }
function begin_section(    at) {
    end_section()
    code = $2
    title = substr($0, length("## " code " ") + 1)
    at = index(title, " / ")
    if (!at) fail("标题写成 ## 代码 中文 / English")
    zh_title = substr(title, 1, at - 1)
    en_title = substr(title, at + 3)
    zh = en = wrong = right = words = right_words = ""
}
function end_section() {
    if (code == "") return
    if (zh == "" || en == "") fail(code " 的说明要有中文（一段）和英文（“> ”开头的一段）")
    printf "    {%s, %s, %s,\n     %s,\n     %s,\n", quoted(code), quoted(zh_title), quoted(en_title), quoted(zh), quoted(en)
    printf "     %s, %s,\n     %s, %s},\n", quoted(wrong), quoted(words), quoted(right), quoted(right_words)
    code = ""
}
function fence_line() {
    if (fence == "错") wrong = wrong $0 "\n"
    else if (fence == "对") right = right $0 "\n"
    else if (fence == "前言") preamble = preamble $0 "\n"
    else if (fence == "收尾") ending = ending $0 "\n"
}
BEGIN {
    print "/* Made from grammar/诊断*.md by grammar/catalogue.awk. */"
    print "#include \"catalogue.h\""
    print "const tb_explanation tb__explanations[] = {"
}
fence != "" && /^```$/ { fence = ""; next }
fence != "" { fence_line(); next }
/^```tb / {
    fence = $2
    if (code == "" && fence != "前言" && fence != "收尾") fail("例子要写在 ## 代码 之下")
    for (i = 3; i <= NF; i++) {
        if (fence == "错") words = words $i " "
        if (fence == "对") right_words = right_words $i " "
    }
    if (fence !~ /^(错|对|前言|收尾)$/) fail("例子写成 ```tb 错 或 ```tb 对")
    next
}
/^```/ { fence = "别的"; next }
/^## (TB[0-9][0-9][0-9][0-9]|[A-Z][A-Z_]+) / { begin_section(); next }
/^#/ { end_section(); next }
code == "" || /^[ \t]*$/ { next }
/^> / { en = en (en == "" ? "" : "\n") substr($0, 3); next }
{ zh = zh (zh == "" ? "" : "\n") $0 }
END {
    if (bad) exit 1
    if (fence != "") fail("``` 没有收住")
    end_section()
    if (bad) exit 1
    print "    {0}};"
    print "const char tb__example_preamble[] =\n    " quoted(preamble) ";"
    print "const char tb__example_ending[] =\n    " quoted(ending) ";"
}
