//! SCIM 2.0 (RFC 7643, RFC 7644, RFC 9865): directories elsewhere say which people, agents and groups there are.
//!
//! The credential says which tenant it is, and the policy on provisioning who the tenants are. Every write is one command; reads see what is
//! lasting. What a resource is and how it may change is in [`crate::scim`]; who may do what is in `commands::provisioning`.

mod body;
mod bulk;
mod directory;
mod discovery;
mod fault;
mod groups;
mod me;
mod search;
mod subjects;
mod visit;
mod write;

pub use directory::Directories;
pub(super) use fault::in_its_words;

use super::asking::Deed;
use axum::Router;
use axum::routing::{delete, get, patch, post, put};

/// Where all of it is.
pub(super) const BASE: &str = "/scim/v2";

macro_rules! directory {
    ($($method:ident $path:literal => $handler:path;)*) => {
        /// What directories call: its method and its path. They find it by its own documents, so the OpenAPI document leaves it out.
        pub const SCIM: &[(&str, &str)] = &[$((stringify!($method), $path)),*];

        pub(super) fn routes() -> Router<Deed> {
            Router::new()$(.route($path, $method($handler)))*
        }
    };
}

directory! {
    get "/scim/v2/ServiceProviderConfig" => discovery::config;
    get "/scim/v2/ResourceTypes" => discovery::resource_types;
    get "/scim/v2/ResourceTypes/{id}" => discovery::resource_type;
    get "/scim/v2/Schemas" => discovery::schemas;
    get "/scim/v2/Schemas/{id}" => discovery::schema;
    get "/scim/v2/Me" => me::me;
    get "/scim/v2" => search::all;
    post "/scim/v2/.search" => search::search_all;
    post "/scim/v2/Bulk" => bulk::bulk;
    get "/scim/v2/{kind}" => search::list;
    post "/scim/v2/{kind}" => write::create;
    post "/scim/v2/{kind}/.search" => search::search;
    get "/scim/v2/{kind}/{id}" => write::read;
    put "/scim/v2/{kind}/{id}" => write::replace;
    patch "/scim/v2/{kind}/{id}" => write::patch;
    delete "/scim/v2/{kind}/{id}" => write::delete;
}
