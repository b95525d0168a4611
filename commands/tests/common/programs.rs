//! Programs: workloads, tokens, and whom they act for.

use crate::people::{account, credential, digest, person, subject, time};
use crate::providers::{believing, corp, started};
use commands::identity::{IssueToken, SignInClient, SignInWorkload};
use ledger::event::identity::{
    Behalf, ClientSignedIn, OwnerRecovered, SessionStarted, TokenIssued, Way, WorkloadSignedIn,
};
use ledger::event::policy::{SignIn as Policy, Workload};
use ledger::event::{Actor, Delegate};
use ledger::time::Time;

/// A policy that believes `corp`, and the provider of a workload `ci`, which is `svc-ci` here.
pub(crate) fn with_workload() -> Policy {
    let ci = Workload {
        audience: "deed".into(),
        issuer: "https://ci.example".into(),
        name: "ci".into(),
        service_account: account("svc-ci"),
        special_addresses: false,
        subject: "repo:acme/deed".into(),
    };
    Policy { workloads: vec![ci], ..believing(corp()) }
}

/// A session of the person of that name in a browser, `session`, which may lie unused for long.
pub(crate) fn browser(name: &str) -> SessionStarted {
    SessionStarted { idle_seconds: 1_000_000, ..started(name) }
}

/// Lets a program in, from a session in a browser.
pub(crate) fn let_in(way: Way) -> SignInClient {
    let (session, digest) = (credential("program"), digest("program"));
    SignInClient { client: "deed-cli".into(), session, digest, way }
}

/// What follows from that, from [`browser`].
pub(crate) fn let_in_by(name: &str, way: Way) -> ClientSignedIn {
    ClientSignedIn {
        client: "deed-cli".into(),
        digest: digest("program"),
        expires: started(name).expires,
        from: credential("session"),
        idle_seconds: 3_600,
        person: person(name),
        session: credential("program"),
        way,
    }
}

/// Asks for a token, to act for whom that credential is.
pub(crate) fn issue_token(behalf: Option<&str>) -> IssueToken {
    IssueToken { token: credential("new"), digest: digest("new"), behalf: behalf.map(credential) }
}

/// A token of a program that shows its first credential, for an hour.
pub(crate) fn token(name: &str, program: &str) -> TokenIssued {
    TokenIssued {
        behalf: None,
        digest: digest(name),
        expires: time(7_200),
        from: credential(program),
        subject: subject(program),
        token: credential(name),
    }
}

/// A token by which a program acts for a person who showed their first credential.
pub(crate) fn on_behalf(name: &str, program: &str, person: &str) -> TokenIssued {
    let behalf = Behalf { credential: credential(person), person: crate::people::person(person) };
    TokenIssued { behalf: Some(behalf), ..token(name, program) }
}

/// The program that acts for the person with the token of that name.
pub(crate) fn delegate(program: &str, person: &str, token: &str) -> Actor {
    let (program, person, credential) = (subject(program), crate::people::person(person), credential(token));
    Actor::Delegate(Delegate { program, person, credential })
}

/// The workload `ci` comes in with an assertion of that name.
pub(crate) fn work(assertion: &str) -> SignInWorkload {
    SignInWorkload {
        workload: "ci".into(),
        subject: "repo:acme/deed".into(),
        assertion: digest(assertion),
        token: credential("job"),
        digest: digest("job"),
    }
}

/// What follows from that.
pub(crate) fn worked(assertion: &str) -> WorkloadSignedIn {
    WorkloadSignedIn {
        assertion: digest(assertion),
        digest: digest("job"),
        expires: time(7_200),
        service_account: account("svc-ci"),
        token: credential("job"),
        workload: "ci".into(),
    }
}

/// An owner came in with a code, both of these names, until then.
pub(crate) fn recovered(name: &str, code: &str, expires: Time) -> OwnerRecovered {
    OwnerRecovered {
        code: digest(code),
        digest: digest("rescue"),
        expires,
        idle_seconds: 3_600,
        person: person(name),
        session: credential("rescue"),
    }
}
