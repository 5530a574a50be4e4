#!/bin/sh
# Reads AWS accounts into the folder of an alicerce export, with the AWS CLI and nothing else: for places where no foreign
# program may run. Written by `alicerce export-script`, @TOOL@.
#
#   sh export.sh [DIR]        DIR is `export` where it is left out
#
# It only reads; two calls ask IAM to make a report. Interrupted, or run again, it asks only for what is not in DIR yet. Values
# of environment variables and user data pass through a filter before anything is written: only their kind and length are.
set -u
umask 077

out=${1:-export}
regions=@REGIONS@
# shellcheck disable=SC2016  # nothing in it is to be expanded
profile=@PROFILE@
organization=@ORGANIZATION@
# shellcheck disable=SC2016
role=@ROLE@
# shellcheck disable=SC2016
external_id=@EXTERNAL_ID@

AWS_PAGER=''
AWS_CLI_AUTO_PROMPT=off
AWS_RETRY_MODE=${AWS_RETRY_MODE:-standard}
AWS_MAX_ATTEMPTS=${AWS_MAX_ATTEMPTS:-8}
export AWS_PAGER AWS_CLI_AUTO_PROMPT AWS_RETRY_MODE AWS_MAX_ATTEMPTS

say() { printf '%s\n' "$*" >&2; }

give_up() {
    say "export.sh: $*"
    exit 2
}

command -v aws >/dev/null 2>&1 || give_up 'there is no aws (the AWS CLI) on the PATH'
if command -v sha256sum >/dev/null 2>&1; then
    digests() { sha256sum "$@"; }
elif command -v shasum >/dev/null 2>&1; then
    digests() { shasum -a 256 "$@"; }
else
    give_up 'there is neither sha256sum nor shasum'
fi
case $out in -*) out=./$out ;; esac
mkdir -p "$out" || give_up "cannot make the folder $out"
out=$(cd "$out" && pwd) || give_up 'cannot enter the folder'
work=$out/.export-script
mkdir "$work" 2>/dev/null || {
    # Of a run that was killed; its answers are already where they belong.
    rm -rf "$work"
    mkdir "$work" || give_up "cannot write to $out"
}
separator=$(printf '\037')
started=$(date -u +%Y-%m-%dT%H:%M:%SZ)
caller='' stopped='' account='' region='' folder='' partition=aws
key_id='' key_secret='' key_session=''
answered=0 denied=0 failed=0 skipped=0
: >"$work/log"
: >"$work/index"

cat >"$work/json.awk" <<'AWK'
@JSON_AWK@AWK
cat >"$work/join.awk" <<'AWK'
@JOIN_AWK@AWK
# `account US region US service US operation US resource US status US code US message US path` a line, to manifest.json.
cat >"$work/manifest.awk" <<'AWK'
function quoted(s) {
    gsub(/\\/, "\\\\", s)
    gsub(/"/, "\\\"", s)
    gsub(/[\001-\037\177]/, " ", s)
    return "\"" s "\""
}
function member(name, value) { return value == "" ? "" : ", " quoted(name) ": " quoted(value) }
FILENAME == ARGV[1] {
    path = substr($0, index($0, " ") + 1)
    sub(/^[ *]*(\.\/)?/, "", path)
    digest[path] = substr($0, 1, 64)
    next
}
{
    split($0, part, "\037")
    name = part[1] SUBSEP part[2] SUBSEP part[3] SUBSEP part[4] SUBSEP part[5]
    if (!(name in line)) order[++calls] = name
    line[name] = "{\"account\": " quoted(part[1]) member("region", part[2]) member("service", part[3]) member("operation", part[4]) \
        member("resource", part[5]) member("status", part[6]) member("code", part[7]) member("message", part[8]) "}"
    if (part[6] == "ok" && (part[9] in digest)) ours[part[9]] = 1
}
END {
    print "{\n  \"alicerce_export\": 1,\n  \"collected_at\": " quoted(ENVIRON["STARTED"]) ","
    print "  \"finished_at\": " quoted(ENVIRON["FINISHED"]) ",\n  \"caller\": " quoted(ENVIRON["CALLER"]) ","
    print "  \"tool\": \"@TOOL@ export-script\",\n  \"calls\": ["
    for (nth = 1; nth <= calls; nth++) print "    " line[order[nth]] (nth < calls ? "," : "")
    print "  ],\n  \"files\": {"
    for (path in ours) files++
    for (path in ours) print "    " quoted(path) ": " quoted(digest[path]) (++written < files ? "," : "")
    print "  }\n}"
}
AWK

manifest() {
    (cd "$out" && find . -name '*.json' -type f ! -path './manifest.json' ! -path './.export-script/*' -print >"$work/files" &&
        { while IFS= read -r file; do digests "$file"; done <"$work/files"; } >"$work/digests") || return 1
    STARTED=$started FINISHED=$(date -u +%Y-%m-%dT%H:%M:%SZ) CALLER=$caller \
        LC_ALL=C awk -f "$work/manifest.awk" "$work/digests" "$work/log" >"$work/manifest" &&
        mv -f "$work/manifest" "$out/manifest.json"
}

# Whatever ends the script, what is there is a valid export.
leave() {
    trap '' INT TERM HUP
    manifest || say 'export.sh: the manifest could not be written'
    rm -rf "$work"
    say "$answered calls answered, $denied denied, $failed failed, $skipped not made"
    if [ -n "$stopped" ] || [ "$1" -ne 0 ]; then
        say "not complete${stopped:+: $stopped}; go on with the same command"
        exit "${2:-3}"
    fi
    say "next: alicerce verify '$out' && alicerce scan '$out'"
    exit 0
}
trap 'leave 1 130' INT
trap 'leave 1 143' TERM HUP

# The AWS CLI, in the Region, as the account that is read.
cli() (
    if [ -n "$key_id" ]; then
        unset AWS_PROFILE AWS_DEFAULT_PROFILE AWS_SECURITY_TOKEN
        AWS_ACCESS_KEY_ID=$key_id AWS_SECRET_ACCESS_KEY=$key_secret AWS_SESSION_TOKEN=$key_session
        export AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY AWS_SESSION_TOKEN
    elif [ -n "$profile" ]; then
        unset AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY AWS_SESSION_TOKEN
        set -- "$@" "--profile=$profile"
    fi
    exec aws "$@" "--region=$region" </dev/null
)

# A resource's identifier as it stands in a file's name.
encoded() {
    printf '%s' "$1" | LC_ALL=C awk '
        BEGIN { for (code = 1; code < 256; code++) hex[sprintf("%c", code)] = sprintf("%%%02X", code) }
        {
            if (NR > 1) printf "%s", "%0A"
            for (at = 1; at <= length($0); at++) {
                byte = substr($0, at, 1)
                printf "%s", byte ~ /[A-Za-z0-9.,_-]/ ? byte : hex[byte]
            }
        }'
}

# STATUS CODE MESSAGE: how the call ended.
ended() {
    case $1 in
        ok) answered=$((answered + 1)) ;;
        denied) denied=$((denied + 1)) ;;
        not-attempted) skipped=$((skipped + 1)) ;;
        *) failed=$((failed + 1)) ;;
    esac
    printf '%s' "$account$separator$folder$separator$service$separator$operation$separator$resource$separator" >>"$work/log"
    printf '%s\n' "$1$separator$2$separator$3$separator$path" >>"$work/log"
    say "$account $folder $service $operation${resource:+ $resource}: $1${2:+ ($2)}"
}

# From here on this answer can be asked for its identifiers.
indexed() {
    printf '%s\n' "$account$separator$folder$separator$service$separator$operation$separator$asked$separator$path" >>"$work/index"
}

# SERVICE OPERATION RESOURCE ASKED: begins a call; false where there is nothing to do for it.
begin() {
    service=$1 operation=$2 resource=$3 asked=$4 parts=0 broken=''
    path=$account/$folder/$service/$operation${resource:+.$(encoded "$resource")}.json
    if [ -f "$out/$path" ]; then
        ended ok '' ''
        indexed
        return 1
    fi
    if [ -n "$stopped" ]; then
        ended not-attempted Stopped 'the script was stopped before this call'
        return 1
    fi
}

# Reads what the AWS CLI said instead of an answer, and notes it.
refused() {
    said=$(LC_ALL=C tr '\n\r\t' '   ' <"$work/error" | LC_ALL=C cut -c 1-600)
    code=$(printf '%s\n' "$said" | LC_ALL=C sed -n 's/.*An error occurred (\([A-Za-z0-9._-]*\)) when calling.*/\1/p')
    message=$(printf '%s\n' "$said" | LC_ALL=C sed -e 's/.*An error occurred ([A-Za-z0-9._-]*) when calling the [A-Za-z0-9]* operation[^:]*: *//' -e 's/^ *//')
    case $code in
        AccessDenied | AccessDeniedException | UnauthorizedOperation | AuthorizationError | NotAuthorized | \
            AuthorizationErrorException | UnauthorizedException | Client.UnauthorizedOperation)
            ended denied "$code" "$message"
            ;;
        ExpiredToken | ExpiredTokenException | RequestExpired | TokenRefreshRequired)
            stopped='the credentials ended'
            ended not-attempted ExpiredToken "$message"
            ;;
        '')
            case $said in
                *'Invalid choice'* | *'invalid choice'* | *'Unknown options'* | *'arguments are required'*)
                    ended not-attempted UnknownToCli "this AWS CLI does not know the call: $said"
                    ;;
                *'Unable to locate credentials'* | *'Error loading SSO Token'* | *'has expired'*)
                    stopped='there are no credentials'
                    ended not-attempted NoCredentials "$said"
                    ;;
                *) ended error NoAnswer "${said:-the AWS CLI says nothing}" ;;
            esac
            ;;
        *) ended error "$code" "$message" ;;
    esac
}

# OPERATION ARGUMENT…: one call's answer, filtered, to $work/part.N. Nothing goes to the disk before the filter.
fetch() {
    : >"$work/status"
    { cli "$service" "$@" --output=json 2>"$work/error"; echo $? >"$work/status"; } |
        LC_ALL=C awk -v job=filter -f "$work/json.awk" >"$work/part.$parts"
    filtered=$?
    read -r status <"$work/status" || status=1
    if [ "$status" != 0 ]; then
        broken=yes
        refused
    elif [ ! -s "$work/part.$parts" ]; then
        # The AWS CLI prints nothing where a thing has no settings; a list is printed even when it is empty.
        case $1 in
            get-*) printf '{}\n' >"$work/part.$parts" ;;
            *)
                broken=yes
                ended error NoAnswer 'the AWS CLI printed nothing'
                ;;
        esac
    elif [ "$filtered" -ne 0 ]; then
        broken=yes
        ended error NoAnswer 'what the AWS CLI printed is not JSON as it prints it'
    fi
    [ -z "$broken" ]
}

# ARGUMENT…: one of the calls that make the answer.
part() {
    [ -z "$broken" ] || return 1
    for argument; do
        case ${argument#--*=} in
            file://* | fileb://* | http://* | https://*)
                # The AWS CLI would read that file, or fetch that page.
                broken=yes
                ended not-attempted NotAskable 'the identifier is one that the AWS CLI would take for a file'
                return 1
                ;;
        esac
    done
    parts=$((parts + 1))
    fetch "$operation" "$@"
}

# Puts the answer in its place, whole.
finish() {
    [ -z "$broken" ] || return 0
    answer=$work/part.1
    if [ "$parts" -gt 1 ]; then
        answer=$work/joined
        set --
        nth=1
        while [ "$nth" -le "$parts" ]; do
            set -- "$@" "$work/part.$nth"
            nth=$((nth + 1))
        done
        LC_ALL=C awk -f "$work/join.awk" "$@" >"$answer" || answer=/dev/null/none
    fi
    if mkdir -p "$(dirname "$out/$path")" 2>/dev/null && mv -f "$answer" "$out/$path" 2>"$work/error"; then
        ended ok '' ''
        indexed
    else
        ended error NotWritten "the file could not be written"
    fi
}

# SERVICE OPERATION RESOURCE ASKED ARGUMENT…: one call that makes one answer.
ask() {
    begin "$1" "$2" "$3" "$4" || return 0
    shift 4
    part "$@"
    finish
}

# KEY WANTED OPERATION ARGUMENT…: the same, asked until its state is the one wanted.
wait_for() {
    key=$1 wanted=$2
    shift 2
    tries=0
    parts=1
    while [ "$tries" -lt 120 ]; do
        fetch "$@" || return 1
        state=$(AT=$key WHERE='' IS='' PARENT='' LC_ALL=C awk -v job=ids -f "$work/json.awk" "$work/part.1" | LC_ALL=C tr -d '\037')
        case ${state:-$wanted} in
            "$wanted") return 0 ;;
            FAILED) break ;;
        esac
        tries=$((tries + 1))
        sleep 1
    done
    broken=yes
    ended error NoAnswer 'IAM did not make the report'
    return 1
}

# SERVICE OPERATION REPORT: asks for a report, then fetches it.
report() {
    begin "$1" "$2" '' '' || return 0
    wait_for State COMPLETE "$3" && part
    # What is kept is the report, not the question for it.
    if [ "$parts" -gt 1 ]; then
        mv -f "$work/part.2" "$work/part.1" 2>/dev/null
        parts=1
    fi
    finish
}

# SERVICE OPERATION JOB RESOURCE ID: starts a job for the identifier, and fetches its outcome.
job() {
    begin "$1" "$2" "$4" "$5" || return 0
    parts=1
    if fetch "$3" "--arn=$5"; then
        started_job=$(AT=JobId WHERE='' IS='' PARENT='' LC_ALL=C awk -v job=ids -f "$work/json.awk" "$work/part.1" | LC_ALL=C tr -d '\037')
        wait_for JobStatus COMPLETED "$operation" "--job-id=$started_job" || :
    fi
    finish
}

# SERVICE OPERATION PATH [WHERE IS]: the identifiers in the answers so far, each with what the answer was asked for.
identifiers() {
    while IFS=$separator read -r of_account of_folder of_service of_operation of_asked of_path; do
        [ "$of_account/$of_folder/$of_service/$of_operation" = "$account/$folder/$1/$2" ] || continue
        AT=$3 WHERE=${4:-} IS=${5:-} NOT=${6:-} PARENT=$of_asked LC_ALL=C awk -v job=ids -f "$work/json.awk" "$out/$of_path" ||
            say "export.sh: $of_path has an identifier that cannot be asked for, or is not as it was written; remove it to ask again"
    done <"$work/index"
}

# The same identifier is asked for once; with `parent`, once for each thing that it belongs to, where it belongs to one.
distinct() {
    LC_ALL=C sort -u | if [ "${1:-}" = parent ]; then LC_ALL=C awk -F "$separator" '$2 != ""'; else LC_ALL=C awk -F "$separator" '!seen[$1]++'; fi
}

# The part of an identifier after its last `/` or `:`.
last_part() {
    name=${1##*/}
    name=${name##*:}
}

# SERVICE OPERATION SIZE RESOURCE PARENT-OPTION LIST-OPTION: the identifiers of standard input, so many in a call.
batches() {
    LC_ALL=C sort -u -t "$separator" -k 2,2 -k 1,1 >"$work/batch"
    LC_ALL=C cut -d "$separator" -f 2 "$work/batch" | LC_ALL=C sort -u >"$work/parents"
    while IFS= read -r parent <&4; do
        begin "$1" "$2" "${4:-$parent}" '' || continue
        size=$3 parent_option=$5 list_option=$6
        batch "$@"
        finish
    done 4<"$work/parents"
}

batch() {
    set --
    while IFS=$separator read -r id of_parent <&5; do
        [ "$of_parent" = "$parent" ] || continue
        case $id in
            -*)
                broken=yes
                ended not-attempted NotAskable 'an identifier is one that the AWS CLI would take for an option'
                return 0
                ;;
        esac
        set -- "$@" "$id"
        if [ "$#" -eq "$size" ]; then
            part ${parent_option:+"$parent_option=$parent"} "$list_option" "$@"
            set --
        fi
    done 5<"$work/batch"
    [ "$#" -eq 0 ] || part ${parent_option:+"$parent_option=$parent"} "$list_option" "$@"
}

@CALLS@
# One account: who it is, then everything of it, then its Regions.
account() {
    folder=global
    region=$home
    global_calls
    if [ "$regions" = auto ]; then
        in_use=$(AT='Regions[].RegionName' listed_regions)
        for off in $(AT='Regions[].RegionName' WHERE=OptInStatus IS=not-opted-in listed_regions); do
            in_use=$(printf '%s\n' "$in_use" | grep -Fxv "$off")
            folder=$off service=ec2 operation=describe-vpcs resource='' path=''
            ended not-attempted RegionNotEnabled 'the account has not enabled this Region'
        done
        [ -n "$in_use" ] || in_use=$home
    else
        in_use=$regions
    fi
    for region in $in_use; do
        folder=$region
        regional_calls
    done
    manifest
}

listed_regions() {
    [ -f "$out/$account/global/ec2/describe-regions.json" ] || return 0
    AT=$AT WHERE=${WHERE:-} IS=${IS:-} PARENT='' LC_ALL=C awk -v job=ids -f "$work/json.awk" \
        "$out/$account/global/ec2/describe-regions.json" | LC_ALL=C tr -d '\037'
}

# Reads with the role of a member account.
member() {
    folder=global region=$home service=sts operation=get-caller-identity resource='' path=''
    set -- sts assume-role "--role-arn=arn:$partition:iam::$account:role/$role" --role-session-name=alicerce
    [ -z "$external_id" ] || set -- "$@" "--external-id=$external_id"
    key_id=''
    # In memory only: these are credentials.
    if keys=$(cli "$@" --query 'Credentials.[AccessKeyId,SecretAccessKey,SessionToken]' --output=text 2>"$work/error"); then
        tab=$(printf '\t')
        key_id=${keys%%"$tab"*}
        keys=${keys#*"$tab"}
        key_secret=${keys%%"$tab"*}
        key_session=${keys#*"$tab"}
        account
        key_id='' key_secret='' key_session=''
    else
        refused
    fi
}

home=${regions%% *}
[ "$home" != auto ] || home=${AWS_REGION:-${AWS_DEFAULT_REGION:-$(aws configure get region ${profile:+"--profile=$profile"} 2>/dev/null)}}
[ -n "$home" ] || home=us-east-1
region=$home
identity=$(cli sts get-caller-identity --query '[Account,Arn]' --output=text 2>"$work/error") || {
    said=$(cat "$work/error")
    rm -rf "$work"
    give_up "the AWS CLI cannot say who it is: $said"
}
own=$(printf '%s\n' "$identity" | cut -f 1)
caller=$(printf '%s\n' "$identity" | cut -f 2)
case $own in
    [0-9][0-9][0-9][0-9][0-9][0-9][0-9][0-9][0-9][0-9][0-9][0-9]) ;;
    *)
        rm -rf "$work"
        give_up "AWS does not say in which account it is asked: its id is $own"
        ;;
esac
partition=$(printf '%s\n' "$caller" | cut -d : -f 2)
account=$own
if [ "$organization" = yes ]; then
    folder=global
    organization_calls
    accounts=$out/$own/global/organizations/list-accounts.json
    [ -f "$accounts" ] || {
        stopped='the accounts of the organisation could not be listed; run it in the management account'
        leave 1
    }
    for key in Status State; do
        AT='Accounts[].Id' WHERE=$key IS=ACTIVE PARENT='' LC_ALL=C awk -v job=ids -f "$work/json.awk" "$accounts"
    done | LC_ALL=C tr -d '\037' | LC_ALL=C sort -u >"$work/active"
    AT='Accounts[].Id' WHERE='' IS='' PARENT='' LC_ALL=C awk -v job=ids -f "$work/json.awk" "$accounts" |
        LC_ALL=C tr -d '\037' >"$work/accounts"
    while IFS= read -r account <&3; do
        if ! grep -Fxq "$account" "$work/active"; then
            folder=global service=sts operation=get-caller-identity resource='' path=''
            ended not-attempted NotActive 'the account is not active'
        elif [ "$account" = "$own" ]; then
            account
        else
            member
        fi
    done 3<"$work/accounts"
else
    account
fi
leave 0
