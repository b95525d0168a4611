//! The model: plain maps of who exists and who may do what, written from the rules and not from the code.

use std::collections::{BTreeMap, BTreeSet};

pub(crate) const ROLES: [&str; 4] = ["owner", "user_admin", "auditor", "member"];

/// What a role permits.
pub(crate) fn permits(role: &str) -> BTreeSet<&'static str> {
    let all = [
        "identity.read",
        "identity.create",
        "identity.manage",
        "identity.groups",
        "identity.credentials",
        "access.read",
        "access.grant",
        "access.define",
        "access.break_glass",
        "access.review",
        "access.organize",
        "keys.read",
        "keys.issue",
        "keys.manage",
        "budgets.read",
        "budgets.manage",
        "policy.read",
        "policy.write",
        "policy.approve",
        "templates.read",
        "templates.publish",
        "workspaces.read",
        "workspaces.use",
        "workspaces.manage",
        "gateway.use",
        "runs.read",
        "runs.review",
        "custody.read",
        "custody.export",
        "custody.erase",
    ];
    let some: &[&str] = match role {
        "owner" => &all,
        "user_admin" => &[
            "identity.read",
            "identity.create",
            "identity.manage",
            "identity.groups",
            "identity.credentials",
            "access.read",
            "access.grant",
            "access.organize",
            "keys.read",
            "templates.read",
        ],
        "auditor" => &[
            "identity.read",
            "access.read",
            "access.review",
            "keys.read",
            "budgets.read",
            "policy.read",
            "templates.read",
            "workspaces.read",
            "runs.read",
            "custody.read",
            "custody.export",
        ],
        _ => &["templates.read"],
    };
    all.into_iter().filter(|permission| some.contains(permission)).collect()
}

/// Whether a name is of a service account.
fn is_program(name: &str) -> bool {
    name.starts_with("svc-")
}

/// Who asks.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Who {
    /// A subject by name, with a credential by name.
    Subject(String, String),
    /// Nobody we know.
    Anonymous,
    /// A program by name, for a person by name, with a credential by name.
    Delegate(String, String, String),
    /// Somebody with a claim token.
    Claimer,
    /// Somebody with a recovery code.
    Recoverer,
    /// Whoever runs `deed`.
    Operator,
}

/// What is asked for, by name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Order {
    Claim { token: String, name: String },
    Create { name: String, handle: String },
    Issue { credential: String, to: Option<String>, expires: Option<u64> },
    RevokeCredential { credential: String },
    Token { token: String, behalf: Option<String> },
    MakeCodes { codes: Vec<String> },
    Recover { code: String, session: String },
    Grant { grant: String, to: String, role: &'static str },
    RevokeRole { grant: String },
    Look { permission: &'static str },
    Erase { name: String },
    Read,
    OpenClaim { token: String, expires: u64 },
    Rotate { key: u8 },
    Report,
}

/// The code of a refusal.
pub(crate) type Code = &'static str;

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Credential {
    pub(crate) owner: String,
    pub(crate) expires: Option<u64>,
    pub(crate) revoked: bool,
    pub(crate) token: Option<Token>,
}

/// What a token was given for: a credential of the program, and one of a person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Token {
    pub(crate) from: String,
    pub(crate) behalf: Option<(String, String)>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Grant {
    pub(crate) holder: String,
    pub(crate) role: &'static str,
    pub(crate) revoked: bool,
}

/// Who exists and who may do what.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Model {
    pub(crate) subjects: BTreeSet<String>,
    pub(crate) handles: BTreeMap<String, String>,
    pub(crate) credentials: BTreeMap<String, Credential>,
    pub(crate) grants: BTreeMap<String, Grant>,
    pub(crate) sealed: BTreeSet<String>,
    pub(crate) claim: Option<(String, u64)>,
    /// Recovery codes, and whose they are.
    pub(crate) codes: BTreeMap<String, String>,
}

/// What can be done on a person's behalf.
const LENT: [&str; 11] = [
    "access.read",
    "budgets.read",
    "custody.read",
    "gateway.use",
    "identity.read",
    "keys.read",
    "policy.read",
    "runs.read",
    "templates.read",
    "workspaces.read",
    "workspaces.use",
];

impl Model {
    pub(crate) fn rights(&self, name: &str) -> BTreeSet<&'static str> {
        let held = self.grants.values().filter(|grant| grant.holder == name && !grant.revoked);
        held.flat_map(|grant| permits(grant.role)).collect()
    }

    fn revoked(&self, credential: &str) -> bool {
        self.credentials.get(credential).is_none_or(|found| found.revoked)
    }

    /// A credential that is good at `now`.
    fn good(&self, credential: &str, now: u64) -> Option<&Credential> {
        let found = self.credentials.get(credential).filter(|found| !found.revoked)?;
        let given_for = |token: &Token| {
            !self.revoked(&token.from) && token.behalf.as_ref().is_none_or(|(_, hers)| !self.revoked(hers))
        };
        let good = found.expires.is_none_or(|expires| now < expires);
        (good && found.token.as_ref().is_none_or(given_for)).then_some(found)
    }

    /// Whether who asks is who they say, at `now`; who shows nothing is.
    pub(crate) fn is_authentic(&self, who: &Who, now: u64) -> bool {
        let (name, person, shown) = match who {
            Who::Subject(name, shown) => (name, None, shown),
            Who::Delegate(name, person, shown) => (name, Some(person), shown),
            Who::Anonymous | Who::Claimer | Who::Recoverer | Who::Operator => return true,
        };
        self.good(shown, now).is_some_and(|found| {
            let behalf = found.token.as_ref().and_then(|token| token.behalf.as_ref());
            found.owner == *name && behalf.map(|(person, _)| person) == person
        })
    }

    /// The subject and the credential that are shown, if they belong together and are good.
    fn shown(&self, who: &Who, now: u64) -> Result<(String, String), Code> {
        match who {
            Who::Subject(name, shown) | Who::Delegate(name, _, shown) if self.is_authentic(who, now) => {
                Ok((name.clone(), shown.clone()))
            }
            Who::Subject(..)
            | Who::Delegate(..)
            | Who::Anonymous
            | Who::Claimer
            | Who::Recoverer
            | Who::Operator => Err("not_authenticated"),
        }
    }

    /// Who asks for themselves.
    fn subject(&self, who: &Who, now: u64) -> Result<String, Code> {
        let (name, _) = self.shown(who, now)?;
        if let Who::Delegate(..) = who { Err("not_on_behalf") } else { Ok(name) }
    }

    /// What who asks may do: a program that acts for a person, what both may and can be lent.
    pub(crate) fn rights_of(&self, who: &Who) -> BTreeSet<&'static str> {
        match who {
            Who::Subject(name, _) => self.rights(name),
            Who::Delegate(name, person, _) => {
                let (own, hers) = (self.rights(name), self.rights(person));
                LENT.into_iter().filter(|one| own.contains(one) && hers.contains(one)).collect()
            }
            Who::Anonymous | Who::Claimer | Who::Recoverer | Who::Operator => BTreeSet::new(),
        }
    }

    fn permitted(&self, who: &Who, now: u64, permission: &str) -> Result<String, Code> {
        let (name, _) = self.shown(who, now)?;
        if self.rights_of(who).contains(permission) { Ok(name) } else { Err("not_permitted") }
    }

    fn within(&self, name: &str, handed_out: &BTreeSet<&'static str>) -> Result<(), Code> {
        if handed_out.is_subset(&self.rights(name)) { Ok(()) } else { Err("exceeds_own_rights") }
    }

    fn may_act_for(&self, who: &Who, now: u64, other: &str) -> Result<(), Code> {
        let name = self.subject(who, now)?;
        if name == other {
            return Ok(());
        }
        self.permitted(who, now, "identity.credentials")?;
        if !self.subjects.contains(other) {
            return Err("unknown_subject");
        }
        self.within(&name, &self.rights(other))
    }

    /// Carries an order out, or says why not. The number of events it leaves.
    pub(crate) fn carry_out(&mut self, who: &Who, now: u64, order: &Order) -> Result<usize, Code> {
        match order {
            Order::Claim { token, name } => self.claim(who, now, token, name),
            Order::Create { name, handle } => {
                self.permitted(who, now, "identity.create")?;
                if self.handles.contains_key(handle) {
                    return Err("handle_taken");
                }
                self.handles.insert(handle.clone(), name.clone());
                self.subjects.insert(name.clone());
                self.sealed.insert(name.clone());
                Ok(1)
            }
            Order::Issue { credential, to, expires } => {
                let owner = to.clone().unwrap_or(self.subject(who, now)?);
                let (_, shown) = self.shown(who, now)?;
                if self.credentials.get(&shown).is_some_and(|found| found.token.is_some()) {
                    self.permitted(who, now, "identity.credentials")?;
                }
                self.may_act_for(who, now, &owner)?;
                if expires.is_some_and(|expires| expires <= now) {
                    return Err("expiry_in_past");
                }
                self.issue(credential, &owner, *expires, None);
                Ok(1)
            }
            Order::RevokeCredential { credential } => self.revoke_credential(who, now, credential),
            Order::Token { token, behalf } => self.issue_token(who, now, (token, behalf.as_deref())),
            Order::MakeCodes { codes } => self.make_codes(who, now, codes),
            Order::Recover { code, session } => self.recover(who, now, (code, session)),
            Order::Grant { grant, to, role } => self.grant(who, now, (grant, to, role)),
            Order::RevokeRole { grant } => self.revoke_role(who, now, grant),
            Order::Look { permission } => self.permitted(who, now, permission).map(|_| 0),
            Order::Erase { name } => {
                self.permitted(who, now, "custody.erase")?;
                if !self.subjects.contains(name) {
                    return Err("unknown_subject");
                }
                if self.sealed.remove(name) { Ok(1) } else { Err("nothing_to_erase") }
            }
            Order::Read => self.permitted(who, now, "custody.read").map(|_| 1),
            Order::OpenClaim { token, expires } => {
                self.claim = Some((token.clone(), *expires));
                Ok(1)
            }
            Order::Rotate { .. } | Order::Report => Ok(1),
        }
    }

    fn issue(&mut self, credential: &str, owner: &str, expires: Option<u64>, token: Option<Token>) {
        let issued = Credential { owner: owner.to_owned(), expires, revoked: false, token };
        self.credentials.insert(credential.to_owned(), issued);
    }

    fn is_owner(&self, name: &str) -> bool {
        let holds = |grant: &Grant| grant.holder == name && grant.role == "owner" && !grant.revoked;
        self.grants.values().any(holds)
    }

    /// Ends what of somebody's is over. How much that was.
    fn sweep(&mut self, name: &str, now: u64) -> usize {
        let own = self.credentials.iter().filter(|(_, found)| found.owner == name && !found.revoked);
        let over = own.map(|(id, _)| id.clone()).filter(|id| self.good(id, now).is_none());
        let over: Vec<_> = over.collect();
        for id in &over {
            self.credentials.entry(id.clone()).and_modify(|found| found.revoked = true);
        }
        over.len()
    }

    fn issue_token(
        &mut self,
        who: &Who,
        now: u64,
        (token, behalf): (&str, Option<&str>),
    ) -> Result<usize, Code> {
        let name = self.subject(who, now)?;
        let (_, shown) = self.shown(who, now)?;
        if !is_program(&name) {
            return Err("token_refused");
        }
        let behalf = behalf.map(|hers| {
            let live =
                self.good(hers, now).filter(|found| found.token.is_none() && !is_program(&found.owner));
            live.map(|found| (found.owner.clone(), hers.to_owned())).ok_or("token_refused")
        });
        let behalf = behalf.transpose()?;
        let given_for = self.credentials.get(&shown).and_then(|found| found.token.as_ref());
        let from = given_for.map_or(shown.clone(), |token| token.from.clone());
        let bounds = [Some(&shown), Some(&from), behalf.as_ref().map(|(_, hers)| hers)];
        let ends = bounds.into_iter().flatten().filter_map(|id| self.credentials.get(id)?.expires);
        let expires = ends.fold(now + 3_600, u64::min);
        let swept = self.sweep(&name, now);
        self.issue(token, &name, Some(expires), Some(Token { from, behalf }));
        Ok(swept + 1)
    }

    fn make_codes(&mut self, who: &Who, now: u64, codes: &[String]) -> Result<usize, Code> {
        let name = self.subject(who, now)?;
        let taken = |code: &String| self.codes.get(code).is_some_and(|owner| *owner != name);
        if is_program(&name) || !self.is_owner(&name) || codes.iter().any(taken) {
            return Err("recovery_refused");
        }
        self.codes.retain(|_, owner| *owner != name);
        self.codes.extend(codes.iter().map(|code| (code.clone(), name.clone())));
        Ok(1)
    }

    fn recover(&mut self, who: &Who, now: u64, (code, session): (&str, &str)) -> Result<usize, Code> {
        if *who != Who::Recoverer {
            return Err("not_authenticated");
        }
        let name = self.codes.get(code).cloned().ok_or("recovery_refused")?;
        if !self.is_owner(&name) {
            return Err("recovery_refused");
        }
        self.codes.remove(code);
        let swept = self.sweep(&name, now);
        self.issue(session, &name, Some(now + 3_600), None);
        Ok(swept + 1)
    }

    fn claim(&mut self, who: &Who, now: u64, token: &str, name: &str) -> Result<usize, Code> {
        let open = self.claim.as_ref().is_some_and(|(open, expires)| open == token && now < *expires);
        if !open || *who != Who::Claimer {
            return Err("claim_not_open");
        }
        self.claim = None;
        self.subjects.insert(name.to_owned());
        self.sealed.insert(name.to_owned());
        let grant = Grant { holder: name.to_owned(), role: "owner", revoked: false };
        self.grants.insert(format!("{name} owner"), grant);
        self.issue(name, name, None, None);
        Ok(4)
    }

    fn revoke_credential(&mut self, who: &Who, now: u64, credential: &str) -> Result<usize, Code> {
        // Anybody may let go of what they show.
        if self.shown(who, now)?.1 != credential {
            self.subject(who, now)?;
        }
        let found = self.credentials.get(credential).cloned().ok_or("unknown_credential")?;
        if self.shown(who, now)?.1 != credential {
            self.may_act_for(who, now, &found.owner)?;
        }
        self.credentials.insert(credential.to_owned(), Credential { revoked: true, ..found.clone() });
        Ok(usize::from(!found.revoked))
    }

    fn grant(
        &mut self,
        who: &Who,
        now: u64,
        (grant, to, role): (&String, &String, &'static str),
    ) -> Result<usize, Code> {
        let giver = self.permitted(who, now, "access.grant")?;
        if !self.subjects.contains(to) {
            return Err("unknown_subject");
        }
        self.within(&giver, &permits(role))?;
        if self.grants.values().any(|held| held.holder == *to && held.role == role && !held.revoked) {
            return Ok(0);
        }
        self.grants.insert(grant.clone(), Grant { holder: to.clone(), role, revoked: false });
        Ok(1)
    }

    fn revoke_role(&mut self, who: &Who, now: u64, grant: &str) -> Result<usize, Code> {
        let name = self.permitted(who, now, "access.grant")?;
        let found = self.grants.get(grant).cloned().ok_or("unknown_grant")?;
        self.within(&name, &permits(found.role))?;
        if found.revoked {
            return Ok(0);
        }
        let owners = self.grants.values().filter(|grant| grant.role == "owner" && !grant.revoked).count();
        if found.role == "owner" && owners == 1 {
            return Err("last_owner");
        }
        self.grants.insert(grant.to_owned(), Grant { revoked: true, ..found });
        Ok(1)
    }
}
