#!/usr/bin/env bash
# A collection from a real emulator of AWS, over HTTP on 127.0.0.1, as a new user would make it: an organisation of three accounts is
# seeded into moto, then collected, verified and scanned; then a permission is revoked, and given back; then a run is interrupted.
#
# In: `alicerce` with the feature `live` (built here, or $ALICERCE). Out: each command as it is run, and what it said. Where moto is not
# installed (`pip install 'moto[server]'`) that is printed, and nothing is tested. Nothing but the loopback is spoken to.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)

python=${PYTHON:-python3}
if ! "$python" -c 'import moto.server, boto3, flask' 2>/dev/null; then
    echo "skipped: there is no moto with its server (pip install 'moto[server]')"
    exit 0
fi
if [ -z "${ALICERCE:-}" ]; then
    (cd "$root" && cargo build --quiet --locked --features live)
    ALICERCE=${CARGO_TARGET_DIR:-$root/target}/debug/alicerce
fi
work=$(mktemp -d)
server=
finish() {
    [ -z "$server" ] || kill "$server" 2>/dev/null || true
    rm -rf "$work"
}
trap finish EXIT
cd "$work"

say() { printf '\n== %s\n' "$*"; }
# run CODES COMMAND…: shows the command, runs it, and wants one of the exit codes.
run() {
    local codes=$1 code=0
    shift
    printf '$ %s\n' "${*//"$ALICERCE"/alicerce}"
    "$@" >out 2>err || code=$?
    tail -n 3 err | sed 's/^/  /'
    case " $codes " in
    *" $code "*) ;;
    *)
        cat out err
        echo "exit code $code, not one of: $codes"
        exit 1
        ;;
    esac
}

say "moto $("$python" -c 'import moto; print(moto.__version__)')"
port=$("$python" -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
MOTO_IAM_LOAD_MANAGED_POLICIES=true "$python" -m moto.server -H 127.0.0.1 -p "$port" >server.log 2>&1 &
server=$!
url=http://127.0.0.1:$port
for _ in $(seq 100); do
    "$python" -c "import urllib.request; urllib.request.urlopen('$url/moto-api/data.json')" 2>/dev/null && break
    sleep 0.2
done
export AWS_ENDPOINT_URL=$url AWS_ACCESS_KEY_ID=seed AWS_SECRET_ACCESS_KEY=seed AWS_REGION=sa-east-1 AWS_MAX_ATTEMPTS=2
export AWS_EC2_METADATA_DISABLED=true AWS_CONFIG_FILE=$work/none AWS_SHARED_CREDENTIALS_FILE=$work/none
unset AWS_PROFILE AWS_SESSION_TOKEN HTTP_PROXY HTTPS_PROXY http_proxy https_proxy ALL_PROXY all_proxy
"$python" "$here/seed.py" "$url" >made.json
read -r AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY < <("$python" -c 'import json; print(*json.load(open("made.json"))["keys"])')
member=$("$python" -c 'import json; print(json.load(open("made.json"))["members"][0])')

say "an organisation of three accounts"
run 0 "$ALICERCE" permissions --org
run 0 "$ALICERCE" collect -o export --org --regions sa-east-1,us-east-1
"$python" "$here/check.py" made.json export
run 0 "$ALICERCE" verify export
run "0 1" "$ALICERCE" scan export --format json
"$python" "$here/findings.py" out
"$python" "$here/codes.py" export

say "a permission of a member's role is revoked"
"$python" "$here/revoke.py" "$url" "$member" deny
run 0 "$ALICERCE" collect -o revoked --org --accounts "$member" --regions sa-east-1
"$python" "$here/outcome.py" revoked "$member" kms list-keys denied
run 0 "$ALICERCE" verify revoked
run 3 "$ALICERCE" scan revoked --strict --format json
grep -o 'kms list-keys[^"]*denied[^"]*' out | sort | uniq -c | sort -rn | head -n 2

say "it is given back: --resume asks only for what is not there"
"$python" "$here/revoke.py" "$url" "$member" allow
before=$(grep -c 'HTTP/1.1"' server.log)
run 0 "$ALICERCE" collect -o revoked --org --accounts "$member" --regions sa-east-1 --resume
"$python" "$here/outcome.py" revoked "$member" kms list-keys ok
run 0 "$ALICERCE" verify revoked
echo "  HTTP requests of the whole resumed run: $(($(grep -c 'HTTP/1.1"' server.log) - before))"

say "interrupted, then gone on with"
printf '$ alicerce collect -o cut --org --regions sa-east-1,us-east-1   # and ctrl-C\n'
"$ALICERCE" collect -o cut --org --regions sa-east-1,us-east-1 --concurrency 2 2>err &
collecting=$!
for _ in $(seq 200); do
    [ "$(find cut -name '*.json' 2>/dev/null | wc -l)" -lt 40 ] || break
    sleep 0.05
done
kill -INT "$collecting"
code=0
wait "$collecting" || code=$?
tail -n 1 err | sed 's/^/  /'
[ "$code" = 3 ] || { echo "exit code $code, not 3"; exit 1; }
run 0 "$ALICERCE" verify cut
run 0 "$ALICERCE" collect -o cut --org --regions sa-east-1,us-east-1 --resume
"$python" "$here/check.py" made.json cut
run 0 "$ALICERCE" verify cut
echo "the emulator: all that was wanted"
