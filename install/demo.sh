# shellcheck shell=bash
# The demo: an appliance of its own in var/demo, two simulated stations of OCPP 1.6 and 2.0.1, one priced charge each.

demo_data=$root/var/demo
demo_stations="DEMO-1 DEMO-2"
demo_station_201=DEMO-2
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
    demo_charge "$1"
    say ""
    demo_csms cdr list
    demo_farewell "$1"
}

demo_start() {
    local fresh=
    if [ -e "$demo_data/listeners.json" ]; then # runs, or was killed
        if demo_csms status >/dev/null 2>&1; then die "the demo runs already; end it with Ctrl-C where it runs"; fi
        rm -f "$demo_data/listeners.json"
    fi
    if [ ! -e "$demo_data/prepared" ]; then
        fresh=yes
        rm -rf "$demo_data"
        mkdir -p "$demo_data"
        echo "# Settings of the demo alone; config/csms.toml lists what there is." >"$demo_data/csms.toml"
        step "Making a database in var/demo" demo_keep admin init --json
    fi
    "$root/.venv/bin/csms" --data-dir "$demo_data" serve >"$demo_data/serve.log" 2>&1 &
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
        echo "$station:$(json_value password <"$demo_data/$station.json")" >>"$demo_data/passwords"
    done
    step "Adding an id token" demo_csms token add DEMO-TOKEN
    step "Adding a tariff" demo_csms tariff add "$root/docs/examples/tariff-energy.json"
    step "Applying it everywhere" demo_csms tariff assign ENERGY --tenant default
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

# demo_charge [ONCE]: an hour of charging in seconds; a script need not watch it.
demo_charge() {
    local station pace=(--speed 300) stations=()
    for station in $demo_stations; do
        if [ "$station" = $demo_station_201 ]; then station+=@2.0.1; fi
        stations+=(--station-id "$station")
    done
    if [ -n "$1" ]; then pace=(--fast); fi
    say ""
    say "Two stations (OCPP 1.6 and 2.0.1) charge for an hour of their time:"
    demo_csms simulate --url "ws://$(demo_address ocpp)/ocpp" "${stations[@]}" \
        --password-file "$demo_data/passwords" --token DEMO-TOKEN "${pace[@]}"
}

# demo_farewell [ONCE]: where to look, then serve on unless it was asked to end.
demo_farewell() {
    say ""
    say "Dashboard  http://$(demo_address admin)/"
    say "Sign in    $(json_value adminEmail <"$demo_data/admin.json") with the password in var/demo/admin.json"
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
