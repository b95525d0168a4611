//! Who uses a Deed: its owner, and whomever the owner makes.

use super::client::Client;
use super::server::Server;
use serde_json::{Value, json};

/// Somebody with a credential.
#[derive(Clone, Debug)]
pub(crate) struct Member {
    /// `per_…` or `svc_…`.
    pub(crate) subject: String,
    /// The credential's id.
    pub(crate) credential: String,
    /// A client that shows it.
    pub(crate) client: Client,
    /// What the server gave for it.
    pub(crate) receipts: Vec<Value>,
}

impl Member {
    /// The secret.
    pub(crate) fn secret(&self) -> &str {
        self.client.secret.as_deref().unwrap()
    }

    /// The same one at the server's new address.
    pub(crate) fn at(&self, server: &Server) -> Self {
        Self { client: server.client().with(self.secret()), ..self.clone() }
    }
}

/// Claims a fresh server.
pub(crate) fn claim(server: &mut Server) -> Member {
    let token = server.claim_token();
    let arguments = json!({"token": token, "name": "The Owner", "email": "owner@example.org"});
    let answer = server.client().done("claim", "identity.claim_ownership", &arguments);
    member(server.client(), &answer, "person")
}

/// Makes a service account with a role and a credential. Its handle names its commands.
pub(crate) fn service_account(owner: &Client, handle: &str, role: Option<&str>) -> Member {
    let id = |what: &str| format!("{what}-{handle}");
    let arguments = json!({"handle": handle, "description": "made for a test"});
    let made = owner.done(&id("make"), "identity.create_service_account", &arguments);
    let subject = text(&made["result"]["service_account"]);
    let mut receipts = vec![made["receipt"].clone()];
    if let Some(role) = role {
        let arguments = json!({"subject": subject, "role": role});
        receipts.push(owner.done(&id("grant"), "access.grant_role", &arguments)["receipt"].clone());
    }
    let issued = owner.done(&id("issue"), "identity.issue_credential", &json!({"subject": subject}));
    receipts.push(issued["receipt"].clone());
    let client = owner.with(&text(&issued["result"]["secret"]));
    Member { subject, credential: text(&issued["result"]["credential"]), client, receipts }
}

fn member(client: Client, answer: &Value, kind: &str) -> Member {
    let result = &answer["result"];
    let client = client.with(&text(&result["secret"]));
    let receipts = vec![answer["receipt"].clone()];
    Member { subject: text(&result[kind]), credential: text(&result["credential"]), client, receipts }
}

/// A JSON string.
pub(crate) fn text(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("not a text: {value}")).to_owned()
}
