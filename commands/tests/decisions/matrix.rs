//! Which role may do what, as a text that changes only on purpose.

use crate::given::{Given, asked, asked_by, given, granted, known, with_roles};
use crate::people::{account, credential, digest, grant, person, subject, time};
use commands::access::{GrantRole, Look, RevokeRole};
use commands::custody::{
    CountReads, CountRefusals, ErasePayloads, OpenClaim, OpenLedger, ReadLog, RecordState, ReportKey,
    RotateKey, StartServer, StopServer,
};
use commands::identity::{ClaimOwnership, CreateServiceAccount, IssueCredential, RevokeCredential};
use commands::{Command, custody};
use fixtures::samples;
use ledger::event::custody::{ClaimOpened, HeadLockCheck, StoppedHow};
use ledger::event::{Actor, Custody, Fact, Via};
use projections::access::{Permission, Role};
use std::fmt::Write;
use std::path::Path;

/// Commands that only Deed or its operator may give, with who may.
pub(crate) fn reserved() -> Vec<(Command, Actor)> {
    let started = custody::started(StoppedHow::Genesis, HeadLockCheck::Created, 0);
    let mut found: Vec<(Command, Actor)> = vec![(StartServer(started).into(), Actor::System)];
    for fact in samples::facts() {
        let Fact::Custody(fact) = fact else { continue };
        found.extend(match fact {
            Custody::LedgerOpened(fact) => Some((OpenLedger(fact).into(), Actor::System)),
            Custody::ServerStopped(fact) => Some((StopServer(fact).into(), Actor::System)),
            Custody::StateRecorded(fact) => Some((RecordState(fact).into(), Actor::System)),
            Custody::RefusalsCounted(fact) => Some((CountRefusals(fact).into(), Actor::System)),
            Custody::LogRead(fact) => Some((CountReads(fact).into(), Actor::System)),
            Custody::ClaimOpened(fact) => Some((OpenClaim(fact).into(), Actor::Operator)),
            Custody::KeyRotated(fact) => Some((RotateKey(fact).into(), Actor::Operator)),
            Custody::KeyCompromised(fact) => Some((ReportKey(fact).into(), Actor::Operator)),
            Custody::ServerStarted(_) | Custody::PayloadErased(_) | Custody::CommandRefused(_) => None,
        });
    }
    found
}

/// Every command, about `bob` where it is about somebody.
fn every_command() -> Vec<(String, Command)> {
    let named = |label: &str, command: Command| (format!("{}{label}", command.name()), command);
    let mut found: Vec<_> = reserved().into_iter().map(|(command, _)| named("", command)).collect();
    for role in Role::ALL {
        let grant_role = GrantRole { grant: grant("new"), subject: subject("svc-ci"), role };
        found.push(named(&format!(" {}", role.as_str()), grant_role.into()));
        let revoke = RevokeRole { grant: grant(&format!("bob {}", role.as_str())) };
        found.push(named(&format!(" {}", role.as_str()), revoke.into()));
        let issue = IssueCredential {
            credential: credential("new"),
            digest: digest("new"),
            expires: None,
            subject: Some(subject(role.as_str())),
        };
        found.push(named(&format!(" of {}", role.as_str()), issue.into()));
        let revoke = RevokeCredential { credential: credential(role.as_str()) };
        found.push(named(&format!(" of {}", role.as_str()), revoke.into()));
    }
    for permission in Permission::ALL {
        let look = Look { permission: Some(*permission) };
        found.push(named(&format!(" {}", permission.as_str()), look.into()));
    }
    let claim = ClaimOwnership {
        token: digest("token"),
        person: person("new"),
        grant: grant("new"),
        credential: credential("new"),
        digest: digest("new"),
        profile: None,
    };
    let create =
        CreateServiceAccount { service_account: account("svc-new"), handle: "svc-new".into(), profile: None };
    found.push(named("", claim.into()));
    found.push(named("", create.into()));
    found.push(named("", ErasePayloads { subject: subject("bob"), reason: "asked for".into() }.into()));
    found.push(named("", ReadLog { from: 0, to: 1 }.into()));
    found.sort_by(|(one, _), (other, _)| one.cmp(other));
    found
}

/// One holder of each role, who is called like it, two owners, and `bob` who holds all.
fn everybody() -> Given {
    let mut facts = known("svc-ci");
    facts.extend(with_roles("bob", &Role::ALL));
    facts.extend(known("nothing"));
    facts.extend(Role::ALL.iter().flat_map(|role| with_roles(role.as_str(), &[*role])));
    facts.push(ClaimOpened { digest: digest("token"), expires: time(7_200) }.into());
    facts.push(granted("svc-ci", Role::Member));
    given(facts)
}

fn matrix() -> String {
    let given = everybody();
    let mut actors: Vec<(&str, Actor)> = vec![
        ("system", Actor::System),
        ("operator", Actor::Operator),
        ("anonymous", Actor::Anonymous(Via::Nothing)),
        ("claim link", Actor::Anonymous(Via::Claim)),
        ("no role", asked_by("nothing").actor),
    ];
    actors.extend(Role::ALL.iter().map(|role| (role.as_str(), asked_by(role.as_str()).actor)));
    let mut text =
        String::from("What each actor may do. `changes nothing`: it is so already, or it leaves no event.\n");
    for (label, command) in every_command() {
        writeln!(text, "\n{label}").expect("a string takes all");
        for (name, actor) in &actors {
            let outcome = match given.when(&asked(*actor), command.clone()).facts() {
                Ok(facts) if facts.is_empty() => "changes nothing".to_owned(),
                Ok(facts) => facts.iter().map(|fact| fact.name().0).collect::<Vec<_>>().join(", "),
                Err(refusal) => format!("refused: {}", refusal.code()),
            };
            writeln!(text, "    {name:<11} {outcome}").expect("a string takes all");
        }
    }
    text
}

#[test]
fn the_matrix_of_roles_and_commands_is_golden() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures/golden/role_command_matrix.txt");
    let found = matrix();
    if std::env::var_os("DEED_WRITE_GOLDEN").is_some_and(|wanted| wanted == "1") {
        std::fs::write(&path, &found).expect("the golden file can be written");
    }
    let golden = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(golden == found, "the matrix differs from {}:\n{found}", path.display());
}

#[test]
fn the_matrix_holds_every_command() {
    let found = every_command();
    for name in Command::NAMES {
        assert!(found.iter().any(|(_, command)| command.name() == *name), "{name} is not in the matrix");
    }
}
