//! The beginning of a sign-in: where the browser is sent.

use super::error::SignInError;
use super::provider::Provider;
use super::settings::Hidden;
use ledger::entropy::fresh;
use ledger::hash::to_hex;
use ledger::time::Time;
use openidconnect::{PkceCodeChallenge, PkceCodeVerifier};

/// The randomness of one sign-in.
pub struct Fresh {
    /// Binds the answer to the browser that asked.
    pub state: [u8; 32],
    /// Binds the token to this sign-in.
    pub nonce: [u8; 32],
    /// Binds the code to us.
    pub pkce_verifier: [u8; 32],
}

impl Fresh {
    /// From the machine's randomness.
    pub fn random() -> Self {
        Self { state: fresh(), nonce: fresh(), pkce_verifier: fresh() }
    }
}

/// Whether and how the provider shows itself to the person.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Prompt {
    /// Not at all; it refuses when it would have to.
    Silent,
    /// Asks who it is, even someone it knows.
    Login,
    /// Asks for consent again.
    Consent,
    /// Asks which account.
    SelectAccount,
}

impl Prompt {
    fn word(self) -> &'static str {
        match self {
            Self::Silent => "none",
            Self::Login => "login",
            Self::Consent => "consent",
            Self::SelectAccount => "select_account",
        }
    }
}

/// What a sign-in asks for beyond who it is.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Wishes {
    /// Whom to expect.
    pub login_hint: Option<String>,
    /// How to make sure who it is, by the provider's names, the best first. A provider may fall short, so look at [`Claims::acr`](super::Claims).
    pub acr_values: Vec<String>,
    /// How long ago the person may have signed in at the provider.
    pub max_age_seconds: Option<u64>,
    /// Whether and how the provider shows itself.
    pub prompt: Option<Prompt>,
}

/// A sign-in that has begun. The caller keeps it, bound to the browser, until the answer comes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Begun {
    /// Where the browser is sent.
    pub url: String,
    /// What the answer must carry.
    pub state: Hidden,
    /// What the token must carry.
    pub nonce: Hidden,
    /// What proves that the code is ours.
    pub pkce_verifier: Hidden,
    /// How long ago the person may have signed in.
    pub max_age_seconds: Option<u64>,
}

impl Provider {
    /// Begins a sign-in: with a code, a proof key, a nonce and a state, always.
    pub async fn begin(&self, wishes: &Wishes, fresh: &Fresh, now: Time) -> Result<Begun, SignInError> {
        let metadata = self.metadata(now).await?;
        let [state, nonce, verifier] =
            [&fresh.state, &fresh.nonce, &fresh.pkce_verifier].map(|one| to_hex(one));
        let proof = PkceCodeChallenge::from_code_verifier_sha256(&PkceCodeVerifier::new(verifier.clone()));
        let mut url = metadata.authorization.clone();
        url.query_pairs_mut()
            .append_pair("response_type", "code")
            .append_pair("client_id", &self.settings.client_id)
            .append_pair("redirect_uri", &self.settings.redirect_uri)
            .append_pair("scope", &self.scope())
            .append_pair("state", &state)
            .append_pair("nonce", &nonce)
            .append_pair("code_challenge", proof.as_str())
            .append_pair("code_challenge_method", "S256")
            .extend_pairs(extras(wishes));
        Ok(Begun {
            url: url.into(),
            state: Hidden::new(state),
            nonce: Hidden::new(nonce),
            pkce_verifier: Hidden::new(verifier),
            max_age_seconds: wishes.max_age_seconds,
        })
    }

    fn scope(&self) -> String {
        let others = self.settings.scopes.iter().map(String::as_str).filter(|scope| *scope != "openid");
        std::iter::once("openid").chain(others).collect::<Vec<_>>().join(" ")
    }
}

fn extras(wishes: &Wishes) -> Vec<(&'static str, String)> {
    let acr_values = (!wishes.acr_values.is_empty()).then(|| wishes.acr_values.join(" "));
    let all = [
        ("login_hint", wishes.login_hint.clone()),
        ("acr_values", acr_values),
        ("max_age", wishes.max_age_seconds.map(|seconds| seconds.to_string())),
        ("prompt", wishes.prompt.map(|prompt| prompt.word().to_owned())),
    ];
    all.into_iter().filter_map(|(name, value)| Some((name, value?))).collect()
}
