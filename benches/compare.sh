#!/usr/bin/env bash
# Decisions per second, here and in @cloud-copilot/iam-simulate, on the same cases in the same run, each on one core.
#
#   benches/compare.sh [CASES...]        fixtures/iam/*.json, unless files are named; SECONDS_EACH=10 goes on longer
#
# Needs node. The npm package is a tool of this comparison and no part of alicerce: it is installed below target/ once.
set -euo pipefail
cd "$(dirname "$0")/.."
[ $# -gt 0 ] || set -- fixtures/iam/*.json
seconds=${SECONDS_EACH:-5}
built=${CARGO_TARGET_DIR:-target}
tool=target/compare
mkdir -p "$tool"
[ -d "$tool/node_modules/@cloud-copilot/iam-simulate" ] || npm install --silent --no-fund --no-audit --prefix "$tool" @cloud-copilot/iam-simulate >/dev/null
cases=()
for file in "$@"; do cases+=("$(realpath "$file")"); done
pin=()
if command -v taskset >/dev/null; then pin=(taskset -c "$(taskset -cp $$ | grep -oE '[0-9]+$')"); fi
cargo build --quiet --release --example cases
theirs=$(cd "$tool" && "${pin[@]}" node ../../benches/compare.mjs "$seconds" suited.jsonl "${cases[@]}")
ours=$("${pin[@]}" "$built/release/examples/cases" "$seconds" "$tool/suited.jsonl")
awk '
  { value[$1] = $2 }
  END {
    printf "%d cases, one core, each side at its fastest\n", value["cases"]
    printf "%-52s %10d decisions/s\n", "@cloud-copilot/iam-simulate " value["version"], value["simulate"]
    split("answer reasons anew", names, " ")
    title["answer"] = "alicerce, the answer"
    title["reasons"] = "alicerce, with reasons"
    title["anew"] = "alicerce, with reasons, policies read each time"
    for (i = 1; i <= 3; i++) printf "%-52s %10d decisions/s, %d times\n", title[names[i]], value[names[i]], value[names[i]] / value["simulate"]
  }' <<<"$theirs
$ours"
