//! Images over HTTP against a whole server: what is taken, what becomes of it, who sees it, and what is left.

mod kept;
mod refused;
mod shown;
mod wire;
