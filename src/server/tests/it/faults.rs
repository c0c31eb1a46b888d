//! What goes wrong outside: processes that are killed, disks that are full, peers that do not read, hubs that fall behind or
//! fail.

pub mod crash;
mod overload;
mod panic;
mod slow;
mod store;
