//! `/Me` (RFC 7644, section 3.11): who asks, if a directory has them.

use super::directory::{Directory, Item};
use super::fault::Fault;
use super::write::{Written, show_in};
use crate::http::asking::{Asker, Deed, subject_of};
use axum::extract::{RawQuery, State};
use axum::response::Response;

pub(super) async fn me(
    State(deed): State<Deed>,
    asker: Asker,
    RawQuery(query): RawQuery,
) -> Result<Response, Fault> {
    let published = deed.look(asker, None).await?;
    let subject = subject_of(&asker).filter(|_| asker.actor.person_behind().is_none());
    let found = subject.and_then(|subject| Some((subject, published.state.tenant_with(subject)?)));
    let Some((subject, tenant)) = found else {
        return Err(Fault::not_found("Me"));
    };
    let directory = Directory::new(&deed, tenant.clone());
    show_in(&directory, &Written::Is(Item::Subject(subject)), query.as_deref())
}
