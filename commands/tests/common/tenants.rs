//! Tenants, and what they say: the tenant of that name comes as the service account `svc-<name>`.

use crate::given::Given;
use crate::names::group;
use crate::people::{account, agent, person, subject};
use crate::providers::login;
use crate::spending::in_force;
use commands::provisioning::{DeleteGroup, DeleteSubject, GroupNames, PutGroup, PutSubject};
use ledger::event::identity::{
    AgentCreated, GroupCreated, PersonCreated, ServiceAccountCreated, SubjectSuspended,
};
use ledger::event::policy::{Body, Login, Provisioning, Tenant, TenantMode};
use ledger::event::provisioning::{GroupWritten, SubjectWritten};
use ledger::event::scope::Scope;
use ledger::event::{ContentDigest, Fact, Subject};

/// A tenant whose people sign in under the names that it knows.
pub(crate) fn tenant(name: &str) -> Tenant {
    Tenant {
        agents: true,
        login: Some(Login::UserNameAt { issuer: "https://id.corp.example".into() }),
        mode: TenantMode::Strict,
        name: name.into(),
        service_account: account(&format!("svc-{name}")),
    }
}

/// These tenants are in the policy in force, which is called `name`.
pub(crate) fn tenants(name: &str, tenants: &[Tenant]) -> Vec<Fact> {
    in_force(name, Body::Provisioning(Provisioning { tenants: tenants.to_vec() }))
}

/// The keyed digest of a tenant's name for somebody.
pub(crate) fn called(name: &str) -> ContentDigest {
    login(&format!("called {name}"))
}

/// The keyed digest of a tenant's id for somebody.
pub(crate) fn external(name: &str) -> ContentDigest {
    login(&format!("id of {name}"))
}

/// A tenant says that there is somebody, and that they may act.
pub(crate) fn put(name: &str) -> PutSubject {
    let subject = subject(name);
    let signs_in = matches!(subject, Subject::Person(_));
    PutSubject {
        active: true,
        external: Some(external(name)),
        handle: name.into(),
        login: signs_in.then(|| login(name)),
        name: called(name),
        occurred: None,
        profile: None,
        subject,
    }
}

/// The same, but that they may not.
pub(crate) fn put_off(name: &str) -> PutSubject {
    PutSubject { active: false, ..put(name) }
}

/// A tenant no longer has somebody.
pub(crate) fn delete(name: &str) -> DeleteSubject {
    DeleteSubject { occurred: None, subject: subject(name) }
}

/// What is written when a tenant says that somebody may act, or not.
pub(crate) fn written(tenant: &str, name: &str, active: bool) -> Fact {
    SubjectWritten {
        active,
        external: Some(external(name)),
        name: called(name),
        occurred: None,
        subject: subject(name),
        tenant: tenant.into(),
    }
    .into()
}

/// What comes before that, when nobody had heard of them.
pub(crate) fn created(tenant: &str, name: &str) -> Fact {
    let handle = format!("{tenant}/{name}").into();
    match subject(name) {
        Subject::Person(_) => PersonCreated { login: Some(login(name)), person: person(name) }.into(),
        Subject::ServiceAccount(_) => ServiceAccountCreated { handle, service_account: account(name) }.into(),
        Subject::Agent(_) => {
            let sponsor = subject(&format!("svc-{tenant}"));
            AgentCreated { agent: agent(name), handle, sponsor }.into()
        }
    }
}

/// Somebody is kept from acting by their tenant.
pub(crate) fn let_go(name: &str) -> Fact {
    SubjectSuspended { reason: "provisioning".into(), subject: subject(name) }.into()
}

/// A tenant says that there is a group, and who comes into it.
pub(crate) fn put_group(name: &str, come: &[&str]) -> PutGroup {
    let names = GroupNames { external: Some(format!("id of {name}").into()), name: name.into() };
    PutGroup {
        come: come.iter().map(|name| subject(name)).collect(),
        go: vec![],
        group: group(name),
        names: Some(names),
        occurred: None,
    }
}

/// A tenant no longer has a group.
pub(crate) fn delete_group(name: &str) -> DeleteGroup {
    DeleteGroup { group: group(name), occurred: None }
}

/// A tenant's group comes into being.
pub(crate) fn grouped_by(tenant: &str, name: &str) -> Vec<Fact> {
    let handle = format!("{tenant}/{name}").into();
    vec![
        GroupCreated { group: group(name), handle, scope: Scope::Site }.into(),
        group_written(tenant, name, name),
    ]
}

/// What is written of a tenant's group, whatever it is called now.
pub(crate) fn group_written(tenant: &str, group_name: &str, name: &str) -> Fact {
    GroupWritten {
        external: Some(format!("id of {group_name}").into()),
        group: group(group_name),
        name: name.into(),
        occurred: None,
        tenant: tenant.into(),
    }
    .into()
}

impl Given {
    /// A tenant has these from now on.
    pub(crate) fn has(&mut self, tenant: &str, names: &[&str]) {
        for name in names {
            let facts = [created(tenant, name), written(tenant, name, true)];
            self.happen_by(&format!("svc-{tenant}"), facts);
        }
    }
}
