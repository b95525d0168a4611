//! Who visits: a tenant, told by its credential.

use super::directory::Directory;
use super::fault::Fault;
use crate::http::Problem;
use crate::http::asking::{Asker, Deed, may_see};
use crate::http::fields::fresh_id;
use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::response::{IntoResponse, Response};
use commands::Command;
use commands::provisioning::ReadDirectory;
use ledger::event::policy::Tenant;
use ledger::event::scope::Scope;
use ledger::event::{Channel, Origin};

/// A tenant that asks.
#[derive(Clone)]
pub(super) struct Visit {
    pub(super) deed: Deed,
    pub(super) asker: Asker,
    pub(super) tenant: Tenant,
}

impl FromRequestParts<Deed> for Visit {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, deed: &Deed) -> Result<Self, Response> {
        let asker = Asker::from_request_parts(parts, deed).await.map_err(IntoResponse::into_response)?;
        Self::of(deed, asker).await.map_err(IntoResponse::into_response)
    }
}

impl Visit {
    async fn of(deed: &Deed, asker: Asker) -> Result<Self, Problem> {
        if let Some(tenant) = tenant(deed, asker) {
            return Ok(Self { deed: deed.clone(), asker, tenant });
        }
        deed.tell(asker, ReadDirectory {}.into()).await?;
        // It became one meanwhile.
        let tenant = tenant(deed, asker).ok_or_else(|| Problem::from(commands::engine::Failure::Stopped))?;
        Ok(Self { deed: deed.clone(), asker, tenant })
    }

    /// What the tenant has now.
    pub(super) fn directory(&self) -> Directory {
        Directory::new(&self.deed, self.tenant.clone())
    }

    /// Has a command of the tenant's done.
    pub(super) async fn tell(&self, command: impl Into<Command>) -> Result<(), Fault> {
        // A name of its own, by which all that it leads to is known.
        let Ok(request) = format!("scim-{}", ledger::hash::to_hex(&fresh_id())).parse() else {
            return Ok(());
        };
        let origin = Origin { channel: Channel::Http, digest: None, request: Some(request) };
        self.deed.submit(self.asker, origin, command.into(), None).await?;
        Ok(())
    }
}

/// The tenant as which somebody comes.
pub(super) fn tenant(deed: &Deed, asker: Asker) -> Option<Tenant> {
    let published = deed.engine.published();
    let known = may_see(&published, &asker.actor, None, Scope::Site);
    published.state.tenant_of(&asker.actor).filter(|_| known).cloned()
}
