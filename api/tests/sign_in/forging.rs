//! A server that believes providers which forge what a test tells them to, and a browser that shows what it is told to.

use crate::common::client::Answer;
use crate::house::{House, Session, believing, provider};
use fixtures::identity::browser::{encode, field};
use fixtures::identity::forger::{Forger, Signer};
use serde_json::{Value, json};
use std::ops::Deref;

/// What every answer holds as its code.
pub(crate) const CODE: &str = "the-code-of-this-answer";

/// A server, and the providers that it believes.
pub(crate) struct Forging {
    pub(crate) house: House,
    /// The provider `corp`.
    pub(crate) forger: Forger,
}

impl Deref for Forging {
    type Target = House;

    fn deref(&self) -> &House {
        &self.house
    }
}

/// A sign-in that was begun: where the browser was sent, and the cookie that it was given.
#[derive(Clone, Debug)]
pub(crate) struct Begun {
    pub(crate) url: String,
    pub(crate) cookie: String,
}

impl Begun {
    /// A field of the address that the browser was sent to.
    pub(crate) fn field(&self, name: &str) -> String {
        field(&self.url, name).unwrap_or_else(|| panic!("no {name}: {}", self.url))
    }

    pub(crate) fn nonce(&self) -> String {
        self.field("nonce")
    }

    pub(crate) fn state(&self) -> String {
        self.field("state")
    }
}

/// The time, as tokens tell it.
pub(crate) fn now() -> u64 {
    api::clock::now().micros() / 1_000_000
}

/// The value of a cookie that an answer sets; `None` for one that it takes away or does not speak of.
pub(crate) fn cookie_set(answer: &Answer, name: &str) -> Option<String> {
    let lines = answer.head.lines().filter_map(|line| line.split_once(':'));
    let set = lines.filter(|(header, _)| header.eq_ignore_ascii_case("set-cookie"));
    let mut values = set.filter_map(|(_, cookie)| {
        let (found, value) = cookie.split(';').next()?.trim().split_once('=')?;
        (found == name && !value.is_empty()).then(|| value.to_owned())
    });
    values.next()
}

impl Forging {
    pub(crate) fn new() -> Self {
        Self::with(&[])
    }

    /// With further flags for the server.
    pub(crate) fn with(flags: &[&str]) -> Self {
        let scene = Self { house: House::with(flags), forger: Forger::start().unwrap() };
        scene.adopt("first", &believing(vec![provider("corp", &scene.forger.issuer)]));
        scene
    }

    /// Believes another provider as well.
    pub(crate) fn and(&self, name: &str, other: &Forger) {
        let providers = vec![provider("corp", &self.forger.issuer), provider(name, &other.issuer)];
        self.adopt(name, &believing(providers));
    }

    /// Opens an address with a cookie header, as it stands there.
    pub(crate) fn open(&self, path: &str, cookies: &str) -> Answer {
        let headers = if cookies.is_empty() { String::new() } else { format!("Cookie: {cookies}\r\n") };
        self.server().client().send("GET", path, &headers, b"")
    }

    pub(crate) fn begin(&self) -> Begun {
        self.begin_at("/auth/corp/start")
    }

    pub(crate) fn begin_at(&self, path: &str) -> Begun {
        let answer = self.open(path, "");
        self.begun_of(&answer).unwrap_or_else(|| panic!("not sent on: {answer}"))
    }

    /// What an answer begins, if it sends the browser to a provider.
    pub(crate) fn begun_of(&self, answer: &Answer) -> Option<Begun> {
        let name = if self.is_public { "__Host-deed_sign_in" } else { "deed_sign_in" };
        let url = answer.header("location").filter(|_| answer.status == 303)?.to_owned();
        Some(Begun { url, cookie: format!("{name}={}", cookie_set(answer, name)?) })
    }

    /// The address of an honest answer to a sign-in.
    pub(crate) fn answer_to(&self, begun: &Begun) -> String {
        answer("corp", &[("code", CODE), ("state", &begun.state()), ("iss", &self.forger.issuer)])
    }

    /// Comes back from an honest answer, for which the provider gives a token.
    pub(crate) fn come_back(&self, begun: &Begun, token: &str) -> Answer {
        self.forger.give(token);
        self.open(&self.answer_to(begun), &begun.cookie)
    }

    /// The claims of somebody in an honest token.
    pub(crate) fn claims(&self, begun: &Begun, person: &str) -> Value {
        let mut claims = self.forger.claims(&begun.nonce(), now());
        claims["sub"] = json!(person);
        claims
    }

    /// Signs somebody in, honestly.
    pub(crate) fn sign_in(&self, person: &str) -> Session {
        self.sign_in_with(person, &json!({}))
    }

    /// The same with further claims.
    pub(crate) fn sign_in_with(&self, person: &str, further: &Value) -> Session {
        let begun = self.begin();
        let mut claims = self.claims(&begun, person);
        for (claim, value) in further.as_object().unwrap() {
            claims[claim] = value.clone();
        }
        let answer = self.come_back(&begun, &Signer::honest().token(&claims));
        self.session_of(&answer)
    }

    /// The session that an answer gives.
    pub(crate) fn session_of(&self, answer: &Answer) -> Session {
        let secret = cookie_set(answer, "deed_session").unwrap_or_else(|| panic!("no session: {answer}"));
        assert_eq!(answer.status, 303, "{answer}");
        Session {
            client: self.server().client(),
            cookies: format!("deed_session={secret}"),
            base: self.base(),
        }
    }

    /// The session of a row of `GET /api/v1/sessions`: the id of the newest that somebody has.
    pub(crate) fn newest(&self) -> String {
        let events = self.events("identity.session_started");
        events.last().unwrap()["data"]["session"].as_str().unwrap().to_owned()
    }

    pub(crate) fn audited(mut self) -> Vec<crate::lives::Life> {
        self.house.audited()
    }
}

/// Where an answer of a provider leads, with these fields.
pub(crate) fn answer(name: &str, fields: &[(&str, &str)]) -> String {
    format!("/auth/{name}/callback?{}", encode(fields))
}

/// Holds when an answer lets nobody in, tells a person what to do, and gives nothing away.
pub(crate) fn kept_out(what: &str, answer: &Answer, status: u16, secrets: &[&str]) {
    let page = answer.text();
    assert_eq!(answer.status, status, "{what}: {answer}");
    assert!(page.contains("role=\"alert\"") && page.contains("href=\"/sign-in\""), "{what}: {page}");
    let advises = ["Please begin again", "Please tell an administrator", "Please try again"];
    assert!(advises.iter().any(|advice| page.contains(advice)), "{what}: {page}");
    for secret in [&[CODE], secrets].concat() {
        assert!(!answer.to_string().contains(secret), "{what}: {secret} is shown: {answer}");
    }
    assert_eq!(cookie_set(answer, "deed_session"), None, "{what}: {answer}");
    assert_eq!(cookie_set(answer, "__Host-deed_session"), None, "{what}: {answer}");
    assert_eq!(answer.header("cache-control"), Some("no-store"), "{what}: {answer}");
}
