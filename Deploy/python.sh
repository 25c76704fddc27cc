# shellcheck shell=bash
# Python environments for clients, each made once and again when its requirements change.
# Sourced after console.sh.

# Prints a Python of version 3.11 to 3.13, which the packages in the requirements are built for.
find_python() {
    local program
    for program in "${NAVE_PYTHON:-}" python3 python3.11 /usr/bin/python3 python3.12 python3.13; do
        if [[ -z $program ]] || ! command -v "$program" >/dev/null; then continue; fi
        if "$program" -c '
import sys, venv, ensurepip
sys.exit(not (3, 11) <= sys.version_info < (3, 14))' 2>/dev/null; then
            command -v "$program"
            return
        fi
    done
    fail "Python 3.11, 3.12 or 3.13 with venv is needed (Debian: apt-get install python3-venv)."
}

fill_environment() {
    local folder=$1 requirements=$2 python=$3
    rm -rf "$folder"
    "$python" -m venv "$folder"
    "$folder/bin/pip" install --quiet --disable-pip-version-check -r "$requirements"
}

# python_environment FOLDER REQUIREMENTS: makes FOLDER unless it holds just these requirements.
python_environment() {
    local folder=$REPOSITORY/$1 requirements=$2 python wanted
    python=$(find_python)
    wanted=$({ "$python" --version; cat "$requirements"; } | sha256sum | cut -d ' ' -f 1)
    if [[ -f $folder/.complete && $(<"$folder/.complete") == "$wanted" ]]; then
        return
    fi
    step "Installing $(basename "$requirements" .txt) into $1" \
        fill_environment "$folder" "$requirements" "$python"
    printf '%s' "$wanted" >"$folder/.complete"
}
