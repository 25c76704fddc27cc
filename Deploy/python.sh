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

# fill_environment FOLDER PYTHON PIP_OPTION…
fill_environment() {
    local folder=$1 python=$2
    shift 2
    rm -rf "$folder"
    "$python" -m venv "$folder"
    "$folder/bin/pip" install --quiet --disable-pip-version-check "$@"
}

# python_environment FOLDER REQUIREMENTS [PACKAGE [REQUIREMENTS…]]: makes FOLDER unless it holds just
# these requirements and the package, whose own files are used where they lie.
python_environment() {
    local folder=$REPOSITORY/$1 requirements=$2 package=${3:-} python wanted
    local -a files=("$2" "${@:4}") options=()
    local file
    python=$(find_python)
    for file in "${files[@]}"; do options+=(-r "$file"); done
    if [[ -n $package ]]; then
        files+=("$REPOSITORY/$package/pyproject.toml")
        options+=(-e "$REPOSITORY/$package")
    fi
    wanted=$({ "$python" --version; cat "${files[@]}"; } | sha256sum | cut -d ' ' -f 1)
    if [[ -f $folder/.complete && $(<"$folder/.complete") == "$wanted" ]]; then
        return
    fi
    step "Installing $(basename "$requirements" .txt) into $1" \
        fill_environment "$folder" "$python" "${options[@]}"
    printf '%s' "$wanted" >"$folder/.complete"
}
