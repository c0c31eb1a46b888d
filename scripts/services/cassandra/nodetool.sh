#!/usr/bin/env bash
# nodetool.sh JMX_PORT COMMAND… — nodetool for a node started with CASSANDRA_JMX_PORT (each call costs a JVM start, about 2 s).
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
[ $# -ge 2 ] || { sed -n '2s/^# \{0,1\}//p' "$0" >&2; exit 64; }
. "$here/lib.sh"
lib=$cassandra_lib; port=$1; shift
java=${JAVA_HOME:+$JAVA_HOME/bin/}java
mapfile -t opts < <(grep -E '^--add-' "$here/jvm17.options")
exec "$java" "${opts[@]}" -Xmx64M -XX:TieredStopAtLevel=1 -Dlogback.configurationFile="$here/logback-tools.xml" -cp "$lib/*" \
    org.apache.cassandra.tools.NodeTool -h 127.0.0.1 -p "$port" "$@"
