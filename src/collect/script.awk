# Reads JSON as the AWS CLI prints it: one member or bracket a line. What does not look so ends it with exit code 3, so that
# nothing is kept which was not understood. Everything is bytes (LC_ALL=C).
#   job=filter  prints it again, with what stands in secret-bearing places replaced by what kind it is and how long, and with
#               `***` for what tells itself to be a secret anywhere else
#   job=ids     prints the texts at ENVIRON["AT"] (`Roles[].Arn`), each with ENVIRON["PARENT"]; with ENVIRON["WHERE"] and
#               ENVIRON["IS"] only those of elements whose scalar there is that, with ENVIRON["NOT"] only of the others
# The places are those of src/input/redact.rs, the kinds those of src/input/classify.rs.

function refuse() { failed = 1; exit 3 }

# The text of a JSON string, without its quotes.
function decoded(s,    out, at, c, code, low) {
    if (index(s, "\\") == 0) return s
    out = ""
    while ((at = index(s, "\\")) > 0) {
        out = out substr(s, 1, at - 1)
        c = substr(s, at + 1, 1)
        s = substr(s, at + 2)
        if (c == "u") {
            code = hex(substr(s, 1, 4))
            s = substr(s, 5)
            if (code >= 55296 && code < 56320 && substr(s, 1, 2) == "\\u") {
                low = hex(substr(s, 3, 4))
                s = substr(s, 7)
                code = 65536 + (code - 55296) * 1024 + (low - 56320)
            }
            out = out utf8(code)
        } else if (c == "n") out = out "\n"
        else if (c == "t") out = out "\t"
        else if (c == "r") out = out "\r"
        else if (c == "b" || c == "f") out = out "\001"
        else out = out c
    }
    return out s
}

function hex(s,    value, at, digit) {
    value = 0
    for (at = 1; at <= length(s); at++) {
        digit = index("0123456789abcdef", tolower(substr(s, at, 1)))
        if (digit == 0) refuse()
        value = value * 16 + digit - 1
    }
    return value
}

function utf8(code) {
    if (code == 0) return "\001"
    if (code < 128) return sprintf("%c", code)
    if (code < 2048) return sprintf("%c%c", 192 + int(code / 64), 128 + code % 64)
    if (code < 65536) return sprintf("%c%c%c", 224 + int(code / 4096), 128 + int(code / 64) % 64, 128 + code % 64)
    return sprintf("%c%c%c%c", 240 + int(code / 262144), 128 + int(code / 4096) % 64, 128 + int(code / 64) % 64, 128 + code % 64)
}

# Standard Base64 as text in `plain`, its length in `plain_length`; false for anything else.
function base64(s,    at, value, bits, count, digits, pad) {
    gsub(/[\n\r ]/, "", s)
    pad = 0
    while (s ~ /=$/ && pad < 2) { s = substr(s, 1, length(s) - 1); pad++ }
    if (s == "" || s !~ /^[A-Za-z0-9+\/]*$/ || length(s) % 4 == 1 || (pad && (length(s) + pad) % 4 != 0)) return 0
    digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    plain = ""; plain_length = 0; value = 0; bits = 0
    for (at = 1; at <= length(s); at++) {
        value = value * 64 + index(digits, substr(s, at, 1)) - 1
        bits += 6
        if (bits >= 8) {
            bits -= 8
            count = int(value / 2 ^ bits)
            value -= count * 2 ^ bits
            plain = plain (count == 0 ? "\001" : sprintf("%c", count))
            plain_length++
        }
    }
    return 1
}

function trimmed(s) {
    sub(/^[ \t\n\r]+/, "", s)
    sub(/[ \t\n\r]+$/, "", s)
    return s
}

function is_reference(s) {
    if (s == "" || s ~ /[ \t\n\r]/) return 0
    return s ~ /^arn:[^:]*:(secretsmanager|ssm|kms):/ || s ~ /^[{][{]resolve:.*[}][}]$/ || s ~ /^[$][{].*[}]$/
}

function is_placeholder(s,    lower, inner) {
    lower = tolower(s)
    inner = lower
    sub(/^[^a-z0-9]+/, "", inner)
    sub(/[^a-z0-9]+$/, "", inner)
    if (inner == "" || s ~ /EXAMPLE$/ || s ~ /EXAMPLEKEY$/ || lower ~ /^[$][{]/ || lower ~ /^<.*>$/ || inner ~ /^x+$/) return 1
    if (inner ~ /^(changeme|change-me|change_me|placeholder|redacted|example|none|null|todo|dummy)$/) return 1
    return inner ~ /^(your|replace|insert)[-_]/
}

# Whether a match of the form, at the start of a word where `bound`, is so long.
function has(s, form, least, bound,    before) {
    before = ""
    while (match(s, form)) {
        if (RSTART > 1) before = substr(s, RSTART - 1, 1)
        if (RLENGTH >= least && !(bound && before ~ /[A-Za-z0-9_]/)) return 1
        before = substr(s, RSTART + RLENGTH - 1, 1)
        s = substr(s, RSTART + RLENGTH)
    }
    return 0
}

function has_access_key(s,    before, found, after) {
    before = ""
    while (match(s, /(AKIA|ASIA)[A-Z2-7]+/)) {
        if (RSTART > 1) before = substr(s, RSTART - 1, 1)
        found = substr(s, RSTART, RLENGTH)
        after = substr(s, RSTART + RLENGTH, 1)
        if (length(found) == 20 && before !~ /[A-Za-z0-9_]/ && after !~ /[A-Za-z0-9_]/) return found !~ /EXAMPLE$/
        before = substr(found, length(found), 1)
        s = substr(s, RSTART + RLENGTH)
    }
    return 0
}

function has_password(s,    found) {
    if (!match(s, /[a-zA-Z][a-zA-Z0-9+.-]*:\/\/[^ \t\n\r\/:@]*:[^ \t\n\r\/@]+@[^ \t\n\r\/@]/)) return 0
    found = substr(s, RSTART, RLENGTH)
    sub(/@[^@]*$/, "", found)
    sub(/^.*:/, "", found)
    return !is_placeholder(found) && !is_reference(found)
}

function is_random(s,    classes, at, n, count, c, entropy, p) {
    n = length(s)
    if (n < 8 || s ~ /[ \t\n\r]/) return 0
    classes = (s ~ /[a-z]/) + (s ~ /[A-Z]/) + (s ~ /[0-9]/) + (s ~ /[^A-Za-z0-9]/)
    if (classes < 2 || (s ~ /^\// && s !~ /=/)) return 0
    split("", count)
    for (at = 1; at <= n; at++) count[substr(s, at, 1)]++
    entropy = 0
    for (c in count) { p = count[c] / n; entropy -= p * log(p) / log(2) }
    return entropy > 2.5
}

# A JSON string with `***` where the form stands in it and is so long.
function without(s, form, least,    out) {
    out = ""
    while (match(s, form)) {
        out = out substr(s, 1, RSTART - 1) (RLENGTH >= least ? "***" : substr(s, RSTART, RLENGTH))
        s = substr(s, RSTART + RLENGTH)
    }
    return out s
}

# A JSON string without what tells itself to be a secret; the forms are those of src/input/veil.rs.
function veiled(s,    out, rest, found, start, long) {
    while (match(s, /-----BEGIN [A-Z0-9 ]*PRIVATE KEY-----/)) {
        out = substr(s, 1, RSTART - 1)
        rest = substr(s, RSTART + RLENGTH)
        start = match(rest, /-----END [A-Z0-9 ]*PRIVATE KEY-----/)
        long = RLENGTH
        found = index(rest, "\"")
        if (!start || start > found) { start = match(rest, /^([A-Za-z0-9+\/= ]|\\[nrt])*/); long = RLENGTH }
        s = out "***" substr(rest, start + long)
    }
    s = without(s, "sk-ant-[A-Za-z0-9_-]+", 23)
    s = without(s, "ABSK[A-Za-z0-9+/=]+", 44)
    s = without(s, "bedrock-api-key-[A-Za-z0-9+/=]+", 32)
    s = without(s, "gh[pousr]_[A-Za-z0-9]+", 40)
    s = without(s, "github_pat_[A-Za-z0-9_]+", 61)
    out = ""
    while (match(s, /[a-zA-Z][a-zA-Z0-9+.-]*:\/\/[^ \t\/:@"'\\,;{}<>]*:[^ \t\/@"\\]+@[^ \t\/@"]/)) {
        found = substr(s, RSTART, RLENGTH)
        rest = substr(s, RSTART + RLENGTH)
        out = out substr(s, 1, RSTART - 1)
        if (has_password(found)) {
            start = substr(found, 1, index(found, "://") + 2)
            long = substr(found, length(start) + 1)
            found = start substr(long, 1, index(long, ":")) "***@" substr(found, length(found), 1)
        }
        out = out found
        s = rest
    }
    return out s
}

function kind_of(name, s,    lower, last) {
    s = trimmed(s)
    if (is_reference(s)) return "reference"
    if (is_placeholder(s)) return "plain"
    if (s ~ /-----BEGIN [A-Z0-9 ]*PRIVATE KEY-----/) return "private-key"
    if (has(s, "sk-ant-[A-Za-z0-9_-]+", 23, 0)) return "anthropic-api-key"
    if (has(s, "ABSK[A-Za-z0-9+/=]+", 44, 1) || has(s, "bedrock-api-key-[A-Za-z0-9+/=]+", 32, 1)) return "bedrock-bearer-token"
    if (has(s, "gh[pousr]_[A-Za-z0-9]+", 40, 1) || has(s, "github_pat_[A-Za-z0-9_]+", 61, 1)) return "github-token"
    if (has_access_key(s)) return "aws-access-key"
    if (has_password(s)) return "password-in-url"
    lower = tolower(name)
    if (length(s) == 40 && s ~ /^[A-Za-z0-9+\/]*$/ && (lower ~ /secret/ || (lower ~ /aws/ && lower ~ /key/)) && is_random(s))
        return "aws-secret-key"
    gsub(/-/, "_", lower)
    last = lower
    sub(/^.*_/, "", last)
    if (lower ~ /password|passwd|pwd|secret|token|apikey|api_key|accesskey|access_key|private_key|credential|auth_key|signing_key/ &&
        last !~ /^(arn|name|id|path|file|url|uri|endpoint|ttl|expiry|length|count|limit)$/ && is_random(s)) return "credential"
    return "plain"
}

# What is written in place of a scalar of a secret-bearing place.
function classified(name, raw, encoded,    text, kind, size) {
    if (raw == "null") return raw
    text = raw ~ /^"/ ? decoded(substr(raw, 2, length(raw) - 2)) : raw
    size = length(text)
    if (encoded && base64(text)) { text = plain; size = plain_length; kind = kind_of("UserData", text) }
    else {
        kind = kind_of(name, text)
        if (kind == "reference") return raw
    }
    return "{\"alicerce_secret\": {\"kind\": \"" kind "\", \"length\": " size "}}"
}

# How the values below a member are to be read: `all` of them are secret; `env`, `vars`, `pair` and `user` hold some that are, and so
# do `list` (arguments of a program) and `told` (only what looks like one is).
function mode_of(inside, key) {
    if (inside == "all" || inside == "data") return inside
    if (inside == "env" && key == "Variables") return "all"
    if (inside == "vars") return "all"
    if (inside == "pair" && (key == "value" || key == "Value")) return "all"
    if (inside == "user" && (key == "value" || key == "Value")) return "data"
    if (key == "Environment" || key == "environment") return "env"
    if (key == "EnvironmentVariables" || key == "environmentVariables" || key == "environmentVariablesOverride") return "vars"
    if (key == "UserData" || key == "userData") return "user"
    if (key == "env") return "vars"
    if (key == "command" || key == "Command" || key == "entryPoint" || key == "EntryPoint" || key == "args") return "list"
    if (key ~ /^(headers|HeaderParameters|QueryStringParameters|staticQueryParameters|customParameters|MasterUserPassword)$/) return "all"
    if (inside == "log" && (key == "options" || key == "Options")) return "told"
    if (inside == "told") return inside
    if (key ~ /^([lL]ogConfiguration|[fF]irelensConfiguration)$/) return "log"
    return ""
}

function mode_of_element(inside) {
    if (inside == "env" || inside == "vars") return "pair"
    if (inside == "user") return "data"
    if (inside == "list") return "all"
    if (inside == "told" || inside == "log") return ""
    return inside == "pair" ? "" : inside
}

function emit(id) {
    if (id ~ /[\001-\037]/) refuse()
    if (id != "") print id "\037" ENVIRON["PARENT"]
}

function seen_scalar(path, raw,    text) {
    if (job != "ids") return
    text = raw ~ /^"/ ? decoded(substr(raw, 2, length(raw) - 2)) : raw
    if (path == ENVIRON["AT"] && raw ~ /^"/) {
        if (ENVIRON["WHERE"] == "") emit(text)
        else candidate = text
    } else if (path == where && text == ENVIRON["IS"]) fits = 1
}

BEGIN {
    depth = 0; began = 0; failed = 0; candidate = ""; fits = 0
    element = ENVIRON["AT"]
    sub(/\.[^.]*$/, "", element)
    where = element "." ENVIRON["WHERE"]
    string = "^\"[^\"\\\\]*(\\\\.[^\"\\\\]*)*\""
}

{
    sub(/\r$/, "")
    text = $0
    sub(/^[ \t]+/, "", text)
    indent = substr($0, 1, length($0) - length(text))
    sub(/[ \t]+$/, "", text)
    if (text == "") next
    comma = sub(/,$/, "", text) ? "," : ""
    if (began && depth == 0) refuse()
    if (text == "}" || text == "]") {
        if (depth == 0 || type[depth] != (text == "}" ? "{" : "[")) refuse()
        if (job == "ids" && at[depth] == element && type[depth] == "{") {
            if (candidate != "" && fits == (ENVIRON["NOT"] == "")) emit(candidate)
            candidate = ""; fits = 0
        }
        depth--
        if (job == "filter") print indent text comma
        next
    }
    head = ""; key = ""
    if (depth > 0 && type[depth] == "{") {
        if (!match(text, string) || substr(text, RLENGTH + 1, 2) != ": ") refuse()
        head = substr(text, 1, RLENGTH + 2)
        key = decoded(substr(text, 2, RLENGTH - 2))
        text = substr(text, RLENGTH + 3)
        path = at[depth] == "" ? key : at[depth] "." key
        mode = mode_of(modes[depth], key)
        # Below a variable that is itself a structure, the name is still the variable's.
        name = modes[depth] == "pair" ? names[depth] : (modes[depth] == "all" && named[depth] != "" ? named[depth] : key)
    } else if (depth > 0) {
        path = at[depth] "[]"
        mode = mode_of_element(modes[depth])
        name = named[depth]
    } else {
        if (text != "{" && text != "{}") refuse()
        path = ""; mode = ""; name = ""
    }
    if (text == "{" || text == "[") {
        depth++; began = 1
        type[depth] = text; at[depth] = path; modes[depth] = mode; names[depth] = ""
        named[depth] = mode == "list" ? "command" : (mode == "all" && modes[depth - 1] != "env" && modes[depth - 1] != "") ? name : ""
        if (job == "filter") print indent head text
        if (comma != "") refuse()
        next
    }
    if (depth == 0) began = 1
    if (text != "{}" && text != "[]") {
        # What this filter itself wrote, read again for identifiers.
        if (job == "ids" && text ~ /^[{]"alicerce_secret": [{]"kind": "[a-z-]*", "length": [0-9]+[}][}]$/) next
        if (text ~ /^"/) { if (!match(text, string) || RLENGTH != length(text)) refuse() }
        else if (text !~ /^(true|false|null|-?[0-9][0-9.eE+-]*)$/) refuse()
        seen_scalar(path, text)
        if (modes[depth] == "pair") {
            if ((key == "name" || key == "Name") && text ~ /^"/) names[depth] = decoded(substr(text, 2, length(text) - 2))
        }
        if (mode == "all") text = classified(name, text, 0)
        else if (mode == "user" || mode == "data") text = classified("UserData", text, 1)
        else if (mode == "pair") text = classified(name, text, 0)
        else if (mode == "told" && classified(name, text, 0) !~ /"plain"/) text = classified(name, text, 0)
        else if (text ~ /^"/) text = veiled(text)
    }
    if (job == "filter") print indent head text comma
}

END {
    # An answer that ends midway is none.
    if (failed || depth != 0 || !began) exit 3
}
