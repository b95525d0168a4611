//! Orders of tenants: directories that say by SCIM which people, agents and groups there are.
//!
//! What a tenant may do stands in the policy on provisioning, and nowhere else: it needs no role, and has no right but over what it made, or
//! was to take over. That its groups hold roles, somebody who may give those has decided.

mod groups;
mod subjects;

pub use groups::{DeleteGroup, GroupNames, MEMBERS_MAX, PutGroup};
pub use subjects::{DeleteSubject, PutSubject};

use crate::{Ask, Decide, Decision};
use ledger::event::policy::Tenant;
use ledger::event::{Object, Refusal, Subject};
use projections::provisioning::Record;

/// Show a tenant what it has. Nothing happens: only a refusal is recorded.
#[derive(Clone, Debug)]
pub struct ReadDirectory {}

impl Decide for ReadDirectory {
    const NAME: &'static str = "provisioning.read_directory";

    fn about(&self) -> Option<Object> {
        None
    }

    fn decide(self, ask: &Ask<'_>) -> Decision {
        tenant(ask)?;
        Ok(vec![])
    }
}

/// The tenant that asks.
fn tenant<'a>(ask: &Ask<'a>) -> Result<&'a Tenant, Refusal> {
    ask.subject()?;
    ask.state.tenant_of(&ask.actor).ok_or(Refusal::NotATenant {})
}

/// What a tenant said last about a subject, which must be one of its own.
fn own<'a>(ask: &Ask<'a>, tenant: &Tenant, subject: Subject) -> Result<&'a Record, Refusal> {
    let found = ask.state.provisioned.of_tenant(&tenant.name, subject);
    found.ok_or_else(|| not_its_own(tenant, subject.into()))
}

fn not_its_own(tenant: &Tenant, object: Object) -> Refusal {
    Refusal::NotOfTenant { object, tenant: tenant.name.clone() }
}

fn taken(tenant: &Tenant, holder: impl Into<Object>) -> Refusal {
    Refusal::TakenAtTenant { holder: holder.into(), tenant: tenant.name.clone() }
}
