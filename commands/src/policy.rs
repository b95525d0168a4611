//! Orders of policy: propose, approve, decline.

use crate::{Ask, Decide, Decision};
use ledger::event::id::PolicyId;
use ledger::event::policy::{Body, PolicyAdopted, PolicyDeclined, PolicyProposed};
use ledger::event::scope::Scope;
use ledger::event::{Object, Refusal};
use projections::access::Permission;
use projections::policy::Version;

/// Write a new version of a policy. It comes into force at once, unless policies must be approved. Writing what is in force already
/// changes nothing.
#[derive(Clone, Debug)]
pub struct ProposePolicy {
    /// Fresh name of the version.
    pub policy: PolicyId,
    /// What it says.
    pub body: Body,
}

impl Decide for ProposePolicy {
    const NAME: &'static str = "policy.propose";

    fn about(&self) -> Option<Object> {
        Some(Object::Policy(self.policy))
    }

    fn decide(self, ask: &Ask<'_>) -> Decision {
        ask.permitted(Permission::PolicyWrite, Scope::Site)?;
        let Self { policy, body } = self;
        let (kind, name) = body.slot();
        let now = ask.state.policies.in_force_at(kind, name, u64::MAX);
        if now.is_some_and(|(_, version)| *version.body == body) {
            return Ok(vec![]);
        }
        let proposed = PolicyProposed { body, policy }.into();
        if ask.state.policies.access().policies_are_approved {
            return Ok(vec![proposed]);
        }
        Ok(vec![proposed, PolicyAdopted { policy }.into()])
    }
}

/// Put in force what somebody else proposed.
#[derive(Clone, Debug)]
pub struct ApprovePolicy {
    /// Which version.
    pub policy: PolicyId,
}

impl Decide for ApprovePolicy {
    const NAME: &'static str = "policy.approve";

    fn about(&self) -> Option<Object> {
        Some(Object::Policy(self.policy))
    }

    fn decide(self, ask: &Ask<'_>) -> Decision {
        let policy = self.policy;
        let approver = ask.permitted(Permission::PolicyApprove, Scope::Site)?;
        if waiting(ask, policy)?.by == Some(approver) {
            return Err(Refusal::OwnMatter { object: Object::Policy(policy) });
        }
        Ok(vec![PolicyAdopted { policy }.into()])
    }
}

/// Turn a proposed version down, or take back one's own.
#[derive(Clone, Debug)]
pub struct DeclinePolicy {
    /// Which version.
    pub policy: PolicyId,
    /// Why.
    pub reason: Box<str>,
}

impl Decide for DeclinePolicy {
    const NAME: &'static str = "policy.decline";

    fn about(&self) -> Option<Object> {
        Some(Object::Policy(self.policy))
    }

    fn decide(self, ask: &Ask<'_>) -> Decision {
        let Self { policy, reason } = self;
        let asker = ask.subject()?;
        let by = ask.state.policies.find(policy).and_then(|found| found.by);
        if by != Some(asker) {
            ask.permitted(Permission::PolicyApprove, Scope::Site)?;
        }
        waiting(ask, policy)?;
        Ok(vec![PolicyDeclined { policy, reason }.into()])
    }
}

fn waiting<'a>(ask: &Ask<'a>, policy: PolicyId) -> Result<&'a Version, Refusal> {
    let object = Object::Policy(policy);
    let found = ask.state.policies.find(policy).ok_or(Refusal::UnknownObject { object })?;
    if found.span.is_open() { Ok(found) } else { Err(Refusal::Settled { object }) }
}
