# shellcheck shell=bash
# The service: each release is an environment of its own under /opt/csms/releases; /opt/csms/current points at
# the one that runs. An upgrade stops the service, backs the database up, and goes back to the old release and
# that backup when the new one does not start.

prefix=/opt/csms
data=/var/lib/csms
settings=/etc/csms/csms.toml
unit=/etc/systemd/system/csms.service
command_link=/usr/local/bin/csms

need_root() {
    if [ "$(id -u)" -ne 0 ] && [ -z "$dry_run" ]; then
        die "this needs root: sudo ./install.sh$1. To try csms without: ./install.sh --demo" 4
    fi
}

as_csms() { (cd / && runuser -u csms -- "$@"); }

# csms_of RELEASE VERB...: a release's command on the service's data.
csms_of() {
    local release=$1
    shift
    as_csms "$release/bin/csms" --data-dir "$data" --config "$settings" "$@"
}

has_systemd() { [ -d /run/systemd/system ] && command -v systemctl >/dev/null; }

install_service() {
    local release previous=
    need_root ""
    log_to /var/log/csms-install.log
    need_machine
    umask 022
    previous=$(readlink -f "$prefix/current" 2>/dev/null || true)
    make_user
    release=$prefix/releases/$(release_name)
    if [ -e "$release/complete" ]; then
        say "- release $(basename "$release") is there already"
    else
        make_release "$release"
    fi
    install_settings
    step "Checking $settings" csms_of "$release" config check
    activate "$release" "$previous"
    prune_releases "$release" "$previous"
    say_next_steps
}

make_user() {
    if ! getent passwd csms >/dev/null; then
        step "Adding user csms" useradd --system --user-group --home-dir "$data" --no-create-home \
            --shell /usr/sbin/nologin csms
    fi
    step "Making $data and $(dirname "$settings")" make_directories
}

make_directories() {
    install -d -o csms -g csms -m 0700 "$data" "$data/backups"
    install -d -o root -g csms -m 0750 "$(dirname "$settings")"
    install -d -m 0755 "$prefix" "$prefix/releases"
}

# release_name: the version and a hash of everything a release is made from.
release_name() {
    local version
    version=$(sed -n 's/^__version__ = "\(.*\)"/\1/p' "$root/csms/__init__.py")
    echo "$version-$({
        echo "$python"
        cd "$root" || exit
        find csms -type f -not -name '*.pyc' -print0 | sort -z | xargs -0 cat
        cat pyproject.toml "$build_lock" requirements.lock
    } | sha256sum | cut -c 1-12)"
}

make_release() {
    local release=$1
    fill_environment "$release" requirements.lock
    step "Installing csms in $release" install_copy "$release"
    act touch "$release/complete"
}

# install_copy RELEASE: build from a copy, so that root leaves nothing in the checkout.
install_copy() {
    local copy code=0
    copy=$(mktemp -d)
    (cd "$root" && cp -r csms pyproject.toml requirements.in LICENSE "$copy") &&
        install_project "$1" "$copy" || code=$?
    rm -rf "$copy"
    return "$code"
}

install_settings() {
    if [ -e "$settings" ]; then
        say "- $settings is kept"
    else
        step "Installing $settings" install -o root -g csms -m 0640 "$root/config/csms.toml" "$settings"
    fi
}

# activate RELEASE PREVIOUS: stop, back up, migrate, switch, start.
activate() {
    local release=$1 previous=$2 backup=
    if has_systemd && systemctl -q is-active csms; then
        step "Stopping csms" systemctl stop csms
    fi
    if is_initialised "${previous:-$release}"; then
        attempt "Backing the database up" back_up "${previous:-$release}" || go_back "$previous" ""
        backup=$(json_value file <"$data/backups/latest.json")
        say "    $backup"
        attempt "Migrating the database" csms_of "$release" db migrate || go_back "$previous" "$backup"
    else
        first_day "$release"
    fi
    step "Switching to $(basename "$release")" switch_to "$release"
    step "Installing the systemd unit" install -m 0644 "$root/systemd/csms.service" "$unit"
    start_service || go_back "$previous" "$backup"
}

# first_day RELEASE: a database and an administrator, whose password is shown this once.
first_day() {
    local shown code=0
    say "- Setting up the database and the first administrator"
    if [ -n "$dry_run" ]; then return; fi
    shown=$(csms_of "$1" init --json 2>>"$log") || code=$?
    if [ "$code" -eq 0 ]; then
        say "    administrator  $(json_value adminEmail <<<"$shown")"
        say "    password       $(json_value adminPassword <<<"$shown")   (shown this once: write it down)"
    elif [ "$code" -ne 5 ]; then # 5: there is one already
        tail -n 5 "$log" >&2
        die "csms init did not work; the whole log is in $log"
    fi
}

# is_initialised RELEASE: there is a database that knows its schema.
is_initialised() {
    if [ -n "$dry_run" ]; then return 1; fi
    local state
    state=$(csms_of "$1" db status --json 2>>"$log") && [ "$(json_value applied <<<"$state")" != "[]" ]
}

# back_up RELEASE: into the data directory's backups; latest.json names the file.
back_up() {
    csms_of "$1" db backup --json >"$data/backups/latest.json"
}

switch_to() {
    ln -sfn "$1" "$prefix/current.new"
    mv -T "$prefix/current.new" "$prefix/current"
    ln -sfn "$prefix/current/bin/csms" "$command_link"
}

start_service() {
    if ! has_systemd && [ -z "$dry_run" ]; then
        say "- systemd does not run here. Start csms with: runuser -u csms -- csms --data-dir $data serve"
        return
    fi
    act systemctl daemon-reload
    act systemctl -q enable csms
    say "- Starting csms"
    act systemctl start csms
}

# go_back PREVIOUS BACKUP: the old release with the database as it was, and an end with an error.
go_back() {
    local previous=$1 backup=$2
    if has_systemd; then
        journalctl -u csms -n 15 --no-pager -o cat >&2 || true
        systemctl -q stop csms || true
    fi
    if [ -z "$previous" ]; then
        die "csms is installed but does not run; mend what it says above, then: systemctl start csms"
    fi
    if [ -n "$backup" ]; then
        attempt "Restoring the database" csms_of "$previous" db restore "$backup" --yes ||
            die "the database as it was before is in $backup"
    fi
    switch_to "$previous"
    start_service || die "the old release does not start either; the log is in $log"
    die "the upgrade failed; $(basename "$previous") runs again and nothing was lost"
}

# prune_releases CURRENT PREVIOUS: one release to go back to is enough.
prune_releases() {
    local each
    for each in "$prefix"/releases/*; do
        if [ -d "$each" ] && [ "$each" != "$1" ] && [ "$each" != "$2" ]; then
            step "Removing old release $(basename "$each")" rm -rf "$each"
        fi
    done
}

say_next_steps() {
    local csms="sudo -u csms csms"
    if command -v dnf >/dev/null; then csms="sudo -u csms $command_link"; fi # not on sudo's path there
    cat <<TEXT

csms is installed. What to do next:
  $csms status                   see that it runs; its log: journalctl -u csms
  $csms station add STATION-1    register a station: prints the password to set in it
  ws://$(uname -n):9000/ocpp/STATION-1      the address to set in the station
  $csms doctor                   says what is wrong, if anything is
Addresses, database and TLS are set in $settings; then: systemctl restart csms
TEXT
}

uninstall_service() {
    need_root " --uninstall"
    log_to /var/log/csms-install.log
    if has_systemd && [ -e "$unit" ]; then
        step "Stopping csms" systemctl disable --now csms
    fi
    step "Removing the unit, the command and $prefix" rm -rf "$unit" "$command_link" "$prefix"
    if has_systemd; then act systemctl daemon-reload; fi
    say "Kept: $data and $(dirname "$settings"). To remove them for good:"
    say "  rm -r $data $(dirname "$settings") && userdel csms"
}
