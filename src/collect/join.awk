# Makes one answer of several of the same operation: lists go on, without what is there already; else the first says it.
# In: files as script.awk prints them (four spaces a level).
function keep() {
    sub(/,$/, "", item)
    if (!((key, item) in had)) { had[key, item] = 1; items[key, ++count[key]] = item }
    item = ""
}
FNR == 1 { files++; key = "" }
/^    "/ {
    match($0, /^    "[^"]*"/)
    key = substr($0, 6, RLENGTH - 6)
    rest = substr($0, RLENGTH + 3)
    sub(/,$/, "", rest)
    mine = !(key in form)
    if (mine) order[++keys] = key
    if (rest == "[" || rest == "[]") { if (mine) form[key] = "list"; inside = rest == "[" ? "list" : ""; next }
    if (mine) { form[key] = "text"; whole[key] = rest }
    inside = rest == "{" ? "text" : ""
    next
}
inside != "" && /^    []}],?$/ { if (inside == "text" && mine) whole[key] = whole[key] "\n    }"; inside = ""; next }
inside == "text" { if (mine) whole[key] = whole[key] "\n" $0; next }
inside == "list" {
    item = item (item == "" ? "" : "\n") $0
    if (/^        [^ ]/ && !/[[{]$/) keep()
    next
}
END {
    print "{"
    for (at = 1; at <= keys; at++) {
        key = order[at]
        end = at < keys ? "," : ""
        if (form[key] != "list") { print "    \"" key "\": " whole[key] end; continue }
        if (!count[key]) { print "    \"" key "\": []" end; continue }
        print "    \"" key "\": ["
        for (nth = 1; nth <= count[key]; nth++) print items[key, nth] (nth < count[key] ? "," : "")
        print "    ]" end
    }
    print "}"
}
