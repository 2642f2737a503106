# shellcheck shell=bash
# What is shown while something is done: calm steps, a log for what commands say, its tail when one fails.

log=/dev/null
dry_run=${dry_run:-}

say() { printf '%s\n' "$*"; }

# die MESSAGE [EXIT_CODE]
die() {
    printf 'install.sh: %s\n' "$1" >&2
    exit "${2:-1}"
}

# log_to FILE: start a new log there.
log_to() {
    if [ -z "$dry_run" ]; then
        mkdir -p "$(dirname "$1")"
        : >"$1"
        log=$1
    fi
}

# act COMMAND...: run it in the foreground; a dry run prints what other programs would be asked.
act() {
    if [ -z "$dry_run" ]; then
        "$@"
        return
    fi
    if [ "$1" = retry ]; then shift 2; fi
    if [ "$(type -t "$1")" != function ]; then
        printf '    %s\n' "$*"
    fi
}

# attempt TEXT COMMAND...: run it with its output in the log, on a terminal with the seconds counted; when it
# fails show the log's tail and return its code.
attempt() {
    local text=$1 begun=$SECONDS before pid code=0
    shift
    if [ -n "$dry_run" ]; then
        say "- $text"
        act "$@"
        return
    fi
    printf '\n== %s\n' "$text" >>"$log"
    before=$(wc -c <"$log")
    "$@" >>"$log" 2>&1 </dev/null &
    pid=$!
    while [ -t 1 ] && kill -0 "$pid" 2>/dev/null; do
        printf '\r- %s … %d s' "$text" $((SECONDS - begun))
        sleep 0.2
    done
    wait "$pid" || code=$?
    if [ -t 1 ]; then printf '\r\033[K'; fi
    if [ "$code" -eq 0 ]; then
        say "- $text$(seconds_since "$begun")"
    else
        say "- $text: failed"
        tail -c +$((before + 1)) "$log" | tail -n 25 | sed 's/^/    /' >&2
    fi
    return "$code"
}

seconds_since() {
    if [ $((SECONDS - $1)) -ge 2 ]; then printf ' (%d s)' $((SECONDS - $1)); fi
}

# step TEXT COMMAND...: an attempt that must succeed.
step() {
    attempt "$@" || die "that did not work; the whole log is in $log"
}

# retry TIMES COMMAND...: networks hiccup.
retry() {
    local times=$1
    shift
    while ! "$@"; do
        times=$((times - 1))
        if [ "$times" -le 0 ]; then return 1; fi
        echo "trying again"
        sleep 3
    done
}
