//! Payments: begun, told by the provider, listed.

pub(crate) mod create_intent;
pub(crate) mod history;
pub(crate) mod view;
pub(crate) mod webhook;
