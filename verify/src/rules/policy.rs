//! Rules of policy: who may propose, adopt and decline.

use super::{Case, Verdict, require};
use ledger::event::Policy;
use ledger::event::id::PolicyId;
use ledger::event::policy::{PolicyAdopted, PolicyDeclined, PolicyProposed};
use ledger::event::scope::Scope;
use projections::access::Permission;
use projections::policy::Version;

pub(super) fn judge(case: &Case<'_>, fact: &Policy) -> Verdict {
    match fact {
        Policy::PolicyProposed(fact) => proposed(case, fact),
        Policy::PolicyAdopted(fact) => adopted(case, fact),
        Policy::PolicyDeclined(fact) => declined(case, fact),
    }
}

fn proposed(case: &Case<'_>, fact: &PolicyProposed) -> Verdict {
    case.permitted(Permission::PolicyWrite, Scope::Site)?;
    require(fact.body.check().is_ok(), "the policy does not keep the bounds of its kind")?;
    require(case.state.policies.find(fact.policy).is_none(), "the version existed already")
}

/// Who proposed a version adopts it too, unless policies must be approved; then it is somebody else.
fn adopted(case: &Case<'_>, fact: &PolicyAdopted) -> Verdict {
    let actor = case.subject()?;
    let version = waiting(case, fact.policy)?;
    let own = version.by == Some(actor);
    let approved = case.state.policies.access().policies_are_approved;
    require(!(own && approved), "a second person had to approve it")?;
    let permission = if own { Permission::PolicyWrite } else { Permission::PolicyApprove };
    case.permitted(permission, Scope::Site).map(drop)
}

fn declined(case: &Case<'_>, fact: &PolicyDeclined) -> Verdict {
    let actor = case.subject()?;
    if waiting(case, fact.policy)?.by == Some(actor) {
        return Ok(());
    }
    case.permitted(Permission::PolicyApprove, Scope::Site).map(drop)
}

fn waiting<'a>(case: &Case<'a>, policy: PolicyId) -> Result<&'a Version, super::Wrong> {
    let found = case.state.policies.find(policy).filter(|version| version.span.is_open());
    found.ok_or(super::not_allowed("no such version waited"))
}
