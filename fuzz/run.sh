#!/usr/bin/env bash
# Runs fuzz targets one after the other: fuzz/run.sh [SECONDS] [TARGET...]
#
# SECONDS each (1800), all targets unless some are named, with the lowest priority. Seeds come from fixtures/iam.
# Prints one line a target: executions, seconds, crashes, size of the corpus. Exit code 1 where something was found.
set -uo pipefail
cd "$(dirname "$0")"
seconds=${1:-1800}; shift || true
targets=("$@"); [ ${#targets[@]} -gt 0 ] || targets=(decide conditions glob case policy json yaml)
export RUSTC_BOOTSTRAP=1
command -v cargo-fuzz >/dev/null || { echo "cargo install cargo-fuzz first" >&2; exit 2; }
python3 seeds.py
cargo fuzz build --sanitizer none || exit 2
found=0
for target in "${targets[@]}"; do
  mkdir -p "corpus/$target" "artifacts/$target"
  log=$(mktemp)
  nice -n 19 target/*/release/"$target" -artifact_prefix="artifacts/$target/" -max_total_time="$seconds" -max_len=8192 \
    -timeout=20 -rss_limit_mb=2048 "corpus/$target" >"$log" 2>&1
  code=$?
  echo "$target: $(grep -a '^Done' "$log" || echo "stopped with code $code"); corpus $(ls "corpus/$target" | wc -l)"
  if [ $code -ne 0 ]; then found=1; tail -n 30 "$log"; fi
done
exit $found
