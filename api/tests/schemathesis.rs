//! Schemathesis reads the OpenAPI document and asks the live server all that it allows, and much that it does not.
//!
//! `DEED_SCHEMATHESIS_EXAMPLES` says how many requests each operation gets at most in each phase.

#[expect(dead_code, reason = "each test target uses its own part of this")]
mod common;

use common::people::claim;
use common::server::Place;
use common::until;
use std::process::Command;

/// What every answer is held against.
const CHECKS: &str = "not_a_server_error,status_code_conformance,content_type_conformance,response_headers_conformance,\
                      response_schema_conformance,unsupported_method,allow_header_conformance,ignored_auth";
/// Any number, so that a run can be repeated.
const SEED: &str = "7331";

#[test]
fn what_the_server_answers_is_what_the_document_says() {
    let place = Place::new();
    let mut server = place.serve(&["--checkpoint-events", "1"]);
    let owner = claim(&mut server);
    until("a checkpoint", || (owner.client.get("/api/v1/checkpoint").status == 200).then_some(()));
    let url = format!("http://{}/api/v1/openapi.json", server.address);
    let shown = format!("Authorization: Bearer {}", owner.secret());
    for header in [Some(shown), None] {
        let examples = std::env::var("DEED_SCHEMATHESIS_EXAMPLES").unwrap_or_else(|_| "3".to_owned());
        let mut command = Command::new(fixtures::tidy::root().join("target/venv/bin/schemathesis"));
        command.current_dir(place.dir.path()).args(["run", &url, "--checks", CHECKS, "--seed", SEED]);
        command.args(["--max-examples", &examples, "--phases", "examples,coverage,fuzzing"]);
        command.args(["--generation-database", "none", "--warnings", "off", "--no-color", "--workers", "1"]);
        command.args(["--suppress-health-check", "all"]);
        command.args(header.iter().flat_map(|header| ["--header", header]));
        let output = command.output().expect("Schemathesis is Python; run `make setup`");
        let said = String::from_utf8_lossy(&output.stdout);
        let complaint = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{said}\n{complaint}\n{}", place.log());
    }
    assert!(server.terminate().success(), "{}", place.log());
}
