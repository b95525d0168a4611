//! Directories that provision the real server over SCIM: what they write, what follows from it, what they find, and what an auditor finds after.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test stops where it cannot go on")]

mod bulk;
#[path = "../common/mod.rs"]
#[expect(dead_code, reason = "each test target uses its own part of this")]
mod common;
mod groups;
mod hostile;
mod lists;
mod peers;
mod people;
mod tenants;

use common::auditor::{Auditor, leaf};
use common::client::{Answer, Client};
use common::people::{Member, claim, service_account, text};
use common::server::{Place, Server};
use serde_json::{Value, json};

/// A checkpoint after each event, so that an auditor finds nothing unanchored.
const FLAGS: &[&str] = &["--checkpoint-events", "1"];

/// A server with an owner and a tenant `corp`.
struct Scene {
    place: Place,
    server: Server,
    owner: Member,
    corp: Directory,
}

/// What a directory sends.
#[derive(Clone)]
struct Directory {
    name: String,
    account: String,
    client: Client,
}

const SCIM: &str = "Content-Type: application/scim+json\r\n";

impl Directory {
    fn ask(&self, method: &str, path: &str, headers: &str, body: &Value) -> Answer {
        let body = if body.is_null() { String::new() } else { body.to_string() };
        let answer = self.client.send(
            method,
            &format!("/scim/v2{path}"),
            &format!("{SCIM}{headers}"),
            body.as_bytes(),
        );
        if !matches!(answer.status, 204 | 304) {
            assert_eq!(answer.header("content-type"), Some("application/scim+json"), "{answer}");
        }
        answer
    }

    fn get(&self, path: &str) -> Value {
        let answer = self.ask("GET", path, "", &Value::Null);
        assert_eq!(answer.status, 200, "{path} {answer}");
        answer.json()
    }

    /// Makes a resource, and gives its id.
    fn make(&self, kind: &str, body: &Value) -> String {
        let answer = self.ask("POST", kind, "", body);
        assert_eq!(answer.status, 201, "{answer}");
        let made = answer.json();
        assert_eq!(answer.header("location"), made["meta"]["location"].as_str());
        assert_eq!(answer.header("etag"), made["meta"]["version"].as_str());
        text(&made["id"])
    }

    fn person(&self, name: &str) -> String {
        self.make("/Users", &user(name))
    }

    fn group(&self, name: &str, members: &[&String]) -> String {
        let members: Vec<_> = members.iter().map(|id| json!({ "value": id })).collect();
        self.make("/Groups", &json!({ "schemas": [GROUP], "displayName": name, "members": members }))
    }

    fn patch(&self, path: &str, operations: &Value) -> Answer {
        self.ask("PATCH", path, "", &json!({ "schemas": [PATCH], "Operations": operations }))
    }

    /// A patch that is done.
    fn patched(&self, path: &str, operations: &Value) {
        let answer = self.patch(path, operations);
        assert!(matches!(answer.status, 200 | 204), "{answer}");
    }

    /// The ids that a filter finds, in order.
    fn found(&self, kind: &str, query: &str) -> Vec<String> {
        let list = self.get(&format!("{kind}?{query}"));
        list["Resources"].as_array().unwrap().iter().map(|one| text(&one["id"])).collect()
    }

    /// The status and kind of an error.
    fn refused(&self, method: &str, path: &str, body: &Value) -> (u16, String) {
        error(&self.ask(method, path, "", body))
    }
}

/// The status of an error in SCIM's words, and what kind it is.
fn error(answer: &Answer) -> (u16, String) {
    let document = answer.json();
    assert_eq!(document["schemas"], json!(["urn:ietf:params:scim:api:messages:2.0:Error"]), "{answer}");
    assert_eq!(document["status"], answer.status.to_string(), "{answer}");
    assert!(document["detail"].as_str().is_some_and(|detail| detail.len() > 10), "{answer}");
    (answer.status, document["scimType"].as_str().unwrap_or_default().to_owned())
}

const USER: &str = "urn:ietf:params:scim:schemas:core:2.0:User";
const GROUP: &str = "urn:ietf:params:scim:schemas:core:2.0:Group";
const PATCH: &str = "urn:ietf:params:scim:api:messages:2.0:PatchOp";

fn user(name: &str) -> Value {
    json!({ "schemas": [USER], "userName": name, "externalId": format!("x-{name}"), "active": true,
            "name": { "givenName": name, "familyName": "Doe" },
            "emails": [{ "type": "work", "value": format!("{name}@example.org"), "primary": true }] })
}

impl Scene {
    fn new() -> Self {
        Self::with(&json!({ "mode": "tolerant" }))
    }

    /// With changes to the tenant.
    fn with(changes: &Value) -> Self {
        let place = Place::new();
        let mut server = place.serve(FLAGS);
        let owner = claim(&mut server);
        let corp = directory(&owner, "corp");
        let scene = Self { place, server, owner, corp };
        scene.believe("first", &[scene.tenant(&scene.corp, changes)]);
        scene
    }

    fn tenant(&self, directory: &Directory, changes: &Value) -> Value {
        let mut tenant =
            json!({ "name": directory.name, "mode": "tolerant", "service_account": directory.account });
        for (name, value) in changes.as_object().unwrap() {
            tenant[name] = value.clone();
        }
        tenant
    }

    /// Puts tenants into force.
    fn believe(&self, id: &str, tenants: &[Value]) {
        let body = json!({ "provisioning": { "tenants": tenants } });
        self.owner.client.done(&format!("believe-{id}"), "policy.propose", &json!({ "body": body }));
    }

    /// Events of a type, as they stand in the log.
    fn events(&self, kind: &str) -> Vec<Value> {
        let page = self.owner.client.read(&format!("/api/v1/events?limit=1000&type={kind}"));
        assert!(page["events"].as_array().unwrap().len() < 1_000, "more than a page");
        page["events"].as_array().unwrap().iter().map(leaf).collect()
    }

    /// What tenants did, the newest first: what it was, and to what.
    fn changes(&self, query: &str) -> Vec<Value> {
        let page = self.owner.client.read(&format!("/api/v1/provisioning/changes?limit=1000{query}"));
        page["rows"].as_array().unwrap().clone()
    }

    /// Stops the server; an auditor finds nothing wrong with what it leaves.
    fn audited(self) {
        let Self { place, server, .. } = self;
        let key = server.key.clone();
        assert!(server.terminate().success(), "{}", place.log());
        assert!(!place.log().contains("panicked"), "{}", place.log());
        let mut auditor = Auditor::pinning(&key);
        auditor.keep(&std::fs::read_to_string(place.data().join("checkpoint")).unwrap());
        let report = auditor.find_nothing_wrong(&place.data());
        assert_eq!(report.exit(), 0, "{}", report.text());
    }
}

/// A service account that may become a tenant.
fn directory(owner: &Member, name: &str) -> Directory {
    let made = service_account(&owner.client, &format!("scim-{name}"), None);
    Directory { name: name.to_owned(), account: made.subject.clone(), client: made.client }
}
