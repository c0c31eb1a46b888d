//! The REST route table and its handlers.
