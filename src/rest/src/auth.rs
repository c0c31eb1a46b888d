//! Accounts: signing up and in, the own profile, the own devices.

pub(crate) mod answer;
pub(crate) mod change_password;
pub(crate) mod devices;
pub(crate) mod drop_avatar;
pub(crate) mod end_device;
pub(crate) mod login;
pub(crate) mod logout;
pub(crate) mod me;
pub(crate) mod refresh;
pub(crate) mod register;
pub(crate) mod ticket;
pub(crate) mod update_profile;
pub(crate) mod upload_avatar;
