//! Sign-in with OpenID Connect: what Deed asks of an identity provider, and what it believes of the answers.
//!
//! A [`Provider`] is one configured identity provider. [`Provider::begin`] makes the address that a browser is sent to, [`Provider::finish`] turns
//! what the browser brings back into [`Claims`], [`Provider::logout_token`] reads what a provider sends when a session has ended there, and
//! [`Provider::end_session_url`] is where a browser goes to end it from here. It keeps nothing but the provider's documents: what was begun is
//! kept by the caller, who also decides which sign-ins and which logout tokens are replayed.
//!
//! Only this folder names `openidconnect`; it and the command line's client name `reqwest`. No type of theirs leaves it.

mod address;
mod assertion;
mod base64url;
mod begin;
mod cache;
mod claims;
mod discovery;
mod error;
mod fetch;
mod finish;
mod form;
mod id_token;
mod keys;
mod logout;
mod provider;
mod settings;
mod signed;

pub use address::is_special_use;
pub use assertion::{ASSERTION_SECONDS_MAX, AssertionError, Claimed};
pub use begin::{Begun, Fresh, Prompt, Wishes};
pub use claims::Claims;
pub use discovery::DiscoveryError;
pub use error::{SignInError, TokenError};
pub use fetch::{FetchError, FetchLimits};
pub use finish::Answer;
pub use form::form;
pub use logout::{LOGOUT_SECONDS_MAX, Logout, LogoutError};
pub use provider::Provider;
pub use settings::{Addresses, Algorithm, ClaimNames, Hidden, Leeway, Relaxation, Settings, SettingsError};
