//! Several nodes in this process, on one store, connected by a real NATS server. They need the program `nats-server`, so they run
//! when they are asked for: `scripts/test cluster`.

mod bus;
mod cuts;
mod delivery;
pub mod gate;
mod hall;
mod interruptions;
mod limits;
mod people;
mod secured;
mod socketio;
mod way;
mod world;
