#!/usr/bin/env bash
# start.sh DATA_DIR ADDRESS HEAP [SEEDS] — start one Cassandra node and wait until it answers CQL.
#   DATA_DIR  everything the node writes (made if absent); an existing one is restarted with its data
#   ADDRESS   a loopback address of its own, e.g. 127.0.0.1 (listens on ADDRESS:9042 and ADDRESS:7000)
#   HEAP      the most heap, at least 96M, e.g. 256M
#   SEEDS     comma-separated addresses; default: ADDRESS (a cluster of one)
# Environment: CASSANDRA_LIB (folder of jars, fetched when missing; default: plenum-tests/cassandra in the cache folder),
#   CASSANDRA_PORT (9042), CASSANDRA_SYNC (batch|periodic; batch), CASSANDRA_WAIT (seconds, 90),
#   CASSANDRA_JMX_PORT (unset: no JMX; set: loopback only, for nodetool.sh), CASSANDRA_OPTS (more JVM options),
#   CASSANDRA_AUTH=1 (passwords; the first superuser is cassandra/cassandra), CASSANDRA_PEM (a file with an unencrypted
#   PKCS#8 private key and the certificate chain: CQL over TLS only),
#   CASSANDRA_DC (the datacentre of the node; unset: one for all nodes, with a snitch that knows nothing of datacentres),
#   CASSANDRA_BROADCAST_RPC (the address told to clients instead of ADDRESS: that of a proxy in front),
#   CASSANDRA_NOWAIT=1 (return at once; wait with wait.sh)
# Writes DATA_DIR/pid, DATA_DIR/log. Exit: 0 ready, 64 usage, 69 java/mvn missing, 75 address taken, 70 start failed.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
. "$here/lib.sh"
[ $# -ge 3 ] || { sed -n '2,16s/^# \{0,1\}//p' "$0" >&2; exit 64; }
dir=$1 addr=$2 heap=$3 seeds=${4:-$2}
port=${CASSANDRA_PORT:-9042} lib=$cassandra_lib wait_s=${CASSANDRA_WAIT:-90}
case $addr in 127.*) ;; *) echo "start.sh: ADDRESS must be in 127.0.0.0/8, got $addr" >&2; exit 64;; esac

java=${JAVA_HOME:+$JAVA_HOME/bin/}java
command -v "$java" >/dev/null || { echo "start.sh: Java is not installed: install a JRE/JDK 17 (package 'openjdk-17-jre-headless')" >&2; exit 69; }
major=$("$java" -XshowSettings:properties -version 2>&1 | sed -n 's/ *java.specification.version = //p')
case $major in 17) ;; *) echo "start.sh: these options are for Java 17; this is Java $major ($java): set JAVA_HOME to a Java 17" >&2; exit 69;; esac
"$here/fetch.sh" "$lib"; lib=$(cd "$lib" && pwd)
[ -z "${CASSANDRA_PEM:-}" ] || CASSANDRA_PEM=$(realpath "$CASSANDRA_PEM")

case ${CASSANDRA_DC:-} in *[!a-zA-Z0-9_-]*) echo "start.sh: CASSANDRA_DC is a name of letters, digits, _ and -" >&2; exit 64;; esac

mkdir -p "$dir"; dir=$(cd "$dir" && pwd); mkdir -p "$dir/conf" "$dir/tmp"
if [ -f "$dir/pid" ] && alive "$(cat "$dir/pid")"; then echo "start.sh: already running, pid $(cat "$dir/pid")" >&2; exit 75; fi
for p in "$port" 7000; do
    if (exec 3<>"/dev/tcp/$addr/$p") 2>/dev/null; then echo "start.sh: something already listens on $addr:$p" >&2; exit 75; fi
done
case ${CASSANDRA_SYNC:-batch} in
    batch) sync='batch' ;;
    periodic) sync=$'periodic\ncommitlog_sync_period: 10000ms' ;;
    *) echo "start.sh: CASSANDRA_SYNC is batch or periodic" >&2; exit 64 ;;
esac
yaml=$(cat "$here/cassandra.yaml.in")
yaml=${yaml//@DATA@/$dir}; yaml=${yaml//@ADDR@/$addr}; yaml=${yaml//@SEEDS@/$seeds}; yaml=${yaml//@PORT@/$port}
snitch=SimpleSnitch
if [ -n "${CASSANDRA_DC:-}" ]; then
    snitch=GossipingPropertyFileSnitch
    printf 'dc=%s\nrack=rack1\n' "$CASSANDRA_DC" > "$dir/conf/cassandra-rackdc.properties"
fi
yaml=${yaml//@SNITCH@/$snitch}
yaml=${yaml//@CLUSTER@/${CASSANDRA_CLUSTER:-test}}; yaml=${yaml//@TOKENS@/${CASSANDRA_TOKENS:-1}}; yaml=${yaml//@SYNC@/$sync}
if [ -n "${CASSANDRA_AUTH:-}" ]; then yaml=${yaml//@AUTHN@/PasswordAuthenticator}; yaml=${yaml//@AUTHZ@/CassandraAuthorizer}
else yaml=${yaml//@AUTHN@/AllowAllAuthenticator}; yaml=${yaml//@AUTHZ@/AllowAllAuthorizer}; fi
if [ -n "${CASSANDRA_PEM:-}" ]; then yaml+="
client_encryption_options:
  enabled: true
  optional: false
  keystore: $CASSANDRA_PEM
  ssl_context_factory:
    class_name: org.apache.cassandra.security.PEMBasedSslContextFactory"; fi
[ -z "${CASSANDRA_BROADCAST_RPC:-}" ] || yaml+=$'\n'"broadcast_rpc_address: $CASSANDRA_BROADCAST_RPC"
[ -z "${CASSANDRA_TOKEN:-}" ] || yaml+=$'\n'"initial_token: $CASSANDRA_TOKEN"
printf '%s\n' "$yaml" > "$dir/conf/cassandra.yaml"
cp "$here/logback.xml" "$dir/conf/"

mapfile -t opts < <(grep -v -E '^[[:space:]]*(#|$)' "$here/jvm17.options")
opts+=("-Xms96M" "-Xmx$heap" "-XX:MaxDirectMemorySize=$heap" "-Djava.io.tmpdir=$dir/tmp" "-Dcassandra.storagedir=$dir" "-Dcassandra.logdir=$dir"
       "-Dcassandra.config=file://$dir/conf/cassandra.yaml" "-Dlogback.configurationFile=$dir/conf/logback.xml")
[ -z "${CASSANDRA_DC:-}" ] || opts+=("-Dcassandra-rackdc.properties=file://$dir/conf/cassandra-rackdc.properties")
[ -z "${CASSANDRA_JMX_PORT:-}" ] || opts+=("-Dcassandra.jmx.local.port=$CASSANDRA_JMX_PORT" "-Djava.rmi.server.hostname=127.0.0.1")
# an archive of loaded classes, when warm.sh made one: a third less CPU time to start
[ ! -f "$lib/cassandra.jsa" ] || opts+=("-XX:SharedArchiveFile=$lib/cassandra.jsa")
# shellcheck disable=SC2206
opts+=(${CASSANDRA_OPTS:-})
cd "$dir"
setsid nohup "$java" "${opts[@]}" -cp "$lib/*" org.apache.cassandra.service.CassandraDaemon >"$dir/log" 2>&1 </dev/null 3>&- 9>&- &  # the caller's locks are not the node's
echo $! > "$dir/pid"
for _ in $(seq 40); do alive "$(cat "$dir/pid")" && break; sleep 0.05; done
[ -n "${CASSANDRA_NOWAIT:-}" ] || exec "$here/wait.sh" "$dir" "$addr" "$port" "$wait_s"
