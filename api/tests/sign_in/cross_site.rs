//! Other sites cannot act with a session: every route that changes anything, as the tables of routes list them.

use crate::forging::Forging;
use crate::lives;
use api::http::{PAGES, ROUTES};
use ledger::event::{Custody, Fact, Refusal};
use serde_json::json;

/// What browsers say of a request that does not come from one of our pages, or do not say.
const FROM: [&str; 8] = [
    "",
    "Origin: null\r\n",
    "Origin: https://evil.example\r\n",
    "Sec-Fetch-Site: cross-site\r\n",
    "Sec-Fetch-Site: same-site\r\n",
    "Sec-Fetch-Site: none\r\n",
    "Sec-Fetch-Site: cross-site\r\nOrigin: https://evil.example\r\n",
    "Referer: https://evil.example/sessions\r\n",
];

/// What a form of another page can send, and what a script can.
const KINDS: [&str; 4] = [
    "application/json",
    "application/x-www-form-urlencoded",
    "multipart/form-data; boundary=x",
    "text/plain",
];

/// What takes a token of a provider or of a program, whoever brings it, and looks at no cookie.
const NO_COOKIES: [&str; 5] = [
    "/auth/corp/logout",
    "/oauth/token",
    "/oauth/device_authorization",
    "/oauth/introspect",
    "/oauth/revoke",
];

/// A workspace and a template that nobody has.
const WORKSPACE: &str = "wsp_01a1ee565e7b7fffbfffffffffffffff";
const TEMPLATE: &str = "tpl_01a1ee565e7b7fffbfffffffffffffff";

/// Every route that changes something, with an id in place of its parameters.
fn changing(session: &str) -> Vec<(String, String)> {
    let all = ROUTES.iter().chain(PAGES).filter(|(method, _)| *method != "get");
    let filled = all.map(|(method, path)| {
        let path = path.replace("{session}", session).replace("{provider}", "corp");
        let path = path.replace("{workspace}", WORKSPACE).replace("{template}", TEMPLATE);
        assert!(!path.contains('{'), "say here what stands for the parameter of {path}");
        (method.to_uppercase(), path)
    });
    filled.collect()
}

#[test]
fn no_other_site_acts_with_a_session_and_each_attempt_leaves_a_refusal() {
    let mut scene = Forging::new();
    let (session, other) = (scene.sign_in("ada"), scene.sign_in("ada"));
    let routes = changing(&scene.newest());
    let mut tried = 0;
    for (method, path) in &routes {
        for (from, kind) in FROM.iter().flat_map(|from| KINDS.map(|kind| (from, kind))) {
            let headers = format!("Cookie: {}\r\n{from}Content-Type: {kind}\r\n", session.cookies);
            let body =
                json!({ "id": "x", "command": "identity.create_group", "arguments": { "handle": "evil" } });
            let answer = session.client.send(method, path, &headers, body.to_string().as_bytes());
            if NO_COOKIES.contains(&path.as_str()) {
                let (error, is_wrong) = (answer.json(), [400, 401].contains(&answer.status));
                assert!(
                    is_wrong && error["error"].as_str().is_some_and(|error| error.starts_with("invalid_")),
                    "{answer}"
                );
            } else {
                assert_eq!(
                    (answer.status, answer.problem().as_str()),
                    (403, "cross_site"),
                    "{path} {headers}"
                );
                tried += 1;
            }
            assert_eq!(answer.header("set-cookie"), None, "{answer}");
        }
    }
    assert!(tried >= 4 * FROM.len() * KINDS.len(), "{tried}");
    // What must change something is asked for by no other method.
    let is_page = |path: &String| PAGES.contains(&("get", path.as_str()));
    for (_, path) in routes.iter().filter(|(_, path)| !is_page(path)) {
        let answer = session.client.send("GET", path, &format!("Cookie: {}\r\n", session.cookies), b"");
        assert_eq!(answer.problem(), "wrong_method", "{answer}");
    }
    assert_eq!((session.get("/api/v1/me").status, other.get("/api/v1/me").status), (200, 200));
    let page = session.get("/sessions");
    let policy = page.header("content-security-policy").unwrap();
    assert!(policy.contains("frame-ancestors 'none'") && policy.contains("default-src 'none'"), "{policy}");
    let ours = session.post_from(
        "Sec-Fetch-Site: same-origin\r\n",
        &format!("/sessions/{}/end", scene.newest()),
        "",
    );
    // The session that was ended is shown once more, which is refused as well.
    assert_eq!((ours.status, other.get("/api/v1/me").status), (303, 401), "{ours}");
    scene.house.audited();
    // Each logout token that is none, and each program that is none and asks by a form, is refused as well.
    each_was_recorded(&scene, tried + FROM.len() * KINDS.len() + FROM.len() + 1);
}

/// Holds when the log tells of so many refusals: the first ones whole, which were attempts with a session's cookie, and the number of the others.
fn each_was_recorded(scene: &Forging, refusals: usize) {
    let checkpoint = std::fs::read_to_string(scene.place.data().join("checkpoint")).unwrap();
    let log = lives::read(&scene.place.data(), &checkpoint);
    let (mut whole, mut counted) = (0, 0);
    for event in &log {
        if let Fact::Custody(Custody::CommandRefused(refused)) = &event.fact {
            assert_eq!(
                (&*refused.command, &refused.refusal),
                ("identity.use_session", &Refusal::NotAuthenticated {})
            );
            whole += 1;
        } else if let Fact::Custody(Custody::RefusalsCounted(further)) = &event.fact {
            counted += further.codes.iter().map(|code| code.count).sum::<u64>();
        }
    }
    assert_eq!(whole, 20, "so many of one source are written whole in a minute");
    assert_eq!(whole + counted, refusals as u64);
}
