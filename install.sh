#!/usr/bin/env bash
# Sets csms up: try it, test it, or install it as a service. ./install.sh --help
set -euo pipefail

root=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=install/steps.sh
. "$root/install/steps.sh"
# shellcheck source=install/machine.sh
. "$root/install/machine.sh"
# shellcheck source=install/demo.sh
. "$root/install/demo.sh"
# shellcheck source=install/service.sh
. "$root/install/service.sh"

usage() {
    cat <<'TEXT'
usage: ./install.sh --demo [--once]   try it: sets up .venv and var/demo here, starts csms, lets two simulated
                                      stations charge, prints their CDRs and serves until Ctrl-C
                                      (--once: ends after the CDRs)
       ./install.sh --test            sets up everything and runs every check and test, on SQLite and Postgres
       sudo ./install.sh              installs the service, or upgrades it (the database is backed up first):
                                      user csms, /opt/csms, /etc/csms/csms.toml, /var/lib/csms, systemd unit
       sudo ./install.sh --uninstall  removes the service; keeps configuration and data

       --dry-run   with any of them: shows what would be done and does nothing
       -h, --help  this text

Needs Linux with python3 3.11 or later. A C++ compiler, make and Python's venv module are installed where they are
missing and this script runs as root. PYTHON=/path/to/python3 chooses the interpreter.
TEXT
}

main() {
    local action=service once=
    dry_run=
    while [ $# -gt 0 ]; do
        case $1 in
            --demo | --test | --uninstall) action=${1#--} ;;
            --once) once=yes ;;
            --dry-run) dry_run=yes ;;
            -h | --help)
                usage
                exit 0
                ;;
            *)
                usage >&2
                die "what is $1?" 2
                ;;
        esac
        shift
    done
    if [ -n "$once" ] && [ "$action" != demo ]; then
        die "--once belongs to --demo" 2
    fi
    case $action in
        demo)
            log_to "$root/var/install.log"
            prepare_checkout requirements.lock
            demo "$once"
            ;;
        test)
            log_to "$root/var/install.log"
            prepare_checkout requirements-dev.lock
            run_tests
            ;;
        service) install_service ;;
        uninstall) uninstall_service ;;
    esac
}

run_tests() {
    act env PATH="$root/.venv/bin:$PATH" make --no-print-directory --keep-going -C "$root" check test
}

main "$@"
