# shellcheck shell=bash
# What the deploy scripts say: one line a step with its seconds, and the log where a step fails.
# Sourced. Needs: NAVE_LOG, the file that gets everything the steps print.

say() { printf '%s\n' "$*"; }

fail() {
    printf '\n%s\n' "$*" >&2
    exit 1
}

# The last "[done/total]" that a build printed to the log, for the line that is being watched.
build_progress() {
    tail -c 4000 "$NAVE_LOG" 2>/dev/null | tr '\r' '\n' | grep -o '^\[[0-9]*/[0-9]*\]' | tail -n 1
}

# step TEXT COMMAND…: runs the command with its output in the log.
step() {
    local text=$1 begun=$SECONDS status=0
    shift
    printf '== %s: %s\n' "$text" "$*" >>"$NAVE_LOG"
    if [[ -t 1 ]]; then
        "$@" >>"$NAVE_LOG" 2>&1 </dev/null &
        local running=$!
        while kill -0 "$running" 2>/dev/null; do
            printf '\r  … %s  %d s %s ' "$text" $((SECONDS - begun)) "$(build_progress || true)"
            sleep 0.5
        done
        wait "$running" || status=$?
        printf '\r\033[K'
    else
        printf '  … %s\n' "$text"
        "$@" >>"$NAVE_LOG" 2>&1 </dev/null || status=$?
    fi
    if ((status == 0)); then
        printf '  ✓ %s  %d s\n' "$text" $((SECONDS - begun))
    else
        printf '  ✗ %s  %d s\n\n' "$text" $((SECONDS - begun))
        tail -n 40 "$NAVE_LOG"
        fail "'$text' failed (exit code $status). Everything it said is in $NAVE_LOG"
    fi
}

# shown TEXT COMMAND…: runs the command with its output on the screen and in the log.
shown() {
    local text=$1 begun=$SECONDS status=0
    shift
    printf '\n  %s\n' "$text"
    printf '== %s: %s\n' "$text" "$*" >>"$NAVE_LOG"
    "$@" 2>&1 </dev/null | tee -a "$NAVE_LOG" || status=$?
    if ((status != 0)); then
        fail "'$text' failed (exit code $status). Everything it said is in $NAVE_LOG"
    fi
    printf '  ✓ %s  %d s\n' "$text" $((SECONDS - begun))
}

# Begins the log of a script under .build, which every clone ignores.
begin_log() {
    local folder=$REPOSITORY/.build/logs
    mkdir -p "$folder"
    NAVE_LOG=$folder/$1.log
    date -u '+%Y-%m-%dT%H:%M:%SZ' >"$NAVE_LOG"
}
