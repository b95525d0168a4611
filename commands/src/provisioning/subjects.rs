//! People, agents and applications as their tenant says.

use super::{not_its_own, own, taken, tenant};
use crate::identity::{owned_without, with_consequences};
use crate::{Ask, Decide, Decision, Happening};
use ledger::event::identity::{
    AgentCreated, MemberRemoved, PersonCreated, ServiceAccountCreated, SubjectReactivated, SubjectRemoved,
    SubjectSuspended,
};
use ledger::event::policy::Tenant;
use ledger::event::provisioning::{SubjectDeleted, SubjectWritten};
use ledger::event::{ContentDigest, Object, Refusal, Subject};
use ledger::time::Time;
use ledger::writer::PlainPayload;
use projections::identity::Standing;
use projections::provisioning::Shelf;

/// Why the standing of a subject changed.
const REASON: &str = "provisioning";

/// Make a subject what its tenant says: a new one, or one that it has, or one that signs in under the name that the tenant knows.
///
/// What it says is sealed, so whether anything is new the edge has found out. A tenant lets those act again whom it had suspended itself, and
/// nobody else: who was suspended here, before or since, stays so.
#[derive(Clone, Debug)]
pub struct PutSubject {
    /// Whether the tenant lets it act.
    pub active: bool,
    /// The keyed digest of the tenant's own id for it.
    pub external: Option<ContentDigest>,
    /// What people call it, if it is no person.
    pub handle: Box<str>,
    /// The keyed digest under which a person signs in.
    pub login: Option<ContentDigest>,
    /// The keyed digest of its name there.
    pub name: ContentDigest,
    /// When it happened by the tenant's clock.
    pub occurred: Option<Time>,
    /// All that the tenant says about it.
    pub profile: Option<PlainPayload>,
    /// Fresh name, or whom the tenant has.
    pub subject: Subject,
}

impl Decide for PutSubject {
    const NAME: &'static str = "provisioning.put_subject";

    fn about(&self) -> Option<Object> {
        Some(self.subject.into())
    }

    fn decide(self, ask: &Ask<'_>) -> Decision {
        let tenant = tenant(ask)?;
        if !may_have(tenant, self.subject) {
            return Err(not_its_own(tenant, self.subject.into()));
        }
        let order = Self { login: self.login.filter(|_| tenant.login.is_some()), ..self };
        let (subject, provisioned) = (order.subject, &ask.state.provisioned);
        let shelf = Shelf::of(subject);
        let named = provisioned.by_name(&tenant.name, shelf, &order.name);
        let external = order.external.as_ref();
        let known = external.and_then(|external| provisioned.by_external(&tenant.name, shelf, external));
        if let Some(other) = [named, known].into_iter().flatten().find(|other| *other != subject) {
            return Err(taken(tenant, other));
        }
        let Some(record) = ask.state.subjects.find(subject) else { return order.created(ask, tenant) };
        let is_kept = match own(ask, tenant, subject) {
            Ok(known) => known.kept,
            Err(refusal) if !order.takes_over(ask) => return Err(refusal),
            Err(_) => false,
        };
        let standing = record.standing();
        let active = order.active;
        let written = order.written(tenant);
        match standing {
            Standing::Active if !active => {
                owned_without(ask, subject)?;
                let ended = SubjectSuspended { reason: REASON.into(), subject }.into();
                Ok([vec![written], with_consequences(ask, subject, ended)].concat())
            }
            Standing::Suspended if active && is_kept => {
                Ok(vec![SubjectReactivated { subject }.into(), written])
            }
            Standing::Active | Standing::Suspended => Ok(vec![written]),
            Standing::Removed => Err(not_its_own(tenant, subject.into())),
        }
    }
}

impl PutSubject {
    fn written(self, tenant: &Tenant) -> Happening {
        let Self { active, external, name, occurred, profile, subject, .. } = self;
        let tenant = tenant.name.clone();
        Happening::from(SubjectWritten { active, external, name, occurred, subject, tenant }).sealing(profile)
    }

    /// Whether it is about somebody who was here before, whom no tenant has and who signs in under the name that the tenant knows.
    fn takes_over(&self, ask: &Ask<'_>) -> bool {
        let signs_in =
            self.login.is_some_and(|login| ask.state.subjects.by_login(&login) == Some(self.subject));
        signs_in && ask.state.tenant_with(self.subject).is_none()
    }

    fn created(self, ask: &Ask<'_>, tenant: &Tenant) -> Decision {
        let (subject, active) = (self.subject, self.active);
        let created = match subject {
            Subject::Person(person) => {
                if let Some(login) = self.login {
                    login_is_free(ask, tenant, login)?;
                }
                PersonCreated { login: self.login, person }.into()
            }
            Subject::Agent(agent) => {
                let sponsor = Subject::ServiceAccount(tenant.service_account);
                AgentCreated { agent, handle: self.free_handle(ask, tenant), sponsor }.into()
            }
            Subject::ServiceAccount(service_account) => {
                ServiceAccountCreated { handle: self.free_handle(ask, tenant), service_account }.into()
            }
        };
        let suspended = || SubjectSuspended { reason: REASON.into(), subject }.into();
        let written = self.written(tenant);
        Ok([created, written].into_iter().chain((!active).then(suspended)).collect())
    }

    /// The tenant's name and its own; its id in place of that where the name is taken, by one that was renamed or removed.
    fn free_handle(&self, ask: &Ask<'_>, tenant: &Tenant) -> Box<str> {
        let handle = format!("{}/{}", tenant.name, self.handle);
        let is_free = ask.state.subjects.by_handle(&handle).is_none();
        if is_free { handle.into() } else { format!("{}/{}", tenant.name, self.subject).into() }
    }
}

/// Whether policy lets a tenant have such a subject at all.
fn may_have(tenant: &Tenant, subject: Subject) -> bool {
    tenant.agents || matches!(subject, Subject::Person(_))
}

/// Refuses a name to sign in with that is somebody's, or was somebody's whom another had: who was removed does not come back under it, but
/// their tenant may give it to whom it has now.
fn login_is_free(ask: &Ask<'_>, tenant: &Tenant, login: ContentDigest) -> Result<(), Refusal> {
    match ask.state.subjects.by_login(&login) {
        Some(other) if ask.state.subjects.contains(other) => Err(taken(tenant, other)),
        Some(other) if !ask.state.provisioned.had(&tenant.name, other) => Err(Refusal::LoginTaken { login }),
        Some(_) | None => Ok(()),
    }
}

/// End a subject that its tenant no longer has. It is in none of the tenant's groups any more, and its name is free there from then on.
#[derive(Clone, Debug)]
pub struct DeleteSubject {
    /// When it happened by the tenant's clock.
    pub occurred: Option<Time>,
    /// Who.
    pub subject: Subject,
}

impl Decide for DeleteSubject {
    const NAME: &'static str = "provisioning.delete_subject";

    fn about(&self) -> Option<Object> {
        Some(self.subject.into())
    }

    fn decide(self, ask: &Ask<'_>) -> Decision {
        let tenant = tenant(ask)?;
        let Self { occurred, subject } = self;
        own(ask, tenant, subject)?;
        owned_without(ask, subject)?;
        let deleted = SubjectDeleted { occurred, subject, tenant: tenant.name.clone() };
        // Directories do not say again who is left in a group.
        let groups = ask.state.holders.groups(subject).iter();
        let own = groups.filter(|group| ask.state.has_group(&ask.actor, **group));
        let left = own.map(|group| MemberRemoved { group: *group, subject }.into());
        let removed = SubjectRemoved { reason: REASON.into(), subject }.into();
        let first = left.chain([deleted.into()]).collect();
        Ok([first, with_consequences(ask, subject, removed)].concat())
    }
}
