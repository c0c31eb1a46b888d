//! The wire against its documents: `docs/protocol.md` and `docs/asyncapi.yaml`; strictness; fuzzing; the CQL steps.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test that cannot go on fails")]

mod asyncapi;
mod documents;
mod examples;
mod fuzz;
mod labels;
mod migrations;
mod strict;
mod tables;
