//! A provider that is believed, and what it says.

use crate::names::policy;
use crate::people::{credential, digest, person, time};
use commands::identity::{Asserted, SignIn, VerifiedEmail};
use ledger::event::identity::SessionStarted;
use ledger::event::policy::{Body, ClaimNames, PolicyAdopted, PolicyProposed, Provider, SignIn as Policy};
use ledger::event::{ContentDigest, Fact};
use ledger::hash::Hash;

/// The keyed digest of a provider's name for somebody, or of an e-mail address.
pub(crate) fn login(name: &str) -> ContentDigest {
    ContentDigest(*digest(&format!("login {name}")).0.first_chunk().expect("a hash is longer than that"))
}

/// A provider called `corp`: whoever has a good e-mail address may sign up or is found by it.
pub(crate) fn corp() -> Provider {
    let claims = ClaimNames { email: "email".into(), groups: "groups".into(), name: "name".into() };
    Provider {
        claims,
        client_id: "deed".into(),
        email_domains: vec!["corp.example".into()],
        issuer: "https://id.corp.example".into(),
        link_verified_email: true,
        name: "corp".into(),
        relaxations: vec![],
        required_groups: vec!["staff".into()],
        scopes: vec!["email".into()],
        secret: Some("corp".into()),
        several_factors: vec!["mfa".into()],
        sign_up: true,
        special_addresses: false,
    }
}

/// A policy that believes a provider.
pub(crate) fn believing(provider: Provider) -> Policy {
    Policy { providers: vec![provider], ..Policy::default() }
}

/// The policy is in force.
pub(crate) fn adopted(body: Policy) -> Vec<Fact> {
    let policy = policy("sign-in");
    vec![PolicyProposed { body: Body::SignIn(body), policy }.into(), PolicyAdopted { policy }.into()]
}

/// What `corp` says about somebody.
pub(crate) fn asserted(name: &str) -> Asserted {
    Asserted {
        assertion: digest(&format!("assertion {name}")),
        login: login(name),
        email: Some(VerifiedEmail { login: login(&format!("{name} mail")), domain: "corp.example".into() }),
        groups: vec!["staff".into()],
        methods: vec!["pwd".into(), "mfa".into()],
        authenticated: time(3_500),
        until: None,
        provider_session: Some(login("session at corp")),
    }
}

/// Somebody comes in from `corp`, as a person `new` if they are.
pub(crate) fn sign_in(name: &str) -> SignIn {
    SignIn {
        provider: "corp".into(),
        asserted: asserted(name),
        session: credential("session"),
        digest: digest("session"),
        person: person("new"),
        profile: None,
    }
}

/// A session of the person of that name.
pub(crate) fn started(name: &str) -> SessionStarted {
    SessionStarted {
        assertion: digest(&format!("assertion {name}")),
        authenticated: time(3_500),
        digest: digest("session"),
        expires: time(3_600 + 28_800),
        idle_seconds: 3_600,
        person: person(name),
        provider: "corp".into(),
        provider_session: Some(login("session at corp")),
        session: credential("session"),
        several_factors: true,
    }
}

/// The digest of a logout token of that name.
pub(crate) fn logout(name: &str) -> Hash {
    digest(&format!("logout {name}"))
}
