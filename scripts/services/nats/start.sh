#!/usr/bin/env bash
# start.sh DATA_DIR ADDRESS [PEERS] — start one nats-server and wait until it greets.
#   DATA_DIR  configuration, log, PID file (made if absent)
#   ADDRESS   a loopback address (every address in 127.0.0.0/8 is a machine of its own): clients on ADDRESS:4222, monitoring
#             (HTTP) on ADDRESS:8222, routes on ADDRESS:6222
#   PEERS     comma-separated addresses of the whole cluster (any order, this one included); none: no cluster
# Environment: NATS_SERVER (the program; default: the one on the PATH, else bin/nats-server beside this script, built by
#   fetch.sh), NATS_TOKEN, or NATS_USER + NATS_PASSWORD, NATS_TLS_CERT + NATS_TLS_KEY (+ NATS_TLS_CA: clients need a certificate), NATS_PORT (4222),
#   NATS_WAIT (seconds, 20)
# Writes DATA_DIR/pid, DATA_DIR/log. Exit: 0 ready, 64 usage, 69 program missing, 75 address taken, 70 start failed.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
[ $# -ge 2 ] || { sed -n '2,9s/^# \{0,1\}//p' "$0" >&2; exit 64; }
dir=$1 addr=$2 peers=${3:-} port=${NATS_PORT:-4222}
case $addr in 127.*) ;; *) echo "start.sh: ADDRESS must be in 127.0.0.0/8, got $addr" >&2; exit 64;; esac
bin=${NATS_SERVER:-}
if [ -z "$bin" ]; then
    if command -v nats-server >/dev/null; then bin=$(command -v nats-server)
    elif [ -x /usr/sbin/nats-server ]; then bin=/usr/sbin/nats-server
    elif [ -x "$here/bin/nats-server" ]; then bin=$here/bin/nats-server
    else "$here/fetch.sh" "$here/bin"; bin=$here/bin/nats-server; fi
fi
[ -x "$bin" ] || { echo "start.sh: no program at $bin (NATS_SERVER)" >&2; exit 69; }
mkdir -p "$dir"; dir=$(cd "$dir" && pwd)
for p in "$port" 8222 6222; do
    if (exec 3<>"/dev/tcp/$addr/$p") 2>/dev/null; then echo "start.sh: something already listens on $addr:$p" >&2; exit 75; fi
done
{   echo "server_name: \"n-$addr\""
    echo "listen: \"$addr:$port\""
    echo "http: \"$addr:8222\""
    echo "pid_file: \"$dir/pid\""
    [ -z "${NATS_TOKEN:-}" ] || echo "authorization { token: \"$NATS_TOKEN\", timeout: 2 }"
    [ -z "${NATS_USER:-}" ] || echo "authorization { user: \"$NATS_USER\", password: \"$NATS_PASSWORD\", timeout: 2 }"
    if [ -n "${NATS_TLS_CERT:-}" ]; then
        echo "tls { cert_file: \"$NATS_TLS_CERT\", key_file: \"$NATS_TLS_KEY\", timeout: 2"
        [ -z "${NATS_TLS_CA:-}" ] || echo "      ca_file: \"$NATS_TLS_CA\", verify: true"
        echo "}"
    fi
    if [ -n "$peers" ]; then
        echo "cluster { name: test, listen: \"$addr:6222\", connect_retries: 120, routes: ["
        for p in ${peers//,/ }; do [ "$p" = "$addr" ] || echo "  \"nats-route://$p:6222\""; done
        echo "] }"
    fi
    # a client whose buffer stays full this long is cut off, and says so in the log
    echo "write_deadline: \"2s\""
    echo "max_payload: 1MB"
    echo "lame_duck_duration: \"30s\", lame_duck_grace_period: \"1s\""
} > "$dir/nats.conf"
rm -f "$dir/pid"
setsid nohup "$bin" -c "$dir/nats.conf" >"$dir/log" 2>&1 </dev/null 3>&- 9>&- &  # the caller's locks are not the server's
pid=$!
echo "$pid" > "$dir/pid"
greets() { exec 3<>"/dev/tcp/$addr/$port" || return 1; [ "$(timeout 2 head -c 6 <&3)" = 'INFO {' ]; }
left=$(( ${NATS_WAIT:-20} * 50 ))
while ! (greets) 2>/dev/null; do
    kill -0 "$pid" 2>/dev/null || { echo "start.sh: nats-server ended while starting; last lines of $dir/log:" >&2; tail -n 15 "$dir/log" >&2; exit 70; }
    [ $((left--)) -gt 0 ] || { echo "start.sh: no greeting from $addr:$port in time; see $dir/log" >&2; exit 70; }
    sleep 0.02
done
