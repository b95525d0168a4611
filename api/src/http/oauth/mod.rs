//! OAuth for programs: a person lets a program of theirs in (RFC 6749 with PKCE on the loopback, RFC 8628), a program gets a token for a
//! short time by its own credential or by what a provider signed (RFC 7523), or to act for a person (RFC 8693).
//!
//! Tokens are credentials like any other: opaque, kept as SHA-256, each with its event.

mod authorize;
mod client;
mod denied;
mod device;
mod metadata;
mod page;
mod shown;
mod token;
mod workload;

pub(super) use authorize::{authorize, consent};
pub(super) use device::{decide, device, device_authorization, type_code};
pub(super) use metadata::metadata;
pub(super) use shown::{introspect, revoke};
pub use token::challenge;
pub(super) use token::token;

use super::Problem;
use super::asking::{Asker, Deed};
use super::expiring::Expiring;
use super::fields::fresh_id;
use crate::secret::Secret;
use authorize::Code;
use commands::identity::{RefuseToken, SignInClient};
use device::Device;
use ledger::event::id::CredentialId;
use ledger::event::identity::Way;
use ledger::hash::Hash;
use token::Grant;
use workload::Workloads;

/// The client id of programs that people run themselves. It has no secret: what it shows is proof that it began what it ends.
pub const CLI: &str = "deed-cli";

/// For how many seconds an authorization code can be exchanged.
const CODE_SECONDS: u64 = 60;
/// For how many seconds a device code can be approved and fetched.
const DEVICE_SECONDS: u64 = 600;
/// Most codes of either kind.
const COUNT_MAX: usize = 16_384;

/// What programs wait for.
pub struct Waiting {
    codes: Expiring<Code>,
    devices: Expiring<Device>,
    /// Which device a code that people type stands for.
    typed: Expiring<Hash>,
    workloads: Workloads,
}

impl Default for Waiting {
    fn default() -> Self {
        Self {
            codes: Expiring::new(CODE_SECONDS, COUNT_MAX),
            devices: Expiring::new(DEVICE_SECONDS, COUNT_MAX),
            typed: Expiring::new(DEVICE_SECONDS, COUNT_MAX),
            workloads: Workloads::default(),
        }
    }
}

/// A session that a program fetches, once.
struct Granted {
    session: CredentialId,
    secret: Secret,
}

/// Lets a program of the asker's own in.
async fn let_in(deed: &Deed, asker: Asker, way: Way) -> Result<Granted, Problem> {
    let granted = Granted { session: CredentialId::from_bytes(fresh_id()), secret: Secret::fresh() };
    let Granted { session, secret } = &granted;
    let command = SignInClient { client: CLI.into(), session: *session, digest: secret.digest(), way };
    deed.tell(asker, command.into()).await?;
    Ok(granted)
}

/// Records that a person did not let a program in.
async fn decline(deed: &Deed, asker: Asker, grant: Grant) -> Result<(), Problem> {
    let refusal = RefuseToken { grant: grant.short().into(), reason: "declined_by_person".into() };
    match deed.tell(asker, refusal.into()).await {
        Err(problem) if problem.code() != "token_refused" => Err(problem),
        Ok(_) | Err(_) => Ok(()),
    }
}
