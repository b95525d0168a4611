//! People, service accounts and what belongs to them, by short name; one name gives the same id in every run.

use ledger::event::Subject;
use ledger::event::id::{AgentId, CredentialId, GrantId, PersonId, ServiceAccountId};
use ledger::hash::Hash;
use ledger::time::Time;

/// Digest of the secret of that name.
pub(crate) fn digest(name: &str) -> Hash {
    Hash::of(&[b"secret ", name.as_bytes()])
}

pub(crate) fn uuid(kind: &str, name: &str) -> [u8; 16] {
    let hash = Hash::of(&[kind.as_bytes(), b" ", name.as_bytes()]);
    *hash.0.first_chunk().expect("a hash is longer than an id")
}

/// The person of that name.
pub(crate) fn person(name: &str) -> PersonId {
    PersonId::from_bytes(uuid("person", name))
}

/// The service account of that name.
pub(crate) fn account(name: &str) -> ServiceAccountId {
    ServiceAccountId::from_bytes(uuid("account", name))
}

/// The agent of that name.
pub(crate) fn agent(name: &str) -> AgentId {
    AgentId::from_bytes(uuid("agent", name))
}

/// Who is called so: names that begin with `svc-` are of service accounts, with `agt-` of agents.
pub(crate) fn subject(name: &str) -> Subject {
    if name.starts_with("agt-") {
        Subject::Agent(agent(name))
    } else if name.starts_with("svc-") {
        Subject::ServiceAccount(account(name))
    } else {
        Subject::Person(person(name))
    }
}

/// The credential of that name; a subject's first bears the subject's name.
pub(crate) fn credential(name: &str) -> CredentialId {
    CredentialId::from_bytes(uuid("credential", name))
}

/// The grant of that name.
pub(crate) fn grant(name: &str) -> GrantId {
    GrantId::from_bytes(uuid("grant", name))
}

/// So many seconds after the first day of the tests.
pub(crate) fn time(seconds: u64) -> Time {
    Time::from_micros(1_790_000_000_000_000).plus_seconds(seconds)
}
