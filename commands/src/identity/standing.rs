//! Suspending, reactivating and removing subjects, with all that follows at once.

use crate::access::may_act_for;
use crate::{Ask, Decide, Decision, Happening};
use ledger::event::identity::{CredentialRevoked, SubjectReactivated, SubjectRemoved, SubjectSuspended};
use ledger::event::keys::KeyRevoked;
use ledger::event::{Object, Refusal, Subject};
use projections::Grantless;
use projections::access::Permission;
use projections::identity::Standing;

/// Keep a subject from doing anything; its credentials and keys end. Suspending twice changes nothing, unless it was its tenant that had
/// suspended it: from then on the tenant does not let it act again.
#[derive(Clone, Debug)]
pub struct SuspendSubject {
    /// Who.
    pub subject: Subject,
    /// Why.
    pub reason: Box<str>,
}

impl Decide for SuspendSubject {
    const NAME: &'static str = "identity.suspend_subject";

    fn about(&self) -> Option<Object> {
        Some(self.subject.into())
    }

    fn decide(self, ask: &Ask<'_>) -> Decision {
        let Self { subject, reason } = self;
        let is_kept = ask.state.provisioned.find(subject).is_some_and(|record| record.kept);
        if may_end(ask, subject)? == Standing::Suspended && !is_kept {
            return Ok(vec![]);
        }
        Ok(with_consequences(ask, subject, SubjectSuspended { reason, subject }.into()))
    }
}

/// Let a suspended subject act again; it needs new credentials and keys. Reactivating an active one changes nothing.
#[derive(Clone, Debug)]
pub struct ReactivateSubject {
    /// Who.
    pub subject: Subject,
}

impl Decide for ReactivateSubject {
    const NAME: &'static str = "identity.reactivate_subject";

    fn about(&self) -> Option<Object> {
        Some(self.subject.into())
    }

    fn decide(self, ask: &Ask<'_>) -> Decision {
        let subject = self.subject;
        if may_change(ask, subject)? == Standing::Active {
            return Ok(vec![]);
        }
        let kept = ask.state.provisioned.find(subject).is_some_and(|record| !record.active);
        if let Some(tenant) = ask.state.tenant_with(subject).filter(|_| kept) {
            let (object, tenant) = (subject.into(), tenant.name.clone());
            return Err(Refusal::ManagedByTenant { object, tenant });
        }
        Ok(vec![SubjectReactivated { subject }.into()])
    }
}

/// Keep a subject from ever doing anything again; its credentials and keys end.
#[derive(Clone, Debug)]
pub struct RemoveSubject {
    /// Who.
    pub subject: Subject,
    /// Why.
    pub reason: Box<str>,
}

impl Decide for RemoveSubject {
    const NAME: &'static str = "identity.remove_subject";

    fn about(&self) -> Option<Object> {
        Some(self.subject.into())
    }

    fn decide(self, ask: &Ask<'_>) -> Decision {
        let Self { subject, reason } = self;
        may_end(ask, subject)?;
        Ok(with_consequences(ask, subject, SubjectRemoved { reason, subject }.into()))
    }
}

/// The standing of a subject that the asker may change.
fn may_change(ask: &Ask<'_>, subject: Subject) -> Result<Standing, Refusal> {
    let actor = ask.permitted(Permission::IdentityManage, ledger::event::scope::Scope::Site)?;
    ask.existing(subject)?;
    may_act_for(ask, actor, subject, Permission::IdentityManage)?;
    let record = ask.state.subjects.find(subject).ok_or(Refusal::UnknownSubject { subject })?;
    Ok(record.standing())
}

fn may_end(ask: &Ask<'_>, subject: Subject) -> Result<Standing, Refusal> {
    let standing = may_change(ask, subject)?;
    owned_without(ask, subject)?;
    Ok(standing)
}

/// Refuses to end the last subject that owns this Deed.
pub(crate) fn owned_without(ask: &Ask<'_>, subject: Subject) -> Result<(), Refusal> {
    if ask.state.would_lack_owner(Grantless::Subject(subject)) {
        let owner = ask.state.grants.owners().find(|(owner, _)| *owner == subject);
        if let Some((_, grant)) = owner {
            return Err(Refusal::LastOwner { grant });
        }
    }
    Ok(())
}

/// The end of a subject's standing, with all that ends by it.
pub(crate) fn with_consequences(ask: &Ask<'_>, subject: Subject, ended: Happening) -> Vec<Happening> {
    let credentials = ask.state.credentials.unrevoked(subject).iter();
    let revoked = credentials.map(|credential| CredentialRevoked { credential: *credential }.into());
    let keys = ask.state.keys.unrevoked(subject).iter();
    let keys = keys.map(|key| KeyRevoked { key: *key, reason: None }.into());
    [ended].into_iter().chain(revoked).chain(keys).collect()
}
