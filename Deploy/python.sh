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

# find_python_version VERSION: prints an interpreter of just that version, such as 3.12, that makes
# environments: of PATH, uv or pyenv. Fails if there is none; nothing is downloaded.
find_python_version() {
    local version=$1 program
    local -a programs=("${NAVE_PYTHON:-}" "python$version" "/usr/bin/python$version"
        "/usr/local/bin/python$version")
    if command -v uv >/dev/null; then
        programs+=("$(uv python find --no-python-downloads "$version" 2>/dev/null || true)")
    fi
    programs+=("${PYENV_ROOT:-$HOME/.pyenv}/versions/$version".*/bin/python)
    for program in "${programs[@]}"; do
        if [[ -n $program ]] && is_python_version "$program" "$version"; then
            command -v "$program"
            return
        fi
    done
    return 1
}

# is_python_version PROGRAM VERSION: whether it runs, is of that version and makes environments.
is_python_version() {
    command -v "$1" >/dev/null && "$1" -c '
import sys, venv, ensurepip
sys.exit("%d.%d" % sys.version_info[:2] != sys.argv[1])' "$2" 2>/dev/null
}

# python_environment FOLDER REQUIREMENTS [PACKAGE [REQUIREMENTS…]]: makes FOLDER unless it holds just
# these requirements and the package, whose own files are used where they lie.
python_environment() {
    local python
    python=$(find_python)
    make_environment "$python" "$@"
}

# package_environment FOLDER PYTHON PACKAGE: the same with an interpreter, for a package alone.
package_environment() {
    make_environment "$2" "$1" "" "$3"
}

# make_environment PYTHON FOLDER REQUIREMENTS [PACKAGE [REQUIREMENTS…]]; REQUIREMENTS may be empty.
make_environment() {
    local python=$1 folder=$REPOSITORY/$2 package=${4:-} wanted file text
    local -a files=() options=()
    for file in "$3" "${@:5}"; do
        [[ -z $file ]] || files+=("$file")
    done
    text=$package
    if ((${#files[@]})); then text=$(basename "${files[0]}" .txt); fi
    for file in ${files[@]+"${files[@]}"}; do options+=(-r "$file"); done
    if [[ -n $package ]]; then
        files+=("$REPOSITORY/$package/pyproject.toml")
        options+=(-e "$REPOSITORY/$package")
    fi
    wanted=$({ "$python" --version; cat "${files[@]}"; } | sha256sum | cut -d ' ' -f 1)
    if [[ -f $folder/.complete && $(<"$folder/.complete") == "$wanted" ]]; then
        return
    fi
    step "Installing $text into $2" fill_environment "$folder" "$python" "${options[@]}"
    printf '%s' "$wanted" >"$folder/.complete"
}
