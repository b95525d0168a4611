//! Resources of SCIM 2.0 as JSON documents (RFC 7643, RFC 7644, RFC 9865): what they may hold, how a client may change them, which of them a filter
//! means, and how they are shown.
//!
//! Nothing here knows of HTTP, of the ledger or of storage, reads a clock or makes up an id. A caller reads a body with [`Resource::read`], keeps
//! what comes out wherever it likes, adds what the server knows with [`Resource::described`], and shows it with [`Resource::document`]. A change
//! is read with [`Patch::read`] and made with [`Patch::apply`]; for a large group [`Patch::members`] says who comes and who goes without
//! looking at the group.
//!
//! Identity providers differ from the standard and from one another: [`Mode`] names each difference as a question. Everything that a client
//! sends has a bound, and everything refused is a [`Refusal`] that says what was wrong, where, and what to do.
//!
//! Only this folder names `scim_v2`, which supplies the grammar of filters and paths. No type of it leaves the folder.

mod error;
mod filter;
mod json;
mod list;
mod mode;
mod moment;
mod patch;
mod place;
mod read;
mod resource;
mod schema;
mod shown;
mod sort;

pub use error::{Kind, Refusal};
pub use filter::{FILTER_BYTES_MAX, FILTER_DEPTH_MAX, FILTER_TERMS_MAX, Filter};
pub use json::{BODY_BYTES_MAX, DEPTH_MAX, TEXT_BYTES_MAX, VALUES_IN_BODY_MAX, read as read_body};
pub use list::{COUNT_DEFAULT, COUNT_MAX, CURSOR_BYTES_MAX, Page, Paging, list};
pub use mode::Mode;
pub use moment::Moment;
pub use patch::{Members, OPERATIONS_MAX, Patch, Patched};
pub use place::Place;
pub use read::{MEMBERS_MAX, VALUES_MAX};
pub use resource::{Meta, Resource};
pub use schema::{
    AGENT, AGENTIC_APPLICATION, Attribute, Features, GROUP, Mutability, RESOURCE_TYPES, ResourceType,
    Returned, Schema, Type, USER, Uniqueness, resource_type_documents, schema_documents,
    service_provider_config,
};
pub use shown::{SHOWN_NAMES_MAX, Shown};
pub use sort::{Order, Rank};
