# shellcheck shell=bash
# What the machine needs, and Python environments that hold exactly what the lock files name.

build_lock=requirements-build.lock

# find_python: set $python to an interpreter that is new enough; empty when there is none.
find_python() {
    local candidate
    python=
    for candidate in ${PYTHON:-python3 python3.13 python3.12 python3.11}; do
        if "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
            python=$(command -v "$candidate")
            return
        fi
    done
}

# missing_packages: print what to install, in the words of this machine's package manager.
missing_packages() {
    local apt=
    if command -v apt-get >/dev/null; then apt=yes; fi
    if [ -z "$python" ]; then
        if [ -n "$apt" ]; then echo python3 python3-venv; else echo python3; fi
    elif ! "$python" -c 'import venv, ensurepip' 2>/dev/null; then
        if [ -n "$apt" ]; then echo python3-venv; else echo python3-pip; fi
    fi
    if ! command -v c++ >/dev/null && ! command -v g++ >/dev/null; then
        if [ -n "$apt" ]; then echo g++; else echo gcc-c++; fi
    fi
    if ! command -v make >/dev/null; then echo make; fi
}

# need_machine: make sure that Python, its venv module, a C++ compiler and make are there.
need_machine() {
    local missing
    find_python
    missing=$(missing_packages | tr '\n' ' ')
    missing=${missing% }
    if [ -n "$missing" ]; then
        # shellcheck disable=SC2086  # a list of words
        if [ "$(id -u)" -ne 0 ]; then
            die "missing: $missing. Install with: $(install_command "$missing")"
        elif command -v apt-get >/dev/null; then
            step "Looking up packages" retry 3 apt-get update -q
            step "Installing $missing" retry 3 env DEBIAN_FRONTEND=noninteractive \
                apt-get install -q -y --no-install-recommends $missing
        elif command -v dnf >/dev/null; then
            step "Installing $missing" retry 3 dnf install -q -y $missing
        else
            die "missing: $missing. Install them with this machine's package manager, then run this again"
        fi
        find_python
    fi
    if [ -z "$python" ] && [ -z "$dry_run" ]; then
        die "python3 3.11 or later is needed; here is $(python3 --version 2>&1). On RHEL 9: dnf install python3.12"
    fi
}

install_command() {
    if command -v apt-get >/dev/null; then
        echo "sudo apt-get install $1"
    elif command -v dnf >/dev/null; then
        echo "sudo dnf install $1"
    else
        echo "this machine's package manager"
    fi
}

# fingerprint FILE...: a short hash of what they say and of the interpreter.
fingerprint() {
    { "$python" --version && (cd "$root" && cat -- "$@"); } | sha256sum | cut -c 1-12
}

# fill_environment DIRECTORY LOCK: a virtual environment there with what the lock names.
fill_environment() {
    local venv=$1 lock=$2
    step "Making $venv with $("$python" --version 2>&1)" "$python" -m venv --clear "$venv"
    step "Installing build tools" pip_install "$venv" -r "$root/$build_lock"
    step "Installing $(grep -c '^[a-z]' "$root/$lock") packages and building a parser, about a minute" \
        build_install "$venv" -r "$root/$lock"
}

pip_install() {
    local venv=$1
    shift
    "$venv/bin/python" -m pip --disable-pip-version-check --no-input install --progress-bar off \
        --retries 5 --no-deps --require-hashes "$@"
}

# build_install: the environment's own, pinned build tools build what comes as source.
build_install() {
    PATH=$1/bin:$PATH CMAKE_POLICY_VERSION_MINIMUM=3.5 pip_install "$@" --no-build-isolation
}

install_project() {
    local venv=$1
    shift
    "$venv/bin/python" -m pip --disable-pip-version-check --no-input install \
        --no-index --no-deps --no-build-isolation "$@"
}

# prepare_checkout LOCK: .venv with the packages of the lock and csms itself, run from this checkout.
# Does nothing when it was done before for the same lock.
prepare_checkout() {
    local lock=$1 venv=$root/.venv wanted
    unset PYTHONPATH PYTHONHOME
    find_python
    if [ -n "$python" ]; then
        wanted=$(fingerprint "$build_lock" "$lock" pyproject.toml)
        if [ -x "$venv/bin/csms" ] && grep -qsxF "$lock $wanted $root" "$venv/installed" &&
            "$venv/bin/python" -c 'import csms' 2>/dev/null; then
            say "- .venv is up to date"
            return
        fi
    fi
    need_machine
    fill_environment "$venv" "$lock"
    step "Installing csms" install_project "$venv" --config-settings editable_mode=compat -e "$root"
    if [ -z "$dry_run" ]; then
        note_installed "$lock" >"$venv/installed"
    fi
}

# note_installed LOCK: what the environment satisfies; the developers' lock contains the other.
note_installed() {
    local each
    for each in requirements.lock "$1"; do
        echo "$each $(fingerprint "$build_lock" "$each" pyproject.toml) $root"
    done
}

# json_value KEY: a text of the JSON object on standard input.
json_value() {
    "$python" -c 'import json, sys; print(json.load(sys.stdin)[sys.argv[1]])' "$1"
}
