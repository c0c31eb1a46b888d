//! Kinds of accounts: where hosts, speakers and institutions sign up and in.

pub(crate) mod host_login;
pub(crate) mod host_register;
pub(crate) mod speaker_login;
pub(crate) mod speaker_register;
pub(crate) mod university_login;
pub(crate) mod university_register;
pub(crate) mod university_verify;
