//! What leads to grants, and what stands in their way: requests, mappings, duties that are kept apart.

use super::permission::Permission;
use super::role::Role;
use crate::history::Span;
use imbl::OrdMap;
use ledger::event::access::{GrantRequested, Ground, GroupMapped, Terms};
use ledger::event::id::{DutyId, MappingId, RequestId};
use ledger::event::scope::{Environments, Scope};
use ledger::event::{Access, Event, Grantee, Subject};
use ledger::time::Time;
use serde::{Deserialize, Serialize};

/// A request for a grant that a second person must approve.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Request {
    /// Who asked; `None` when it was nobody who could have.
    pub by: Option<Subject>,
    /// What for.
    pub wanted: Wanted,
    /// From when until when it waited.
    pub span: Span,
    /// Whether it was approved.
    pub approved: bool,
}

/// What a request asks for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Wanted {
    /// Which role, by its name in events.
    pub role: Box<str>,
    /// Where.
    pub scope: Scope,
    /// Who shall hold it.
    pub grantee: Grantee,
    /// In which environments only.
    pub environments: Option<Environments>,
    /// From when on it shall no longer hold.
    pub expires: Option<Time>,
    /// Why.
    pub reason: Option<Box<str>>,
    /// Where more is written about it.
    pub ticket: Option<Box<str>>,
}

impl Wanted {
    fn of(requested: &GrantRequested) -> Self {
        let Terms { environments, expires, reason, ticket } = requested.terms.clone();
        let (role, scope, grantee) = (requested.role.clone(), requested.scope, requested.subject);
        Self { role, scope, grantee, environments, expires, reason, ticket }
    }

    /// The terms of the grant that is wanted.
    pub fn terms(&self) -> Terms {
        let (reason, ticket) = (self.reason.clone(), self.ticket.clone());
        Terms { environments: self.environments, expires: self.expires, reason, ticket }
    }
}

/// Members of an identity provider's group get a role.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mapping {
    /// The group as the provider names it.
    pub external: Box<str>,
    /// The provider's name here.
    pub provider: Box<str>,
    /// Which role.
    pub role: Option<Role>,
    /// Where.
    pub scope: Scope,
    /// From when until when.
    pub span: Span,
}

/// Two permissions that no subject may hold together.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Duty {
    /// One.
    pub one: Box<str>,
    /// The other.
    pub other: Box<str>,
    /// From when until when.
    pub span: Span,
}

impl Duty {
    /// Both permissions, when this build knows them.
    pub fn permissions(&self) -> Option<(Permission, Permission)> {
        Permission::parse(&self.one).zip(Permission::parse(&self.other))
    }
}

/// Requests, mappings and separated duties.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rules {
    requests: OrdMap<RequestId, Request>,
    mappings: OrdMap<MappingId, Mapping>,
    duties: OrdMap<DutyId, Duty>,
}

impl Rules {
    pub(crate) fn apply(&mut self, fact: &Access, event: &Event) {
        let seq = event.seq;
        match fact {
            Access::GrantRequested(requested) => {
                let by = event.actor.shown().map(|(subject, _)| subject);
                let request =
                    Request { by, wanted: Wanted::of(requested), span: Span::open(seq), approved: false };
                self.requests.entry(requested.request).or_insert(request);
            }
            Access::GrantDeclined(declined) => self.settle(declined.request, seq, false),
            Access::RoleGranted(granted) => {
                if let Some(Ground::Request(request)) = granted.ground {
                    self.settle(request, seq, true);
                }
            }
            Access::GroupMapped(mapped) => {
                self.mappings.entry(mapped.mapping).or_insert(mapping(mapped, seq));
            }
            Access::GroupUnmapped(unmapped) => {
                let found = self.mappings.get_mut(&unmapped.mapping);
                end(found.map(|mapping| &mut mapping.span), seq);
            }
            Access::DutiesSeparated(separated) => {
                let (one, other) = (separated.one.clone(), separated.other.clone());
                self.duties.entry(separated.duty).or_insert(Duty { one, other, span: Span::open(seq) });
            }
            Access::DutiesJoined(joined) => {
                end(self.duties.get_mut(&joined.duty).map(|duty| &mut duty.span), seq);
            }
            Access::OrganizationCreated(_)
            | Access::ProjectCreated(_)
            | Access::ProjectChanged(_)
            | Access::RoleDefined(_)
            | Access::RoleRetired(_)
            | Access::RoleRevoked(_)
            | Access::BreakGlassReviewed(_) => {}
        }
    }

    fn settle(&mut self, request: RequestId, seq: u64, approved: bool) {
        if let Some(request) = self.requests.get_mut(&request).filter(|request| request.span.is_open()) {
            request.span.end(seq);
            request.approved = approved;
        }
    }

    /// A request, settled or not.
    pub fn request(&self, id: RequestId) -> Option<&Request> {
        self.requests.get(&id)
    }

    /// A mapping, ended or not.
    pub fn mapping(&self, id: MappingId) -> Option<&Mapping> {
        self.mappings.get(&id)
    }

    /// A rule that keeps two duties apart, ended or not.
    pub fn duty(&self, id: DutyId) -> Option<&Duty> {
        self.duties.get(&id)
    }

    /// Requests after `after`, in order of id.
    pub fn requests(&self, after: Option<RequestId>) -> impl Iterator<Item = (RequestId, &Request)> + '_ {
        use std::ops::Bound::{Excluded, Unbounded};
        self.requests.range((after.map_or(Unbounded, Excluded), Unbounded)).map(|(id, found)| (*id, found))
    }

    /// Mappings after `after`, in order of id.
    pub fn mappings(&self, after: Option<MappingId>) -> impl Iterator<Item = (MappingId, &Mapping)> + '_ {
        use std::ops::Bound::{Excluded, Unbounded};
        self.mappings.range((after.map_or(Unbounded, Excluded), Unbounded)).map(|(id, found)| (*id, found))
    }

    /// Rules that keep duties apart after `after`, in order of id.
    pub fn duties(&self, after: Option<DutyId>) -> impl Iterator<Item = (DutyId, &Duty)> + '_ {
        use std::ops::Bound::{Excluded, Unbounded};
        self.duties.range((after.map_or(Unbounded, Excluded), Unbounded)).map(|(id, found)| (*id, found))
    }
}

fn mapping(mapped: &GroupMapped, seq: u64) -> Mapping {
    Mapping {
        external: mapped.external.clone(),
        provider: mapped.provider.clone(),
        role: Role::parse(&mapped.role),
        scope: mapped.scope,
        span: Span::open(seq),
    }
}

fn end(span: Option<&mut Span>, seq: u64) {
    if let Some(span) = span.filter(|span| span.is_open()) {
        span.end(seq);
    }
}
