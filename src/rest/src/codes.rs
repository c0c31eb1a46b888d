//! One-time codes by e-mail and short message.

pub(crate) mod body;
pub(crate) mod check;
pub(crate) mod email_send;
pub(crate) mod email_verify;
pub(crate) mod phone_send;
pub(crate) mod phone_verify;
pub(crate) mod send;
pub(crate) mod send_check;
pub(crate) mod sign_in;
