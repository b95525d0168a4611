//! Writing down that somebody was not let in, before they are told.

use crate::http::Problem;
use crate::http::asking::{Asker, Deed};
use commands::identity::RefuseSignIn;

/// What stands for a provider that no policy names. What a stranger wrote in its place is not kept; no provider can be called so.
const NAMELESS: &str = "?";

/// Records why a sign-in, or a provider's word, was refused. What is given back is that it could not be recorded.
pub(super) async fn record(deed: &Deed, asker: Asker, name: &str, reason: &str) -> Result<(), Problem> {
    let published = deed.engine.published();
    let known = published.state.policies.sign_in().provider(name).is_some();
    let provider = if known { name } else { NAMELESS };
    let command = RefuseSignIn { provider: provider.into(), reason: reason.into() };
    match deed.tell(asker, command.into()).await {
        Err(problem) if problem.code() != "sign_in_refused" => Err(problem),
        Ok(_) | Err(_) => Ok(()),
    }
}
