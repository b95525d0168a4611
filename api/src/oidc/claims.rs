//! What a provider says about a person, read from a token that is believed.

use super::error::SignInError;
use super::settings::{ClaimNames, Hidden};
use ledger::time::Time;
use serde_json::{Map, Value};

/// Subjects have at most 255 characters of ASCII, says the standard.
const SUBJECT_BYTES_MAX: usize = 255;
/// No name, address or group is longer.
const TEXT_BYTES_MAX: usize = 1_024;
/// More groups than a person is in. Providers with more say where to ask for them instead.
const GROUPS_MAX: usize = 1_000;

/// Who a person is, and how the provider knows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claims {
    /// Who, by the provider's own and lasting name. Nothing else says who somebody is.
    pub subject: String,
    /// Name to show.
    pub name: Option<String>,
    /// E-mail address.
    pub email: Option<String>,
    /// Whether the provider has made sure of it.
    pub email_verified: bool,
    /// Names of groups; `None` when the provider says nothing of groups.
    pub groups: Option<Vec<String>>,
    /// The session at the provider.
    pub sid: Option<String>,
    /// How sure the provider is, by its own names.
    pub acr: Option<String>,
    /// By what means.
    pub amr: Vec<String>,
    /// When the person signed in there.
    pub authenticated: Option<Time>,
    /// Until when this was said.
    pub expires: Time,
    /// When a session made of this ends at the latest.
    pub session_expires: Option<Time>,
    /// The token itself, which the provider wants to see when the session ends. It is shown to nobody else and never kept in the ledger.
    pub id_token: Hidden,
}

impl Claims {
    pub(super) fn read(
        payload: &Map<String, Value>,
        names: &ClaimNames,
        id_token: Hidden,
    ) -> Result<Self, SignInError> {
        let subject = text(payload, "sub")?;
        let usable =
            |subject: &String| (1..=SUBJECT_BYTES_MAX).contains(&subject.len()) && subject.is_ascii();
        Ok(Self {
            subject: subject.filter(usable).ok_or_else(|| wrong("sub"))?,
            name: text(payload, &names.name)?,
            email: text(payload, &names.email)?,
            email_verified: payload.get("email_verified").is_some_and(is_true),
            groups: groups(payload, &names.groups)?,
            sid: text(payload, "sid")?,
            acr: text(payload, "acr")?,
            amr: texts(payload, "amr")?.unwrap_or_default(),
            authenticated: time(payload, "auth_time")?,
            expires: time(payload, "exp")?.ok_or_else(|| wrong("exp"))?,
            session_expires: time(payload, "session_expiry")?,
            id_token,
        })
    }
}

fn wrong(name: &str) -> SignInError {
    SignInError::ClaimWrong(name.into())
}

fn groups(payload: &Map<String, Value>, name: &str) -> Result<Option<Vec<String>>, SignInError> {
    // A token that would be too long says where to ask for the groups instead.
    let elsewhere = payload.get("_claim_names").and_then(|names| names.get(name)).is_some();
    if elsewhere { Err(SignInError::GroupsElsewhere) } else { texts(payload, name) }
}

fn text(payload: &Map<String, Value>, name: &str) -> Result<Option<String>, SignInError> {
    match payload.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) if text.len() <= TEXT_BYTES_MAX => Ok(Some(text.clone())),
        Some(_) => Err(wrong(name)),
    }
}

/// Several texts, or one that stands alone.
fn texts(payload: &Map<String, Value>, name: &str) -> Result<Option<Vec<String>>, SignInError> {
    let Some(Value::Array(values)) = payload.get(name) else {
        return Ok(text(payload, name)?.map(|one| vec![one]));
    };
    if values.len() > GROUPS_MAX {
        return Err(wrong(name));
    }
    let fits = |text: &&str| text.len() <= TEXT_BYTES_MAX;
    let one = |value: &Value| value.as_str().filter(fits).map(String::from).ok_or_else(|| wrong(name));
    values.iter().map(one).collect::<Result<_, _>>().map(Some)
}

fn time(payload: &Map<String, Value>, name: &str) -> Result<Option<Time>, SignInError> {
    match payload.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(value) => moment(value).map(Some).ok_or_else(|| wrong(name)),
    }
}

/// Seconds since 1970. Some providers write fractions, which are cut off.
pub(super) fn moment(value: &Value) -> Option<Time> {
    let Value::Number(number) = value else { return None };
    let text = number.to_string();
    let seconds = text.split('.').next()?.parse().ok()?;
    Some(Time::from_micros(0).plus_seconds(seconds))
}

/// Some providers write truth as text.
fn is_true(value: &Value) -> bool {
    *value == Value::Bool(true) || value.as_str() == Some("true")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn read(claims: Value) -> Result<Claims, SignInError> {
        let mut payload = json!({ "sub": "ada", "exp": 100 });
        for (name, value) in claims.as_object().unwrap() {
            payload[name] = value.clone();
        }
        Claims::read(payload.as_object().unwrap(), &ClaimNames::default(), Hidden::new("t"))
    }

    #[test]
    fn claims_are_read_in_the_forms_that_providers_write() {
        let claims = read(json!({
            "auth_time": 1_795_322_062.99, "amr": "pwd", "groups": ["a", "b"], "email_verified": "true",
            "session_expiry": 200, "name": null,
        }))
        .unwrap();
        assert_eq!(claims.authenticated, Some(Time::from_micros(1_795_322_062_000_000)));
        assert_eq!(claims.amr, ["pwd"]);
        assert_eq!(claims.groups, Some(vec!["a".into(), "b".into()]));
        assert_eq!(claims.session_expires, Some(Time::from_micros(200_000_000)));
        assert!(claims.email_verified);
        assert_eq!(read(json!({})).unwrap().groups, None);
        assert!(!read(json!({ "email_verified": "yes" })).unwrap().email_verified);
    }

    #[test]
    fn claims_of_another_shape_are_refused() {
        for claims in [
            json!({ "sub": "" }),
            json!({ "sub": 7 }),
            json!({ "sub": "a".repeat(256) }),
            json!({ "sub": "ä" }),
            json!({ "groups": [1] }),
            json!({ "groups": { "a": 1 } }),
            json!({ "groups": vec!["a"; 1_001] }),
            json!({ "email": ["a"] }),
            json!({ "name": "a".repeat(1_025) }),
            json!({ "exp": -1 }),
            json!({ "exp": "100" }),
            json!({ "auth_time": 1e300 }),
            json!({ "session_expiry": "soon" }),
        ] {
            assert_eq!(read(claims.clone()).unwrap_err().code(), "claim_wrong", "{claims}");
        }
        let elsewhere = json!({ "_claim_names": { "groups": "src1" } });
        assert_eq!(read(elsewhere).unwrap_err().code(), "groups_elsewhere");
    }
}
