#!/usr/bin/env bash
# Re-runs every claim of docs/trust.md, in its order: tests/trust.sh [--quick] [--no-fuzzing]
#
# --quick: 2,000 pairs instead of 120,000 in the differential run, 30 seconds instead of 30 minutes a fuzz target.
# --no-fuzzing: without the last claim, whose build takes minutes.
# What needs more than the repository (npm, cargo-fuzz, AWS's own policies) says so where it is absent and is counted as skipped.
set -uo pipefail
cd "$(dirname "$0")/.."
pairs=120000 seconds=1800 fuzzing=yes
for option in "$@"; do
  case $option in
    --quick) pairs=2000 seconds=30 ;;
    --no-fuzzing) fuzzing=no ;;
    *) echo "tests/trust.sh [--quick] [--no-fuzzing]" >&2; exit 2 ;;
  esac
done
failed=0 skipped=0
claim() {
  local name=$1; shift
  local log; log=$(mktemp)
  if "$@" >"$log" 2>&1; then
    echo "holds    $name    ($*)"
    grep -E '^test result: ok|compared,|Done [0-9]+ runs' "$log" | sed 's/^/           /'
    if grep -q '^skipped: ' "$log"; then grep '^skipped: ' "$log" | sort -u | sed 's/^/           /'; fi
  else
    echo "FAILS    $name    ($*)"; tail -n 25 "$log"; failed=$((failed + 1))
  fi
}
skip() { echo "skipped  $1: $2"; skipped=$((skipped + 1)); }
claim "documented cases" cargo test --quiet --test iam_cases
claim "properties and the reference evaluator" cargo test --quiet --test reference
if command -v npm >/dev/null; then claim "differential run" tests/differential/run.sh "$pairs"; else skip "differential run" "npm is not installed"; fi
claim "the solver" cargo test --quiet --test iam_solve
claim "the solver, by random requests" cargo test --quiet --test iam_random
claim "the language" cargo test --quiet --test iam
claim "AWS's own policies" cargo test --quiet --test iam_published -- --nocapture
claim "the rules' cases" cargo test --quiet --test rules
claim "the example" cargo test --quiet --test example --test example_rules
claim "places and SARIF" cargo test --quiet --test example_sarif --test sarif --test documents
claim "hostile input" cargo test --quiet --test hostile --test hostile_cli
claim "the core imports nothing" cargo test --quiet --test direction --test habits
if [ $fuzzing = no ]; then skip "fuzzing" "as asked"
elif command -v cargo-fuzz >/dev/null; then claim "fuzzing" fuzz/run.sh "$seconds"; else skip "fuzzing" "cargo-fuzz is not installed"; fi
echo "$failed failed, $skipped skipped"
[ $failed -eq 0 ]
