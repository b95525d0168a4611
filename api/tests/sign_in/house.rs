//! A running server with an owner: what is believed there, what its log says, and what it leaves to an auditor.

use crate::common::auditor::{Auditor, leaf, verifier};
use crate::common::client::{Answer, Client};
use crate::common::people::{Member, claim};
use crate::common::server::{Place, Server};
use crate::lives::{self, Life};
use fixtures::identity::{CLIENT_ID, CLIENT_SECRET};
use serde_json::{Value, json};
use std::process::Command;

/// A checkpoint after each event, so that an auditor finds nothing unanchored.
const FLAGS: &[&str] = &["--checkpoint-events", "1"];

/// A server with an owner.
pub(crate) struct House {
    pub(crate) place: Place,
    pub(crate) server: Option<Server>,
    pub(crate) owner: Member,
    /// Whether browsers find it elsewhere, over TLS.
    pub(crate) is_public: bool,
    /// The key that an auditor pins.
    key: String,
}

impl House {
    /// One that nobody but its owner knows.
    pub(crate) fn new() -> Self {
        Self::with(&[])
    }

    /// One that is started with further flags.
    pub(crate) fn with(flags: &[&str]) -> Self {
        let place = Place::new();
        let mut server = place.serve(&[FLAGS, flags].concat());
        let owner = claim(&mut server);
        place.put_secret("corp", CLIENT_SECRET);
        let is_public = flags.contains(&"--public-url");
        Self { place, key: server.key.clone(), server: Some(server), owner, is_public }
    }

    pub(crate) fn server(&self) -> &Server {
        self.server.as_ref().unwrap()
    }

    pub(crate) fn base(&self) -> String {
        format!("http://{}", self.server().address)
    }

    /// Lets another server take over, which listens elsewhere.
    pub(crate) fn moved_to(&mut self, server: Server) {
        self.owner = self.owner.at(&server);
        self.server = Some(server);
    }

    /// Starts the server again, once it has ended.
    pub(crate) fn start_again(&mut self) {
        self.moved_to(self.place.serve(FLAGS));
    }

    /// Puts a policy on signing in into force.
    pub(crate) fn adopt(&self, id: &str, policy: &Value) {
        self.adopt_body(id, &json!({ "sign_in": policy }));
    }

    /// Puts any policy into force.
    pub(crate) fn adopt_body(&self, id: &str, body: &Value) {
        self.owner.client.done(&format!("adopt-{id}"), "policy.propose", &json!({ "body": body }));
    }

    /// Events of a type, as they stand in the log.
    pub(crate) fn events(&self, kind: &str) -> Vec<Value> {
        let (mut found, mut from) = (Vec::new(), 0);
        loop {
            let page = self.owner.client.read(&format!("/api/v1/events?limit=1000&type={kind}&from={from}"));
            found.extend(page["events"].as_array().unwrap().iter().map(leaf));
            if page["next"] == page["size"] {
                return found;
            }
            from = page["next"].as_u64().unwrap();
        }
    }

    /// Why sign-ins were refused, in order, with the provider's name.
    pub(crate) fn refused(&self) -> Vec<(String, String)> {
        let events = self.events("custody.command_refused");
        let of_sign_in = events.iter().filter(|leaf| leaf["data"]["refusal"]["code"] == "sign_in_refused");
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        of_sign_in
            .map(|leaf| {
                assert_eq!(
                    (&leaf["actor"]["kind"], &leaf["actor"]["via"]),
                    (&json!("anonymous"), &json!("provider")),
                    "{leaf}"
                );
                assert_eq!(leaf["outcome"], "refused", "{leaf}");
                let refusal = &leaf["data"]["refusal"];
                (text(&refusal["provider"]), text(&refusal["reason"]))
            })
            .collect()
    }

    /// Why sign-ins were refused, in order.
    pub(crate) fn refusals(&self) -> Vec<String> {
        self.refused().into_iter().map(|(_, reason)| reason).collect()
    }

    /// Every reason that a refusal gives, in order.
    pub(crate) fn reasons(&self) -> Vec<String> {
        let events = self.events("custody.command_refused");
        let reasons = events.iter().filter_map(|leaf| leaf["data"]["refusal"]["reason"].as_str());
        reasons.map(str::to_owned).collect()
    }

    /// Commands that were refused to somebody unknown, in order.
    pub(crate) fn unknown(&self) -> Vec<String> {
        let events = self.events("custody.command_refused");
        let unknown = events.iter().filter(|leaf| leaf["data"]["refusal"]["code"] == "not_authenticated");
        unknown.map(|leaf| leaf["data"]["command"].as_str().unwrap().to_owned()).collect()
    }

    /// How many sessions ever began.
    pub(crate) fn begun(&self) -> usize {
        self.events("identity.session_started").len()
    }

    /// Stops the server. An auditor finds its ledger whole, and every session's life as the server told it, from the log alone.
    pub(crate) fn audited(&mut self) -> Vec<Life> {
        let size = self.owner.client.size();
        let told = self.owner.client.read(&format!("/api/v1/sessions?limit=1000&as_of={size}"));
        let server = self.server.take().unwrap();
        assert!(server.terminate().success(), "{}", self.place.log());
        assert!(!self.place.log().contains("panicked"), "{}", self.place.log());
        let checkpoint = std::fs::read_to_string(self.place.data().join("checkpoint")).unwrap();
        let mut auditor = Auditor::pinning(&self.key);
        auditor.keep(&checkpoint);
        let report = auditor.find_nothing_wrong(&self.place.data());
        assert_eq!(report.exit(), 0, "{}", report.text());
        let log = lives::read(&self.place.data(), &checkpoint);
        let seen = &log[..usize::try_from(size).unwrap()];
        let (lives, now) = (lives::of(seen), seen.last().unwrap().time);
        let mut rows: Vec<Value> = lives.iter().map(|life| life.row(now)).collect();
        rows.sort_by_key(|row| row["session"].as_str().unwrap().to_owned());
        assert_eq!(told["rows"], Value::Array(rows));
        lives
    }

    /// What `deed-verify` itself says of the ledger, once its server has stopped, to whoever kept the key and the last checkpoint.
    pub(crate) fn verified(&self) -> String {
        let data = self.place.data();
        let mut command = Command::new(verifier());
        command.arg(&data).args(["--key", &self.key]).arg("--checkpoint").arg(data.join("checkpoint"));
        let output = command.output().unwrap();
        let said = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
        assert!(output.status.success(), "{said}");
        said
    }
}

/// A provider as policy describes it.
pub(crate) fn provider(name: &str, issuer: &str) -> Value {
    json!({
        "claims": { "email": "email", "groups": "groups", "name": "name" },
        "client_id": CLIENT_ID,
        "email_domains": [],
        "issuer": issuer,
        "link_verified_email": true,
        "name": name,
        "relaxations": [],
        "required_groups": [],
        "scopes": ["profile", "email", "groups"],
        "secret": "corp",
        "several_factors": ["phr"],
        "sign_up": true,
        "special_addresses": true,
    })
}

/// A policy that believes some providers.
pub(crate) fn believing(providers: Vec<Value>) -> Value {
    json!({
        "providers": providers,
        "several_factors": false,
        "several_factors_permissions": [],
        "several_factors_roles": [],
        "several_factors_seconds": 900,
    })
}

/// What a browser shows once its person is signed in.
#[derive(Clone)]
pub(crate) struct Session {
    pub(crate) client: Client,
    pub(crate) cookies: String,
    pub(crate) base: String,
}

impl Session {
    pub(crate) fn get(&self, path: &str) -> Answer {
        self.client.send("GET", path, &format!("Cookie: {}\r\n", self.cookies), b"")
    }

    /// As one of our own pages does it.
    pub(crate) fn post(&self, path: &str, body: &str) -> Answer {
        let origin = format!("Origin: {}\r\n", self.base);
        self.post_from(&origin, path, body)
    }

    /// With other words about where it comes from.
    pub(crate) fn post_from(&self, from: &str, path: &str, body: &str) -> Answer {
        let headers = format!("Cookie: {}\r\n{from}Content-Type: application/json\r\n", self.cookies);
        self.client.send("POST", path, &headers, body.as_bytes())
    }

    pub(crate) fn order(&self, id: &str, command: &str, arguments: &Value) -> Answer {
        let body = json!({ "id": id, "command": command, "arguments": arguments }).to_string();
        self.post("/api/v1/commands", &body)
    }
}
