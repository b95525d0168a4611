//! A real browser: it signs in, shows the sessions, and is cut off when an administrator suspends the person elsewhere.

use super::Scene;
use crate::common::people::text;
use fixtures::identity::Kind;
use fixtures::tidy::root;
use serde_json::json;
use std::io::{BufRead, BufReader, Write};
use std::process::{Command, Stdio};

#[test]
fn a_browser_signs_in_and_is_cut_off_within_a_second() {
    let scene = Scene::new(Kind::OidcProvider);
    let pictures = root().join("target/screenshots");
    std::fs::create_dir_all(&pictures).unwrap();
    let mut child = Command::new(root().join("target/venv/bin/python"))
        .arg(root().join("fixtures/identity/sign_in_with_chromium.py"))
        .args([&scene.base(), &pictures.display().to_string()])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map(Result::unwrap);
    let said =
        |line: Option<String>| line.unwrap_or_else(|| panic!("the browser ended: {}", scene.place.log()));
    let subject = said(lines.next());
    assert!(subject.starts_with("per_"), "{subject}");
    let suspend = json!({ "subject": subject, "reason": "left" });
    scene.owner.client.done("suspend", "identity.suspend_subject", &suspend);
    writeln!(child.stdin.as_mut().unwrap(), "suspended").unwrap();
    let seconds: f64 = said(lines.next()).parse().unwrap();
    assert!(seconds < 1.0, "cut off after {seconds} s");
    assert!(child.wait().unwrap().success());
    for name in ["sign-in", "sessions", "cut-off"] {
        let picture = pictures.join(format!("{name}.png"));
        assert!(std::fs::metadata(picture).unwrap().len() > 1_000, "{name}");
    }
    let ended = scene.events("identity.credential_revoked");
    assert!(ended.iter().any(|leaf| text(&leaf["object"]["kind"]) == "credential"), "{ended:?}");
    scene.audited();
}
