//! The server: the only crate that waits, listens and reads a clock.
//!
//! A request is parsed into a command, authenticated, handed to the engine, and answered with what became lasting. Pages and streams read what the
//! engine has published. Start with [`http::router`]; [`serve::open`] and [`serve::start`] tie everything together.

pub mod authority;
pub mod client;
pub mod clock;
pub mod directory_lock;
pub mod door;
pub mod egress;
pub mod evidence;
pub mod http;
mod json;
pub mod keeper;
pub mod limits;
pub mod namespace;
pub mod oidc;
pub mod reactor;
pub mod scim;
pub mod secret;
pub mod serve;
mod tunnel;
