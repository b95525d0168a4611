//! Sign-in for browsers: to a provider and back, sessions in cookies, and the pages for both.

mod browser;
mod flow;
mod logout;
mod page;
mod pending;
mod providers;
mod recovery;
mod refusing;
mod sessions;

pub(super) use browser::Cookie;
pub use browser::{NotAnOrigin, Origin};
pub(super) use flow::{callback, provider_login, provider_logout, sign_in, sign_out, start};
pub(super) use recovery::{recover, recovery};
pub(super) use sessions::{end, own, script, sessions, style, watch};

use pending::Pendings;
use providers::Providers;
use std::path::PathBuf;

/// What sign-ins need of the server.
pub struct SignIns {
    origin: Origin,
    providers: Providers,
    pending: Pendings,
}

impl SignIns {
    /// For a server that browsers find there, with the folder of its secrets.
    pub fn new(origin: Origin, secrets: PathBuf) -> Self {
        Self { origin, providers: Providers::new(secrets), pending: Pendings::default() }
    }

    /// Where browsers find the server.
    pub fn origin(&self) -> &Origin {
        &self.origin
    }
}
