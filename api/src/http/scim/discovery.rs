//! What the server offers: configuration, types and schemas (RFC 7644, section 4). Anybody may know.

use super::BASE;
use super::bulk::OPERATIONS_MAX;
use super::directory::{kind_of, shelves};
use super::fault::{Fault, answer};
use super::visit::tenant;
use crate::http::Problem;
use crate::http::asking::{Asker, Deed};
use crate::scim::{
    Features, Page, RESOURCE_TYPES, ResourceType, list, resource_type_documents, schema_documents,
    service_provider_config,
};
use axum::extract::{FromRequestParts, Path, RawQuery, State};
use axum::http::StatusCode;
use axum::http::request::Parts;
use axum::response::Response;
use serde_json::Value;

/// For how long a cursor can be used at least: what it names does not go away.
const CURSOR_SECONDS: u64 = 24 * 60 * 60;

pub(super) async fn config(State(deed): State<Deed>) -> Response {
    let scheme = |kind: &str, name: &str, about: &str| (kind.to_owned(), name.to_owned(), about.to_owned());
    let features = Features {
        bulk_operations_max: Some(OPERATIONS_MAX as u64),
        sort: true,
        etag: true,
        change_password: false,
        cursor_seconds: Some(CURSOR_SECONDS),
        interop_profile: false,
        authentication: vec![
            scheme(
                "oauthbearertoken",
                "Credential",
                "A credential of the tenant's service account; issue a new one before the old one is revoked",
            ),
            scheme(
                "oauth2",
                "OAuth 2.0",
                "Client credentials of the tenant's service account at /oauth/token",
            ),
        ],
    };
    answer(StatusCode::OK, &service_provider_config(&features, &base(&deed)))
}

pub(super) async fn resource_types(offered: Offered, RawQuery(query): RawQuery) -> Result<Response, Fault> {
    all(query.as_deref(), resource_type_documents(&offered.kinds, &offered.base))
}

pub(super) async fn resource_type(offered: Offered, Path(id): Path<String>) -> Result<Response, Fault> {
    one(&id, resource_type_documents(&offered.kinds, &offered.base))
}

pub(super) async fn schemas(offered: Offered, RawQuery(query): RawQuery) -> Result<Response, Fault> {
    all(query.as_deref(), schema_documents(&offered.kinds, &offered.base))
}

pub(super) async fn schema(offered: Offered, Path(id): Path<String>) -> Result<Response, Fault> {
    one(&id, schema_documents(&offered.kinds, &offered.base))
}

/// Which types of resources there are: those of the tenant that asks; for anybody else, all.
pub(super) struct Offered {
    kinds: Vec<&'static ResourceType>,
    base: String,
}

impl FromRequestParts<Deed> for Offered {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, deed: &Deed) -> Result<Self, Problem> {
        let asker = Asker::from_request_parts(parts, deed).await?;
        let tenant = tenant(deed, asker);
        let kinds = tenant.map(|tenant| shelves(&tenant).map(kind_of).collect());
        Ok(Self { kinds: kinds.unwrap_or_else(|| RESOURCE_TYPES.to_vec()), base: base(deed) })
    }
}

fn base(deed: &Deed) -> String {
    format!("{}{BASE}", deed.sign_in.origin().as_str())
}

/// These are few, so they come all at once; whoever filters them is told that nobody can.
fn all(query: Option<&str>, documents: Vec<(&'static str, Value)>) -> Result<Response, Fault> {
    let mut asked = crate::oidc::form(query.unwrap_or_default().as_bytes());
    if asked.any(|(name, _)| name == "filter") {
        return Err(Fault::Status(
            StatusCode::FORBIDDEN,
            "these cannot be filtered; ask for all of them".into(),
        ));
    }
    let documents: Vec<_> = documents.into_iter().map(|(_, document)| document).collect();
    let page = Page::read(None, None, None)?;
    Ok(answer(StatusCode::OK, &list(&page, documents.len(), documents, None)))
}

fn one(id: &str, documents: Vec<(&'static str, Value)>) -> Result<Response, Fault> {
    let found = documents.into_iter().find(|(known, _)| *known == id);
    let (_, document) = found.ok_or_else(|| Fault::not_found(id))?;
    Ok(answer(StatusCode::OK, &document))
}
