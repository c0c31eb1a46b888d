//! Seeded simulation of the owner core against faulty stores and networks.
