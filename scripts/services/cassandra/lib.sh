# shellcheck shell=bash
# Shared by the scripts here.

# Where the jars are: one folder for all checkouts of a user.
cassandra_lib=${CASSANDRA_LIB:-${XDG_CACHE_HOME:-$HOME/.cache}/plenum-tests/cassandra}

# alive PID — is that process there, not a zombie, and a Cassandra node?
alive() {
    [ -r "/proc/$1/status" ] && ! grep -q '^State:[[:space:]]*Z' "/proc/$1/status" 2>/dev/null &&
        tr '\0' '\n' < "/proc/$1/cmdline" 2>/dev/null | grep -qx org.apache.cassandra.service.CassandraDaemon
}
