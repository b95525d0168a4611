//! Grants that a second person approves.

use super::grants::{Wanted, admitted, sound};
use crate::{Ask, Decide, Decision};
use ledger::event::access::{GrantDeclined, Ground, RoleGranted};
use ledger::event::id::{GrantId, RequestId};
use ledger::event::scope::Scope;
use ledger::event::{Grantee, Object, Refusal, Subject};
use projections::access::{Permission, Request, Role};

/// Approve what somebody else asked for, for somebody else.
#[derive(Clone, Debug)]
pub struct ApproveGrant {
    /// Which request.
    pub request: RequestId,
    /// Fresh name of the grant.
    pub grant: GrantId,
}

impl Decide for ApproveGrant {
    const NAME: &'static str = "access.approve_grant";

    fn about(&self) -> Option<Object> {
        Some(Object::Request(self.request))
    }

    fn decide(self, ask: &Ask<'_>) -> Decision {
        let Self { request, grant } = self;
        let approver = ask.permitted(Permission::AccessGrant, scope_of(ask, request))?;
        let found = find(ask, request)?;
        let wanted = &found.wanted;
        waiting(found, request)?;
        if found.by == Some(approver) || gets(ask, wanted.grantee, approver) {
            return Err(Refusal::OwnMatter { object: Object::Request(request) });
        }
        let role =
            Role::parse(&wanted.role).ok_or_else(|| Refusal::UnknownRole { role: wanted.role.clone() })?;
        let terms = wanted.terms();
        let held = sound(ask, wanted.grantee, Wanted { grant, role, scope: wanted.scope, terms: &terms })?;
        ask.may_give(approver, &held)?;
        admitted(ask, wanted.grantee, &held)?;
        let granted = RoleGranted {
            grant,
            ground: Some(Ground::Request(request)),
            role: wanted.role.clone(),
            scope: wanted.scope,
            subject: wanted.grantee,
            terms,
        };
        Ok(vec![granted.into()])
    }
}

/// Turn a request down, or take back one's own.
#[derive(Clone, Debug)]
pub struct DeclineGrant {
    /// Which request.
    pub request: RequestId,
    /// Why.
    pub reason: Box<str>,
}

impl Decide for DeclineGrant {
    const NAME: &'static str = "access.decline_grant";

    fn about(&self) -> Option<Object> {
        Some(Object::Request(self.request))
    }

    fn decide(self, ask: &Ask<'_>) -> Decision {
        let Self { request, reason } = self;
        let asker = ask.subject()?;
        let by = ask.state.rules.request(request).and_then(|found| found.by);
        if by != Some(asker) {
            ask.permitted(Permission::AccessGrant, scope_of(ask, request))?;
        }
        let found = find(ask, request)?;
        waiting(found, request)?;
        Ok(vec![GrantDeclined { reason, request }.into()])
    }
}

/// Where a request wants something; everywhere, when there is none.
fn scope_of(ask: &Ask<'_>, request: RequestId) -> Scope {
    ask.state.rules.request(request).map_or(Scope::Site, |found| found.wanted.scope)
}

fn find<'a>(ask: &Ask<'a>, request: RequestId) -> Result<&'a Request, Refusal> {
    let object = Object::Request(request);
    ask.state.rules.request(request).ok_or(Refusal::UnknownObject { object })
}

fn waiting(found: &Request, request: RequestId) -> Result<(), Refusal> {
    match found.span.until() {
        None => Ok(()),
        Some(_) => Err(Refusal::Settled { object: Object::Request(request) }),
    }
}

/// Whether the subject would get what the grantee gets.
fn gets(ask: &Ask<'_>, grantee: Grantee, subject: Subject) -> bool {
    match grantee {
        Grantee::Subject(grantee) => grantee == subject,
        Grantee::Group(group) => ask.state.groups.has(group, subject),
    }
}
