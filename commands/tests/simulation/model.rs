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

/// Who asks.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Who {
    /// A subject by name, with a credential by name.
    Subject(String, String),
    /// Nobody we know.
    Anonymous,
    /// Somebody with a claim token.
    Claimer,
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
}

impl Model {
    pub(crate) fn rights(&self, name: &str) -> BTreeSet<&'static str> {
        let held = self.grants.values().filter(|grant| grant.holder == name && !grant.revoked);
        held.flat_map(|grant| permits(grant.role)).collect()
    }

    /// Who asks, if their credential is good at `now`.
    fn subject(&self, who: &Who, now: u64) -> Result<String, Code> {
        let Who::Subject(name, shown) = who else { return Err("not_authenticated") };
        let found = self.credentials.get(shown).filter(|found| found.owner == *name && !found.revoked);
        let good = found.is_some_and(|found| found.expires.is_none_or(|expires| now < expires));
        if good { Ok(name.clone()) } else { Err("not_authenticated") }
    }

    fn permitted(&self, who: &Who, now: u64, permission: &str) -> Result<String, Code> {
        let name = self.subject(who, now)?;
        if self.rights(&name).contains(permission) { Ok(name) } else { Err("not_permitted") }
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
                let owner = match to {
                    Some(to) => to.clone(),
                    None => self.subject(who, now)?,
                };
                self.may_act_for(who, now, &owner)?;
                if expires.is_some_and(|expires| expires <= now) {
                    return Err("expiry_in_past");
                }
                self.issue(credential, &owner, *expires);
                Ok(1)
            }
            Order::RevokeCredential { credential } => self.revoke_credential(who, now, credential),
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

    fn issue(&mut self, credential: &str, owner: &str, expires: Option<u64>) {
        let issued = Credential { owner: owner.to_owned(), expires, revoked: false };
        self.credentials.insert(credential.to_owned(), issued);
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
        self.issue(name, name, None);
        Ok(4)
    }

    fn revoke_credential(&mut self, who: &Who, now: u64, credential: &str) -> Result<usize, Code> {
        self.subject(who, now)?;
        let found = self.credentials.get(credential).cloned().ok_or("unknown_credential")?;
        self.may_act_for(who, now, &found.owner)?;
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
