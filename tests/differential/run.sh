#!/usr/bin/env bash
# Compares random policies and requests with @cloud-copilot/iam-simulate: tests/differential/run.sh [N] [SEED]
#
# N pairs (110,000) of the seed (1) are made by tests/reference.rs, which also holds each against the reference
# evaluator, then decided by the npm package, which is run as it is, in target/differential. Prints the tally and the
# table; exit code 1 where a difference is not settled by AWS's documentation. docs/trust.md keeps the last result.
set -euo pipefail
cd "$(dirname "$0")/../.."
count=${1:-110000} seed=${2:-1} here=$PWD room=$PWD/target/differential
mkdir -p "$room"
[ -d "$room/node_modules/@cloud-copilot/iam-simulate" ] || (cd "$room" && npm install --no-audit --no-fund --silent @cloud-copilot/iam-simulate@0.1.173)
ALICERCE_CASES="$room/cases.jsonl" ALICERCE_CASE_COUNT=$count ALICERCE_SEED=$seed \
  cargo test --quiet --test reference many_random_cases -- --ignored --nocapture
cd "$room"
node "$here/tests/differential/compare.mjs" --differ differing.jsonl cases.jsonl
