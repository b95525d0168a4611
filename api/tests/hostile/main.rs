//! What careless and hostile clients send: each gets a clear problem, leaves no trace that it should not, and stops nobody else.

#![expect(clippy::unwrap_used, reason = "a test stops where it cannot go on")]

#[path = "../common/mod.rs"]
#[expect(dead_code, reason = "each test target uses its own part of this")]
mod common;

mod bodies;
mod credentials;
mod paths;
mod slow;

use common::auditor::Auditor;
use common::people::{Member, claim};
use common::server::{Place, Server};

/// A server with an owner, and what its log holds so far.
struct Scene {
    place: Place,
    server: Server,
    owner: Member,
    size: u64,
}

impl Scene {
    fn new() -> Self {
        let place = Place::new();
        let mut server = place.serve(&[]);
        let owner = claim(&mut server);
        let size = owner.client.size();
        Self { place, server, owner, size }
    }

    /// The server still answers, so many events were added, and the ledger is whole.
    fn ends_well(self, added: u64) {
        let Self { place, server, owner, size } = self;
        assert_eq!(owner.client.size(), size + added, "what was recorded");
        owner.client.done(
            "after-all",
            "identity.create_service_account",
            &serde_json::json!({"handle": "after-all"}),
        );
        let mut auditor = Auditor::pinning(&server.key);
        assert!(server.terminate().success(), "{}", place.log());
        assert!(!place.log().contains("panicked"), "{}", place.log());
        auditor.keep(&std::fs::read_to_string(place.data().join("checkpoint")).unwrap());
        let report = auditor.find_nothing_wrong(&place.data());
        assert_eq!(report.exit(), 0, "{}", report.text());
    }
}
