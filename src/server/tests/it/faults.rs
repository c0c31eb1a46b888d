//! What goes wrong outside: processes that are killed, disks that are full, peers that do not read.

pub mod crash;
mod slow;
mod store;
