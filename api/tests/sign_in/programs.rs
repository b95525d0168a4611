//! Programs that a person lets in, and programs that act for a person: with an OAuth client library of others, with `deed login`, and with
//! what an attacker would send.

use super::{Scene, Session};
use crate::common::client::Answer;
use crate::common::people::{Member, service_account, text};
use fixtures::identity::browser::{Browser, encode, field};
use fixtures::identity::{Kind, NODE_FLAG};
use fixtures::temp_dir::TempDir;
use fixtures::tidy::root;
use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Command, Stdio};

const DEVICE: &str = "urn:ietf:params:oauth:grant-type:device_code";
const EXCHANGE: &str = "urn:ietf:params:oauth:grant-type:token-exchange";
const ACCESS_TOKEN: &str = "urn:ietf:params:oauth:token-type:access_token";

impl Session {
    /// Sends a form, as one of our own pages does it.
    fn submit(&self, path: &str, fields: &[(&str, &str)]) -> Answer {
        let kind = "Content-Type: application/x-www-form-urlencoded\r\n";
        let headers = format!("Cookie: {}\r\nOrigin: {}\r\n{kind}", self.cookies, self.base);
        self.client.send("POST", path, &headers, encode(fields).as_bytes())
    }
}

impl Scene {
    /// Sends a form that nobody vouches for.
    fn form(&self, path: &str, fields: &[(&str, &str)]) -> Answer {
        let kind = "Content-Type: application/x-www-form-urlencoded\r\n";
        self.server().client().send("POST", path, kind, encode(fields).as_bytes())
    }

    pub(crate) fn ask(&self, fields: &[(&str, &str)]) -> (u16, Value) {
        let answer = self.form("/oauth/token", fields);
        assert_eq!(answer.header("cache-control"), Some("no-store"), "{answer}");
        (answer.status, answer.json())
    }

    fn device(&self) -> (String, String) {
        let begun = self.form("/oauth/device_authorization", &[("client_id", "deed-cli")]).json();
        (text(&begun["device_code"]), text(&begun["user_code"]))
    }

    fn poll(&self, device: &str) -> (u16, Value) {
        self.ask(&[("grant_type", DEVICE), ("device_code", device), ("client_id", "deed-cli")])
    }

    /// The token of a program that ada let in.
    fn let_in(&self, ada: &Session) -> String {
        let (device, typed) = self.device();
        allow(ada, &typed);
        let (status, given) = self.poll(&device);
        assert_eq!(status, 200, "{given}");
        text(&given["access_token"])
    }

    fn exchange(&self, agent: &Member, subject_token: &str) -> (u16, Value) {
        self.ask(&[
            ("grant_type", EXCHANGE),
            ("client_id", &agent.subject),
            ("client_secret", agent.secret()),
            ("subject_token", subject_token),
            ("subject_token_type", ACCESS_TOKEN),
        ])
    }

    pub(crate) fn me(&self, token: &str) -> Answer {
        self.server().client().with(token).get("/api/v1/me")
    }

    fn ada(&self) -> Session {
        self.sign_in(&mut Browser::default(), "ada")
    }
}

fn allow(session: &Session, typed: &str) {
    let shown = session.submit("/device", &[("user_code", typed)]);
    assert!(shown.status == 200 && shown.text().contains("<code id=\"from\">127.0.0.1</code>"), "{shown}");
    let done = session.submit("/device/decide", &[("user_code", typed), ("decision", "allow")]);
    assert!(done.status == 200 && done.text().contains("Allowed"), "{done}");
}

fn line(lines: &mut impl Iterator<Item = std::io::Result<String>>) -> Value {
    serde_json::from_str(&lines.next().unwrap().unwrap()).unwrap()
}

#[test]
fn a_library_of_others_lets_a_program_in_and_acts_for_a_person() {
    let scene = Scene::new(Kind::OidcProvider);
    let ada = scene.ada();
    let person = text(&ada.get("/api/v1/me").json()["subject"]);
    let agent = service_account(&scene.owner.client, "agent", Some("auditor"));
    let peers = root().join("target/peers");
    let settings = json!({
        "home": peers.join("openid-client"),
        "server": scene.base(),
        "client_id": agent.subject,
        "client_secret": agent.secret(),
    });
    let mut library = Command::new(peers.join("node"))
        .arg(NODE_FLAG)
        .arg(root().join("fixtures/identity/openid_client.mjs"))
        .arg(settings.to_string())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(library.stdout.take().unwrap()).lines();
    let code = line(&mut lines);
    assert_eq!(code["verification_uri"], format!("{}/device", scene.base()));
    allow(&ada, &text(&code["user_code"]));
    let got = line(&mut lines);
    let ended = line(&mut lines);
    assert!(library.wait().unwrap().success());
    // The person's own program is the person.
    let own = scene.me(&text(&got["person"]["access_token"])).json();
    assert_eq!((&own["subject"], &own["on_behalf_of"]), (&json!(person), &Value::Null));
    // The agent is itself, for the person, with no more rights than both have: ada has none yet.
    let behalf = text(&got["behalf"]["access_token"]);
    let me = scene.me(&behalf).json();
    assert_eq!((&me["subject"], &me["on_behalf_of"]), (&json!(agent.subject), &json!(person)));
    assert_eq!(me["permissions"], json!([]));
    assert_eq!(got["behalf"]["issued_token_type"], ACCESS_TOKEN);
    assert_eq!(got["introspected"]["act"]["sub"], agent.subject);
    assert_eq!(got["introspected"]["sub"], person);
    assert_eq!(ended["ended"], json!({ "active": false }));
    let client = scene.server().client().with(&behalf);
    assert_eq!(client.get("/api/v1/events").problem(), "not_permitted");
    let grant = json!({ "subject": person, "role": "auditor" });
    scene.owner.client.done("audit", "access.grant_role", &grant);
    assert_eq!(client.get("/api/v1/events").status, 200);
    // Both are on every event, whether it was allowed or not.
    let both =
        |leaf: &Value| leaf["actor"]["id"] == agent.subject && leaf["actor"]["on_behalf_of"]["id"] == person;
    let refused = scene.events("custody.command_refused");
    assert!(refused.iter().any(|leaf| both(leaf) && leaf["data"]["refusal"]["code"] == "not_permitted"));
    let read = scene.events("custody.log_read");
    assert!(read.iter().any(both), "{read:?}");
    // Whoever looks for either finds it.
    for who in [&agent.subject, &person] {
        let page = scene.owner.client.read(&format!("/api/v1/audit?q=actor:{who}%20type:custody.log_read"));
        let rows = page["rows"].as_array().unwrap();
        let both = |row: &Value| row["actor"] == agent.subject && row["on_behalf_of"] == person;
        assert!(rows.iter().any(both), "{page}");
    }
    // What ada lets go of, nobody has any more.
    let sessions = scene.owner.client.read("/api/v1/sessions");
    let of_client =
        sessions["rows"].as_array().unwrap().iter().find(|row| row["client"] == "deed-cli").unwrap();
    let revoke = json!({ "credential": of_client["session"] });
    assert_eq!(ada.order("let-go", "identity.revoke_credential", &revoke).status, 200);
    assert_eq!(client.get("/api/v1/me").problem(), "not_authenticated");
    scene.audited();
}

/// `deed` at a terminal with a home of its own.
struct Terminal {
    home: TempDir,
    server: String,
}

impl Terminal {
    fn new(scene: &Scene) -> Self {
        Self { home: TempDir::new().unwrap(), server: scene.base() }
    }

    fn command(&self, words: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_deed"));
        command.args(words).env("DEED_SERVER", &self.server).env("XDG_CONFIG_HOME", self.home.join("config"));
        command.env_remove("RUST_LOG").env_remove("DEED_CREDENTIAL_FILE").env("BROWSER", "true");
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    fn run(&self, words: &[&str]) -> (Option<i32>, String, String) {
        ended(self.command(words).spawn().unwrap())
    }
}

fn ended(child: Child) -> (Option<i32>, String, String) {
    let output = child.wait_with_output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (output.status.code(), text(output.stdout), text(output.stderr))
}

/// The line of what a program says on which something stands.
fn said(child: &mut Child, is_meant: impl Fn(&str) -> bool) -> String {
    let lines = BufReader::new(child.stderr.as_mut().unwrap()).lines();
    lines.map(Result::unwrap).find(|line| is_meant(line)).unwrap()
}

#[test]
fn deed_login_comes_back_by_the_loopback_and_deed_logout_ends_it() {
    let scene = Scene::new(Kind::OidcProvider);
    let mut browser = Browser::default();
    let terminal = Terminal::new(&scene);
    let mut login = terminal.command(&["login"]).spawn().unwrap();
    let place = said(&mut login, |line| line.starts_with("http://"));
    // Nobody is signed in yet: first the browser signs in, then it is asked.
    let first = browser.get(&place).unwrap();
    let sign_in = first.location.unwrap();
    let back = field(&sign_in, "return_to").unwrap();
    assert!(place.ends_with(&back), "{back}");
    let ada = scene.sign_in(&mut browser, "ada");
    let asked = ada.get(&back);
    assert!(asked.text().contains("Let the command line in?"), "{asked}");
    let hidden = |name: &str| field(&place, name).unwrap();
    let fields = [
        ("redirect_uri", hidden("redirect_uri")),
        ("state", hidden("state")),
        ("code_challenge", hidden("code_challenge")),
        ("decision", "allow".to_owned()),
    ];
    let fields: Vec<_> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let allowed = ada.submit("/oauth/authorize", &fields);
    let refresh = allowed.header("refresh").unwrap().strip_prefix("0;url=").unwrap().to_owned();
    assert!(refresh.starts_with(&hidden("redirect_uri")), "{refresh}");
    let page = browser.get(&refresh).unwrap();
    assert!(page.body.contains("You can close this page"), "{page:?}");
    let mut out = String::new();
    login.stdout.take().unwrap().read_to_string(&mut out).unwrap();
    assert!(login.wait().unwrap().success());
    let person = text(&ada.get("/api/v1/me").json()["subject"]);
    assert!(out.contains(&person), "{out}");
    let (code, out, err) = terminal.run(&["me"]);
    assert_eq!((code, err.as_str(), out.contains(&person)), (Some(0), "", true));
    // Its page is among one's sessions; the code serves nobody a second time.
    assert!(ada.get("/sessions").text().contains("deed-cli, by corp"));
    let code = field(&refresh, "code").unwrap();
    let replayed = [
        ("grant_type", "authorization_code"),
        ("code", &code),
        ("redirect_uri", &hidden("redirect_uri")),
        ("client_id", "deed-cli"),
        ("code_verifier", "whatever it was"),
    ];
    assert_eq!(scene.ask(&replayed).1["error"], "invalid_grant");
    // Whoever shows it again may be the one who had it first: nobody keeps the session.
    let (code, _, err) = terminal.run(&["me"]);
    assert!(code == Some(1) && err.contains("not_authenticated"), "{err}");
    let (code, out, _) = terminal.run(&["logout"]);
    assert!(code == Some(0) && out.starts_with("signed out"), "{out}");
    assert!(terminal.run(&["logout"]).1.starts_with("nobody is signed in"));
    assert_eq!(scene.reasons(), ["code_proof_wrong"]);
    scene.audited();
}

#[test]
fn deed_login_without_a_browser_shows_a_code() {
    let scene = Scene::new(Kind::OidcProvider);
    let ada = scene.ada();
    let terminal = Terminal::new(&scene);
    let mut login = terminal.command(&["login", "--device"]).spawn().unwrap();
    let line = said(&mut login, |line| line.contains("/device"));
    allow(&ada, line.rsplit(' ').next().unwrap());
    let (code, out, err) = ended(login);
    assert_eq!((code, err.as_str()), (Some(0), ""), "{out}");
    assert_eq!(terminal.run(&["me"]).0, Some(0));
    let (code, _, _) = terminal.run(&["logout"]);
    assert_eq!(code, Some(0));
    // Declined, it says so.
    let mut login = terminal.command(&["login", "--device"]).spawn().unwrap();
    let line = said(&mut login, |line| line.contains("/device"));
    let typed = line.rsplit(' ').next().unwrap();
    ada.submit("/device/decide", &[("user_code", typed), ("decision", "decline")]);
    let (code, _, err) = ended(login);
    assert!(code == Some(2) && err.contains("access_denied"), "{err}");
    assert_eq!(scene.reasons(), ["declined_by_person"]);
    scene.audited();
}

#[test]
fn a_real_browser_lets_programs_in() {
    let scene = Scene::new(Kind::OidcProvider);
    let terminal = Terminal::new(&scene);
    let mut login = terminal.command(&["login"]).spawn().unwrap();
    let place = said(&mut login, |line| line.starts_with("http://"));
    let (device, typed) = scene.device();
    let pictures = root().join("target/screenshots");
    std::fs::create_dir_all(&pictures).unwrap();
    let browser = Command::new(root().join("target/venv/bin/python"))
        .arg(root().join("fixtures/identity/let_in_with_chromium.py"))
        .args([&scene.base(), &pictures.display().to_string(), &place, &typed])
        .status()
        .unwrap();
    assert!(browser.success(), "{}", scene.place.log());
    let (code, out, _) = ended(login);
    assert!(code == Some(0) && out.contains("signed in to"), "{out}");
    assert_eq!(terminal.run(&["me"]).0, Some(0));
    assert_eq!(scene.poll(&device).0, 200);
    for name in ["consent", "device", "decide", "sessions-of-programs"] {
        let picture = pictures.join(format!("{name}.png"));
        assert!(std::fs::metadata(picture).unwrap().len() > 1_000, "{name}");
    }
    scene.audited();
}

#[test]
fn codes_of_programs_are_worth_nothing_in_other_hands() {
    let scene = Scene::new(Kind::OidcProvider);
    let ada = scene.ada();
    // A code that is typed wrong, by somebody signed in or not.
    let wrong = ada.submit("/device", &[("user_code", "BCDF-GHJK")]);
    assert!(wrong.status == 404 && wrong.text().contains("stands for nothing"), "{wrong}");
    let nobody = Session { cookies: String::new(), ..ada.clone() };
    assert_eq!(nobody.submit("/device", &[("user_code", "BCDF-GHJK")]).problem(), "no_session");
    assert_eq!(nobody.get("/device").header("location"), Some("/sign-in?return_to=/device"));
    // Asked too often, fetched twice, unknown.
    let (device, typed) = scene.device();
    assert_eq!(scene.poll(&device).1["error"], "authorization_pending");
    assert_eq!(scene.poll(&device).1["error"], "slow_down");
    allow(&ada, &typed);
    assert_eq!(ada.submit("/device/decide", &[("user_code", &typed), ("decision", "allow")]).status, 404);
    assert_eq!(scene.poll(&device).0, 200);
    assert_eq!(scene.poll(&device).1["error"], "invalid_grant");
    assert_eq!(scene.poll("0123").1["error"], "expired_token");
    assert_eq!(scene.reasons(), ["user_code_unknown", "user_code_unknown", "code_replayed", "code_unknown"]);
    // A program's session is none of a browser: it is worth nothing as a cookie, and lets nobody in.
    let token = scene.let_in(&ada);
    let cookie = Session { cookies: format!("deed_session={token}"), ..ada.clone() };
    assert_eq!(cookie.get("/api/v1/me").problem(), "not_authenticated");
    let (_, typed) = scene.device();
    let kind = "Content-Type: application/x-www-form-urlencoded\r\n";
    let body = encode(&[("user_code", &typed), ("decision", "allow")]);
    let program = scene.server().client().with(&token);
    assert_eq!(program.send("POST", "/device/decide", kind, body.as_bytes()).problem(), "no_session");
    // A policy switches codes off.
    let off = json!({ "device_codes": false });
    let mut policy = scene.policy(&json!({}));
    policy["device_codes"] = off["device_codes"].clone();
    scene.adopt("off", &policy);
    let answer = scene.form("/oauth/device_authorization", &[("client_id", "deed-cli")]);
    assert_eq!(answer.json()["error"], "unauthorized_client");
    scene.audited();
}

#[test]
fn authorization_codes_go_nowhere_but_to_the_program_that_asked() {
    let scene = Scene::new(Kind::OidcProvider);
    let ada = scene.ada();
    let challenge = api::http::oauth::challenge("v");
    let good = [
        ("response_type", "code"),
        ("client_id", "deed-cli"),
        ("redirect_uri", "http://127.0.0.1:9/callback"),
        ("code_challenge", &challenge),
        ("code_challenge_method", "S256"),
        ("state", "s"),
    ];
    let with = |name: &str, value: &str| {
        let fields = good.map(|(known, old)| (known, if known == name { value } else { old }));
        ada.get(&format!("/oauth/authorize?{}", encode(&fields)))
    };
    assert_eq!(with("", "").status, 200);
    for (name, value) in [
        ("client_id", "other"),
        ("redirect_uri", "https://evil.example/"),
        ("redirect_uri", "http://localhost:9/callback"),
        ("redirect_uri", "http://127.0.0.1.evil.example/"),
    ] {
        let answer = with(name, value);
        assert!(answer.status == 400 && answer.header("refresh").is_none(), "{name}={value}: {answer}");
    }
    for (name, value, error) in [
        ("code_challenge_method", "plain", "invalid_request"),
        ("code_challenge", "v", "invalid_request"),
        ("response_type", "token", "unsupported_response_type"),
    ] {
        let answer = with(name, value);
        let back = answer.header("refresh").unwrap();
        assert!(back.starts_with("0;url=http://127.0.0.1:9/callback?"), "{answer}");
        assert_eq!(
            (field(back, "error").as_deref(), field(back, "state").as_deref()),
            (Some(error), Some("s"))
        );
    }
    assert_eq!(scene.reasons(), [""; 0]);
    scene.audited();
}

/// What an authorization code is asked for with, by a program that waits nowhere.
const REDIRECT: &str = "http://127.0.0.1:9/callback";

/// The person's answer to a program, and what the browser is to bring it.
fn consent(session: &Session, decision: &str, field_name: &str) -> Option<String> {
    let challenge = api::http::oauth::challenge("v");
    let fields =
        [("redirect_uri", REDIRECT), ("state", "s"), ("code_challenge", &challenge), ("decision", decision)];
    let answer = session.submit("/oauth/authorize", &fields);
    field(answer.header("refresh").unwrap(), field_name)
}

#[test]
fn an_authorization_code_serves_once_and_with_its_proof() {
    let scene = Scene::new(Kind::OidcProvider);
    let ada = scene.ada();
    assert_eq!(consent(&ada, "decline", "error").as_deref(), Some("access_denied"));
    let code = || consent(&ada, "allow", "code").unwrap();
    let show = |code: &str, redirect: &str, verifier: &str| {
        let fields = [
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", redirect),
            ("client_id", "deed-cli"),
            ("code_verifier", verifier),
        ];
        scene.ask(&fields)
    };
    // Without its proof, or for another place, the code is spent and its session over.
    for (redirect, verifier) in [(REDIRECT, "w"), ("http://127.0.0.1:10/callback", "v")] {
        let code = code();
        assert_eq!(show(&code, redirect, verifier).1["error"], "invalid_grant");
        assert_eq!(show(&code, REDIRECT, "v").1["error"], "invalid_grant");
    }
    let code = code();
    let (status, given) = show(&code, REDIRECT, "v");
    assert_eq!(status, 200, "{given}");
    let token = text(&given["access_token"]);
    assert_eq!(scene.me(&token).status, 200);
    assert_eq!(show(&code, REDIRECT, "v").1["error"], "invalid_grant");
    assert_eq!(scene.me(&token).problem(), "not_authenticated");
    let reasons = scene.reasons();
    let proof = ["code_proof_wrong", "code_replayed"];
    assert_eq!(reasons, [&["declined_by_person"], &proof[..], &proof, &["code_replayed"]].concat());
    scene.audited();
}

#[test]
fn tokens_are_given_to_programs_that_show_who_they_are() {
    let scene = Scene::new(Kind::OidcProvider);
    let ada = scene.ada();
    let agent = service_account(&scene.owner.client, "agent", Some("auditor"));
    let other = service_account(&scene.owner.client, "other", None);
    let asked = |secret: &str| {
        let fields =
            [("grant_type", "client_credentials"), ("client_id", &agent.subject), ("client_secret", secret)];
        scene.ask(&fields)
    };
    let (status, given) = asked(agent.secret());
    assert_eq!((status, &given["token_type"]), (200, &json!("Bearer")), "{given}");
    let lasts = given["expires_in"].as_u64().unwrap();
    assert!((3_590..=3_600).contains(&lasts), "{given}");
    let token = text(&given["access_token"]);
    assert_eq!(scene.me(&token).json()["subject"], agent.subject);
    let wrong = scene.form("/oauth/token", &[("grant_type", "client_credentials"), ("client_id", "x")]);
    assert_eq!((wrong.status, wrong.header("www-authenticate")), (401, Some("Basic")), "{wrong}");
    assert_eq!(asked(other.secret()).1["error"], "invalid_client");
    // Tokens for tokens: a person is no program, a program no person, and nobody acts for whom acts for somebody.
    let person = scene.let_in(&ada);
    let (status, behalf) = scene.exchange(&agent, &person);
    assert_eq!(status, 200, "{behalf}");
    let behalf = text(&behalf["access_token"]);
    for (subject_token, reason) in [
        (behalf.as_str(), "subject_token_is_a_token"),
        (other.secret(), "not_a_person"),
        ("deed_made_up", "subject_token_unknown"),
    ] {
        let (status, answer) = scene.exchange(&agent, subject_token);
        assert_eq!((status, &answer["error"]), (400, &json!("invalid_grant")), "{reason}: {answer}");
        assert_eq!(scene.reasons().last().map(String::as_str), Some(reason));
    }
    // It makes nothing that would last longer or reach further than it does.
    let acting = scene.server().client().with(&behalf);
    let command = |name: &str, arguments: Value| acting.order(name, name, &arguments).problem();
    assert_eq!(command("identity.issue_credential", json!({})), "not_on_behalf");
    assert_eq!(
        command("access.grant_role", json!({ "subject": other.subject, "role": "auditor" })),
        "not_permitted"
    );
    // A scope is not asked for, and a field stands once.
    let fields = [("grant_type", "client_credentials"), ("scope", "everything")];
    assert_eq!(scene.ask(&fields).1["error"], "invalid_scope");
    assert_eq!(scene.ask(&[("grant_type", "password")]).1["error"], "unsupported_grant_type");
    let twice = [("grant_type", "client_credentials"), ("grant_type", "client_credentials")];
    assert_eq!(scene.ask(&twice).1["error"], "invalid_request");
    // Its own credential ends, and with it what it was given for.
    scene.owner.client.done("end", "identity.revoke_credential", &json!({ "credential": agent.credential }));
    for token in [&token, &behalf] {
        assert_eq!(scene.me(token).problem(), "not_authenticated");
    }
    assert_eq!(scene.me(&person).status, 200);
    scene.audited();
}
