//! Recovery codes over HTTP.

use crate::http::Problem;
use crate::http::commands::{Door, Once, Parsed};
use crate::secret::RecoveryCode;
use commands::identity::MakeRecoveryCodes;
use schemars::JsonSchema;
use serde::Deserialize;

/// How many are made at once.
const COUNT: usize = 8;

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::http) struct MakeArguments {}

pub(in crate::http) fn make_recovery_codes(door: Door<'_>, _: MakeArguments) -> Result<Parsed, Problem> {
    let once = |code: RecoveryCode| Once { name: "codes", digest: code.digest(), text: code.reveal() };
    let secrets: Vec<_> = (0..COUNT).map(|_| once(RecoveryCode::fresh())).collect();
    let codes = secrets.iter().map(|secret| secret.digest).collect();
    Ok(Parsed { asker: door.asker, command: MakeRecoveryCodes { codes }.into(), secrets })
}
