//! Which orders are given: mostly sensible ones, often wrong ones; and the commands they stand for.

use crate::model::{Model, Order, ROLES, Who};
use crate::people::{account, credential, digest, grant, person, subject, time};
use commands::Command;
use commands::access::{GrantRole, Look, RevokeRole};
use commands::custody::{ErasePayloads, OpenClaim, ReadLog, ReportKey};
use commands::identity::{
    ClaimOwnership, CreateServiceAccount, IssueCredential, IssueToken, MakeRecoveryCodes, Recover,
    RevokeCredential,
};
use fixtures::rng::Rng;
use ledger::event::access::Terms;
use ledger::event::custody::{ClaimOpened, KeyCompromised};
use ledger::event::id::RequestId;
use ledger::event::scope::Scope;
use ledger::event::{Actor, Delegate, Subject, Via};
use ledger::writer::PlainPayload;
use projections::access::{Permission, Role};

/// Gives orders, with names that were never used where something new is named.
#[derive(Default)]
pub(crate) struct Orders {
    fresh: u32,
    token: u32,
}

impl Orders {
    fn fresh(&mut self, prefix: &str) -> String {
        self.fresh += 1;
        format!("{prefix}{}", self.fresh)
    }

    /// Something the operator wants.
    pub(crate) fn by_operator(&mut self, rng: &mut Rng, now: u64) -> Order {
        match rng.below(4) {
            0 => Order::Report,
            1 => {
                Order::Rotate { key: u8::try_from(self.fresh("").len() as u64 + rng.below(200)).unwrap_or(0) }
            }
            _ => {
                self.token += 1;
                Order::OpenClaim { token: format!("token {}", self.token), expires: now + rng.below(100) }
            }
        }
    }

    /// Somebody wants something.
    pub(crate) fn by_client(&mut self, rng: &mut Rng, now: u64, model: &Model) -> (Who, Order) {
        if rng.chance(1, if model.subjects.is_empty() { 2 } else { 15 }) {
            let token = if rng.chance(1, 5) { 0 } else { self.token };
            let who = if rng.chance(1, 10) { Who::Anonymous } else { Who::Claimer };
            // Only a claimer is refused for the claim; others are never sent with a token.
            let who = if who == Who::Anonymous { Who::Claimer } else { who };
            return (who, Order::Claim { token: format!("token {token}"), name: self.fresh("p") });
        }
        let who = asker(rng, model);
        if rng.chance(1, 5) {
            return self.about_tokens(rng, model, who);
        }
        let order = match rng.below(20) {
            0..=3 => self.create(rng),
            4..=6 => Order::Issue {
                credential: self.fresh("c"),
                to: if rng.chance(1, 3) { None } else { Some(somebody(rng, model)) },
                expires: rng.chance(1, 2).then(|| (now + rng.below(60)).saturating_sub(5)),
            },
            7..=8 => Order::RevokeCredential { credential: one_of(rng, model.credentials.keys()) },
            9..=12 => {
                let role = rng.pick(&ROLES).copied().unwrap_or("member");
                Order::Grant { grant: self.fresh("g"), to: somebody(rng, model), role }
            }
            13..=15 => Order::RevokeRole { grant: one_of(rng, model.grants.keys()) },
            16 => Order::Look {
                permission: rng.pick(Permission::ALL).map_or("", |permission| permission.as_str()),
            },
            17 => Order::Erase { name: somebody(rng, model) },
            _ => Order::Read,
        };
        (who, order)
    }

    /// Tokens of programs, and recovery codes of owners.
    fn about_tokens(&mut self, rng: &mut Rng, model: &Model, who: Who) -> (Who, Order) {
        match rng.below(9) {
            0..=3 => {
                let people = model.credentials.iter().filter(|(_, found)| found.owner.starts_with('p'));
                let behalf = rng.chance(2, 3).then(|| {
                    let any = rng.chance(1, 4);
                    if any {
                        one_of(rng, model.credentials.keys())
                    } else {
                        one_of(rng, people.map(|(id, _)| id))
                    }
                });
                let who = if rng.chance(3, 4) { program(rng, model) } else { who };
                (who, Order::Token { token: self.fresh("t"), behalf })
            }
            4 | 5 => {
                let programs = model.subjects.iter().filter(|name| name.starts_with("svc-"));
                let to = Some(one_of(rng, programs));
                (who, Order::Issue { credential: self.fresh("c"), to, expires: None })
            }
            6 => {
                let mut codes = vec![self.fresh("k"), self.fresh("k")];
                codes.extend(rng.chance(1, 3).then(|| one_of(rng, model.codes.keys())));
                (who, Order::MakeCodes { codes })
            }
            _ => {
                let who = if rng.chance(1, 10) { who } else { Who::Recoverer };
                (who, Order::Recover { code: one_of(rng, model.codes.keys()), session: self.fresh("s") })
            }
        }
    }

    fn create(&mut self, rng: &mut Rng) -> Order {
        let name = self.fresh("svc-");
        let handle = if rng.chance(1, 3) { format!("h{}", rng.below(3)) } else { name.clone() };
        Order::Create { name, handle }
    }
}

fn one_of<'a>(rng: &mut Rng, names: impl Iterator<Item = &'a String>) -> String {
    let names: Vec<_> = names.collect();
    let known = rng.pick(&names).filter(|_| !rng.chance(1, 12));
    known.map_or_else(|| "nothing".to_owned(), |name| (*name).clone())
}

fn somebody(rng: &mut Rng, model: &Model) -> String {
    one_of(rng, model.subjects.iter())
}

/// A service account with a credential of its own or a token, when there is one.
fn program(rng: &mut Rng, model: &Model) -> Who {
    let own =
        |name: &String| model.credentials.get(name).is_some_and(|found| found.owner.starts_with("svc-"));
    let shown = one_of(rng, model.credentials.keys().filter(|name| own(name)));
    whose(model, shown)
}

/// Whoever has a credential.
fn whose(model: &Model, shown: String) -> Who {
    let Some(found) = model.credentials.get(&shown) else { return Who::Subject("p0".to_owned(), shown) };
    match found.token.as_ref().and_then(|token| token.behalf.clone()) {
        Some((person, _)) => Who::Delegate(found.owner.clone(), person, shown),
        None => Who::Subject(found.owner.clone(), shown),
    }
}

/// Mostly a subject with a credential of its own, often an owner.
fn asker(rng: &mut Rng, model: &Model) -> Who {
    if rng.chance(1, 15) {
        return Who::Anonymous;
    }
    let acting = model.credentials.iter().filter(|(_, found)| {
        found.token.as_ref().is_some_and(|token| token.behalf.is_some()) && !found.revoked
    });
    let acting: Vec<_> = acting.map(|(name, _)| name).collect();
    if let Some(shown) = rng.pick(&acting).filter(|_| rng.chance(1, 4)) {
        return whose(model, (*shown).clone());
    }
    let shown = one_of(rng, model.credentials.keys());
    let owners: Vec<_> =
        model.grants.values().filter(|grant| grant.role == "owner" && !grant.revoked).collect();
    if let Some(owner) = rng.pick(&owners).filter(|_| rng.chance(1, 2)) {
        let own = model.credentials.iter().find(|(_, found)| found.owner == owner.holder && !found.revoked);
        if let Some((shown, _)) = own {
            return whose(model, shown.clone());
        }
    }
    match rng.below(40) {
        0 | 1 => Who::Subject(somebody(rng, model), shown),
        2 => Who::Delegate(somebody(rng, model), somebody(rng, model), shown),
        _ => whose(model, shown),
    }
}

/// Who it is for the engine.
pub(crate) fn actor_of(who: &Who) -> Actor {
    match who {
        Who::Subject(name, shown) => Actor::Subject(subject(name), credential(shown)),
        Who::Delegate(program, person, shown) => {
            let (program, person, credential) = (subject(program), self::person(person), credential(shown));
            Actor::Delegate(Delegate { program, person, credential })
        }
        Who::Recoverer => Actor::Anonymous(Via::Recovery),
        Who::Anonymous => Actor::Anonymous(Via::Nothing),
        Who::Claimer => Actor::Anonymous(Via::Claim),
        Who::Operator => Actor::Operator,
    }
}

/// Under which name command ids are kept apart.
pub(crate) fn key_of(who: &Who) -> String {
    match who {
        Who::Subject(name, _) | Who::Delegate(name, ..) => subject(name).to_string(),
        Who::Anonymous | Who::Claimer | Who::Recoverer => "anonymous".to_owned(),
        Who::Operator => "operator".to_owned(),
    }
}

/// The command that the order stands for; a rotation has none, for it needs the writer.
pub(crate) fn command_of(order: &Order) -> Option<Command> {
    let profile = |subject: Subject| Some(PlainPayload::profile(subject, b"a profile".to_vec()));
    Some(match order {
        Order::Claim { token, name } => ClaimOwnership {
            token: digest(token),
            person: person(name),
            grant: grant(&format!("{name} owner")),
            credential: credential(name),
            digest: digest(name),
            profile: profile(Subject::Person(person(name))),
        }
        .into(),
        Order::Create { name, handle } => CreateServiceAccount {
            service_account: account(name),
            handle: handle.as_str().into(),
            profile: profile(Subject::ServiceAccount(account(name))),
        }
        .into(),
        Order::Issue { credential: name, to, expires } => IssueCredential {
            credential: credential(name),
            digest: digest(name),
            expires: expires.map(time),
            subject: to.as_deref().map(subject),
        }
        .into(),
        Order::RevokeCredential { credential: name } => {
            RevokeCredential { credential: credential(name) }.into()
        }
        Order::Token { token, behalf } => {
            let behalf = behalf.as_deref().map(credential);
            IssueToken { token: credential(token), digest: digest(token), behalf }.into()
        }
        Order::MakeCodes { codes } => {
            MakeRecoveryCodes { codes: codes.iter().map(|code| digest(code)).collect() }.into()
        }
        Order::Recover { code, session } => {
            Recover { code: digest(code), session: credential(session), digest: digest(session) }.into()
        }
        Order::Grant { grant: name, to, role } => {
            let role = Role::parse(role).expect("the model knows the same roles");
            let (request, subject) = (RequestId::from_bytes([7; 16]), subject(to).into());
            let (grant, scope, terms) = (grant(name), Scope::Site, Terms::default());
            GrantRole { grant, request, subject, role, scope, terms }.into()
        }
        Order::RevokeRole { grant: name } => RevokeRole { grant: grant(name), reason: None }.into(),
        Order::Look { permission } => {
            Look { permission: Permission::parse(permission).map(|permission| (permission, Scope::Site)) }
                .into()
        }
        Order::Erase { name } => ErasePayloads { subject: subject(name), reason: "asked for".into() }.into(),
        Order::Read => ReadLog { from: 0, to: 3 }.into(),
        Order::OpenClaim { token, expires } => {
            OpenClaim(ClaimOpened { digest: digest(token), expires: time(*expires) }).into()
        }
        Order::Report => ReportKey(KeyCompromised { key: "00000000".into(), since: 0 }).into(),
        Order::Rotate { .. } => return None,
    })
}
