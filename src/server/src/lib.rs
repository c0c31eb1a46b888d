//! The plenum binary: command line, configuration, wiring, shutdown, telemetry.
