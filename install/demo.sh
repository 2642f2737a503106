# shellcheck shell=bash
# The demo: an appliance of its own in var/demo, two simulated stations, one priced charge each.

demo_data=$root/var/demo
demo_stations="DEMO-1 DEMO-2"
server=

demo_csms() { "$root/.venv/bin/csms" --data-dir "$demo_data" "$@"; }

# demo [ONCE]
demo() {
    if [ -n "$dry_run" ]; then
        say "- would start csms on $demo_data, let $demo_stations charge, and print their CDRs"
        return
    fi
    trap demo_stop EXIT
    trap 'exit 130' INT
    trap 'exit 143' TERM
    umask 077
    demo_start
    for station in $demo_stations; do demo_charge "$station"; done
    say ""
    demo_csms cdr list
    demo_farewell "$1"
}

demo_start() {
    local fresh=
    if [ ! -e "$demo_data/prepared" ]; then
        fresh=yes
        rm -rf "$demo_data"
        mkdir -p "$demo_data"
        echo "# Settings of the demo alone; config/csms.toml lists what there is." >"$demo_data/csms.toml"
        step "Making a database in var/demo" demo_keep admin init --json
    fi
    rm -f "$demo_data/listeners.json"
    demo_csms serve >"$demo_data/serve.log" 2>&1 &
    server=$!
    demo_await_listeners
    if [ -n "$fresh" ]; then
        demo_prepare
        touch "$demo_data/prepared"
    fi
}

# demo_keep NAME COMMAND...: keep what a verb prints, for it is shown once.
demo_keep() {
    local name=$1
    shift
    demo_csms "$@" >"$demo_data/$name.json"
}

demo_prepare() {
    local station
    for station in $demo_stations; do
        step "Registering station $station" demo_keep "$station" station add "$station" --connectors 2 --json
    done
    step "Adding an id token" demo_csms token add DEMO-TOKEN
    step "Adding a tariff" demo_csms tariff add "$root/docs/examples/tariff-energy.json"
    step "Applying it everywhere" demo_csms tariff assign ENERGY --tenant default
}

# demo_value FILE KEY: one text of a JSON object.
demo_value() {
    "$root/.venv/bin/python" -c 'import json, sys; print(json.load(open(sys.argv[1]))[sys.argv[2]])' "$@"
}

# demo_address LISTENER: host:port to reach a listener of the demo.
demo_address() {
    "$root/.venv/bin/python" - "$demo_data/listeners.json" "$1" <<'PYTHON'
import json
import sys

addresses = json.load(open(sys.argv[1]))[sys.argv[2]]
host, _, port = addresses[0].rpartition(":")
print({"0.0.0.0": "127.0.0.1", "[::]": "[::1]"}.get(host, host) + ":" + port)
PYTHON
}

demo_await_listeners() {
    local tries=300
    until [ -s "$demo_data/listeners.json" ]; do
        tries=$((tries - 1))
        if ! kill -0 "$server" 2>/dev/null || [ "$tries" -le 0 ]; then
            tail -n 5 "$demo_data/serve.log" >&2
            die "csms did not start; what it said is in $demo_data/serve.log"
        fi
        sleep 0.1
    done
    say "- csms is running on $(demo_address ocpp) (stations) and $(demo_address admin) (operators)"
}

demo_charge() {
    say ""
    say "Station $1 (OCPP 1.6) charges:"
    demo_csms simulate --url "ws://$(demo_address ocpp)/ocpp" --station-id "$1" \
        --password "$(demo_value "$demo_data/$1.json" password)" --token DEMO-TOKEN
}

# demo_farewell [ONCE]: where to look, then serve on unless it was asked to end.
demo_farewell() {
    say ""
    say "Dashboard  http://$(demo_address admin)/"
    say "Sign in    $(demo_value "$demo_data/admin.json" adminEmail) with the password in var/demo/admin.json"
    say "Try        .venv/bin/csms --data-dir var/demo status"
    if [ -n "$1" ]; then return; fi
    say "Serving until Ctrl-C."
    trap 'exit 0' INT TERM
    wait "$server" || die "csms ended; what it said is in $demo_data/serve.log"
}

demo_stop() {
    if [ -n "$server" ] && kill -0 "$server" 2>/dev/null; then
        kill -TERM "$server"
        wait "$server" || true
    fi
}
