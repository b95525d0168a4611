//! The claim link over HTTP.

use super::Profile;
use crate::http::Problem;
use crate::http::asking::Asker;
use crate::http::commands::{Door, Parsed};
use crate::http::fields::{bounded, fresh_id};
use crate::secret::Secret;
use commands::identity::ClaimOwnership;
use ledger::event::id::{CredentialId, GrantId, PersonId};
use ledger::event::{Actor, Subject, Via};
use schemars::JsonSchema;
use serde::Deserialize;

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::http) struct ClaimArguments {
    #[schemars(extend("format" = "password"))]
    token: String,
    name: Option<String>,
    email: Option<String>,
}

pub(in crate::http) fn claim_ownership(door: Door<'_>, arguments: ClaimArguments) -> Result<Parsed, Problem> {
    let ClaimArguments { token, name, email } = arguments;
    let token = Secret::parse(&token)
        .map_or_else(|| ledger::hash::Hash::of(&[token.as_bytes()]), |token| token.digest());
    let person = PersonId::from_bytes(fresh_id());
    let secret = Secret::fresh();
    let profile = Profile { email: bounded("email", email)?, name: bounded("name", name)?, login: None };
    let command = ClaimOwnership {
        token,
        person,
        grant: GrantId::from_bytes(fresh_id()),
        credential: CredentialId::from_bytes(fresh_id()),
        digest: secret.digest(),
        profile: profile.sealed(Subject::Person(person))?,
    };
    let asker = Asker { actor: Actor::Anonymous(Via::Claim), ..door.asker };
    Ok(Parsed { asker, command: command.into(), secrets: vec![secret.into()] })
}
