//! `docs/reference/openapi.json` says what the server does: it is generated, complete, valid, and what the server answers with.

#![expect(clippy::unwrap_used, reason = "a test stops where it cannot go on")]

#[expect(dead_code, reason = "each test target uses its own part of this")]
mod common;

use api::http::openapi::{document, text};
use api::http::{COMMANDS, Kind, ROUTES};
use common::client::JSON;
use common::people::claim;
use common::server::Place;
use ledger::event::Refusal;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::path::PathBuf;
use std::process::Command;

fn path() -> PathBuf {
    fixtures::tidy::root().join("docs/reference/openapi.json")
}

/// Every operation, with its method and path.
fn operations(document: &Value) -> Vec<(String, String, Value)> {
    let paths = document["paths"].as_object().unwrap();
    let each = |(path, methods): (&String, &Value)| {
        let path = path.clone();
        let methods = methods.as_object().unwrap().clone();
        methods.into_iter().map(move |(method, operation)| (method, path.clone(), operation))
    };
    paths.iter().flat_map(each).collect()
}

#[test]
fn the_golden_document_is_what_the_program_generates() {
    if std::env::var_os("DEED_WRITE_GOLDEN").is_some_and(|wanted| wanted == "1") {
        std::fs::write(path(), text()).unwrap();
    }
    let agreed = std::fs::read_to_string(path()).unwrap_or_default();
    assert!(text() == agreed, "`{}` differs: write it with `cargo gate --write`", path().display());
}

#[test]
fn each_route_is_in_the_document_and_nothing_else() {
    let described: BTreeSet<_> =
        operations(&document()).into_iter().map(|(method, path, _)| (method, path)).collect();
    let routes = ROUTES.iter().map(|(method, path)| ((*method).to_owned(), (*path).to_owned())).collect();
    assert_eq!(described, routes);
}

#[test]
fn each_command_is_in_the_document_and_nothing_else() {
    let document = document();
    let schemas = &document["components"]["schemas"];
    let alternatives = schemas["Command"]["oneOf"].as_array().unwrap();
    let names: Vec<_> = alternatives
        .iter()
        .map(|reference| {
            let name = reference["$ref"].as_str().unwrap().rsplit('/').next().unwrap();
            let command = &schemas[name];
            assert_eq!(command["properties"]["command"]["const"], name);
            assert_eq!(command["properties"]["arguments"]["additionalProperties"], false, "{name}");
            assert!(!command["description"].as_str().unwrap_or_default().is_empty(), "{name} says nothing");
            name
        })
        .collect();
    assert_eq!(names, COMMANDS);
}

#[test]
fn each_operation_says_what_it_gives_and_how_it_fails() {
    for (method, path, operation) in operations(&document()) {
        let done = operation["responses"]["200"]["content"].as_object().unwrap();
        assert!(!done.is_empty(), "{method} {path} does not say what it gives");
        assert!(operation["security"].is_array(), "{method} {path}");
        assert!(operation["responses"]["503"].is_object(), "{method} {path}");
        assert!(operation["responses"].get("500").is_none(), "{method} {path}: a refusal has no status");
    }
}

#[test]
fn each_problem_is_in_the_document_under_its_status() {
    let found: BTreeSet<(String, String)> = operations(&document())
        .into_iter()
        .flat_map(|(_, _, operation)| {
            let responses = operation["responses"].as_object().unwrap().clone();
            responses.into_iter().flat_map(|(status, response)| {
                let listed = response["description"].as_str().unwrap().to_owned();
                let codes: Vec<_> = listed.split('`').skip(1).step_by(2).map(str::to_owned).collect();
                codes.into_iter().map(move |code| (status.clone(), code))
            })
        })
        .collect();
    // No operation stands for what is nowhere, nor for the pages.
    let nowhere = [Kind::NoSuchRoute, Kind::WrongMethod, Kind::NoSession];
    for kind in Kind::ALL.iter().filter(|kind| !nowhere.contains(kind)) {
        let wanted = (kind.status().as_u16().to_string(), kind.code().to_owned());
        assert!(found.contains(&wanted), "{wanted:?}");
    }
    for code in Refusal::CODES {
        assert!(found.iter().any(|(status, found)| found == code && status != "500"), "{code}");
    }
}

#[test]
fn the_document_is_valid() {
    let own = fixtures::tidy::root().join("target/venv/bin/python");
    let check = "import json, sys; from openapi_spec_validator import OpenAPIV31SpecValidator as V; \
                 V(json.load(open(sys.argv[1]))).validate()";
    let output = Command::new(own).args(["-c", check]).arg(path()).output();
    let output = output.expect("the validator is Python; run `make setup`");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn a_check_that_cannot_be_understood_is_of_the_wrong_shape() {
    let place = Place::new();
    let mut server = place.serve(&[]);
    let owner = claim(&mut server).client;
    for check in [
        json!({"permission": "access.read", "subject": "nobody"}),
        json!({"permission": "access.read", "scope": "nowhere"}),
        json!({"permission": "nothing"}),
    ] {
        let body = json!({"checks": {"one": check}}).to_string();
        let answer = owner.send("POST", "/api/v1/authcheck", JSON, body.as_bytes());
        assert_eq!((answer.status, answer.problem().as_str()), (422, "wrong_shape"), "{answer}");
    }
}

#[test]
fn the_server_gives_the_document_to_anybody() {
    let place = Place::new();
    let server = place.serve(&[]);
    let answer = server.client().get("/api/v1/openapi.json");
    assert_eq!((answer.status, answer.header("content-type")), (200, Some("application/json")));
    assert_eq!(answer.text(), text());
}
