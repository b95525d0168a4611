//! Answers that are not the honest answer to this browser's question: forged, replayed, somebody else's, or with cookies that somebody else set.

use crate::forging::{Begun, CODE, Forging, answer, cookie_set, kept_out};
use crate::lives::read;
use fixtures::identity::Kind;
use fixtures::identity::browser::Browser;
use fixtures::identity::forger::{Reply, Signer};
use ledger::event::{CodeCount, Custody, Event, Fact};
use serde_json::json;

/// Where a wrong answer leads, with which cookies, and why it is refused.
struct Case {
    what: &'static str,
    path: String,
    cookies: String,
    reason: &'static str,
}

fn cases(scene: &Forging, ours: &Begun, thiefs: &Begun) -> Vec<Case> {
    let (issuer, state) = (&*scene.forger.issuer, &*ours.state());
    let back = |fields: &[(&str, &str)]| answer("corp", fields);
    let honest = back(&[("code", CODE), ("state", state), ("iss", issuer)]);
    let case = |what, path: &str, cookies: &str, reason| Case {
        what,
        path: path.into(),
        cookies: cookies.into(),
        reason,
    };
    let cookie = &*ours.cookie;
    let doubled = |one: &str, other: &str| format!("{one}; {other}");
    vec![
        case("no state", &back(&[("code", CODE), ("iss", issuer)]), cookie, "state_wrong"),
        case(
            "another state",
            &back(&[("code", CODE), ("state", "0"), ("iss", issuer)]),
            cookie,
            "state_wrong",
        ),
        case("a state twice", &format!("{honest}&state=0"), cookie, "answer_unreadable"),
        case("a code twice", &format!("{honest}&code=0"), cookie, "answer_unreadable"),
        case("an issuer twice", &format!("{honest}&iss=0"), cookie, "answer_unreadable"),
        case("too long", &format!("{honest}&x={}", "x".repeat(17_000)), cookie, "answer_unreadable"),
        // Somebody else's answer in this browser: to sign the victim in as the thief, or the thief as the victim.
        case("without a cookie", &honest, "", "state_wrong"),
        case("the thief's answer", &scene.answer_to(thiefs), cookie, "state_wrong"),
        case("the victim's answer", &honest, &thiefs.cookie, "state_wrong"),
        case("with the state for a cookie", &honest, &format!("deed_sign_in={state}"), "state_wrong"),
        // A cookie that another page tossed beside ours, before or behind it.
        case("a cookie before", &scene.answer_to(thiefs), &doubled(&thiefs.cookie, cookie), "state_wrong"),
        case("a cookie behind", &honest, &doubled(cookie, &thiefs.cookie), "state_wrong"),
        case("the same cookie twice", &honest, &doubled(cookie, cookie), "state_wrong"),
        // None of these used up what was begun; from here on each does.
        case("no issuer", &back(&[("code", CODE), ("state", state)]), cookie, "answer_issuer_missing"),
        case("used up", &honest, cookie, "state_wrong"),
    ]
}

#[test]
fn an_answer_to_anything_but_this_browsers_question_lets_nobody_in() {
    let scene = Forging::new();
    let (ours, thiefs) = (scene.begin(), scene.begin());
    scene.forger.give(&Signer::honest().token(&scene.claims(&ours, "ada")));
    let cases = cases(&scene, &ours, &thiefs);
    for Case { what, path, cookies, reason } in &cases {
        let secrets = [&*ours.state(), &thiefs.state(), &ours.nonce()];
        let answer = scene.open(path, cookies);
        kept_out(what, &answer, 403, &secrets);
        // The browser forgets its question with the answer that used it up, and with no other.
        assert_eq!(
            answer.header("set-cookie").is_some(),
            *reason == "answer_issuer_missing",
            "{what}: {answer}"
        );
    }
    // Each of these ends what was begun.
    let issuer = scene.forger.issuer.clone();
    for fields in [
        vec![("code", CODE), ("iss", "https://other.example")],
        vec![("iss", &*issuer)],
        vec![("error", "access_denied"), ("iss", &*issuer)],
    ] {
        let begun = scene.begin();
        let path = answer("corp", &[&[("state", &*begun.state())], &*fields].concat());
        kept_out(&path, &scene.open(&path, &begun.cookie), 403, &[&begun.state()]);
    }
    let further = ["answer_issuer_wrong", "code_missing", "provider_refused"];
    let reasons: Vec<_> = cases.iter().map(|case| case.reason).chain(further).collect();
    assert_eq!(scene.refusals(), reasons);
    assert_eq!((scene.begun(), scene.forger.asked("/token").len()), (0, 0));
    scene.sign_in("ada");
    scene.audited();
}

#[test]
fn an_answer_to_the_question_of_another_window_does_not_end_that_of_this_one() {
    let scene = Forging::new();
    let (mut browser, start) = (Browser::default(), format!("{}/auth/corp/start", scene.base()));
    let sent = [(); 2].map(|()| browser.get(&start).unwrap().location.unwrap());
    let [first, second] = sent.map(|url| Begun { url, cookie: browser.cookies(&scene.base()) });
    scene.forger.give(&Signer::honest().token(&scene.claims(&second, "ada")));
    let open = |browser: &mut Browser, begun: &Begun| {
        browser.get(&format!("{}{}", scene.base(), scene.answer_to(begun))).unwrap().status
    };
    assert_eq!((open(&mut browser, &first), open(&mut browser, &second)), (403, 303));
    assert_eq!((scene.refusals(), scene.begun()), (vec!["state_wrong".to_owned()], 1));
    scene.audited();
}

#[test]
fn an_answer_that_is_replayed_lets_nobody_in() {
    let scene = Forging::new();
    let begun = scene.begin();
    let token = Signer::honest().token(&scene.claims(&begun, "ada"));
    let first = scene.come_back(&begun, &token);
    assert!(cookie_set(&first, "deed_session").is_some(), "{first}");
    kept_out("the answer", &scene.come_back(&begun, &token), 403, &[&token]);
    // Its token to another question, and its code where the provider remembers it.
    let other = scene.begin();
    kept_out("the token", &scene.come_back(&other, &token), 403, &[&token]);
    scene.forger.reply("/token", Reply::Json(400, json!({ "error": "invalid_grant" })));
    let other = scene.begin();
    kept_out("the code", &scene.open(&scene.answer_to(&other), &other.cookie), 403, &[]);
    assert_eq!(scene.refusals(), ["state_wrong", "token_nonce", "code_refused"]);
    assert_eq!(scene.begun(), 1);
    scene.audited();
}

#[test]
fn a_stolen_code_is_of_no_use_to_its_thief_at_a_real_provider() {
    let scene = crate::Scene::new(Kind::OidcProvider);
    let (mut victim, mut thief) = (Browser::default(), Browser::default());
    let stolen = scene.answered(&mut victim, &scene.start("ada"), "ada");
    // The thief has the victim's code, and a question of its own that nobody answered.
    let begun = thief.get(&scene.start("eve")).unwrap().location.unwrap();
    let own_state = fixtures::identity::browser::field(&begun, "state").unwrap();
    let state = fixtures::identity::browser::field(&stolen, "state").unwrap();
    let page = thief.get(&stolen.replace(&state, &own_state)).unwrap();
    assert_eq!(page.status, 403, "{}", page.body);
    assert!(page.body.contains("Please begin again") && !page.body.contains(&own_state), "{}", page.body);
    assert_eq!(scene.refusals(), ["code_refused"]);
    assert_eq!(scene.begun(), 0);
    scene.audited();
}

#[test]
fn behind_tls_cookies_are_such_as_no_other_host_can_set() {
    let scene = Forging::with(&["--public-url", "https://deed.example"]);
    let start = scene.open("/auth/corp/start", "");
    let cookie = start.header("set-cookie").unwrap();
    assert!(cookie.starts_with("__Host-deed_sign_in=") && cookie.contains("; Secure"), "{cookie}");
    assert!(
        cookie.contains("; HttpOnly") && cookie.contains("; SameSite=Lax") && !cookie.contains("Domain"),
        "{cookie}"
    );
    // What a neighbouring host may set has another name, and counts for nothing.
    let (ours, thiefs) = (scene.begin(), scene.begin());
    let tossed = thiefs.cookie.replace("__Host-", "");
    kept_out("tossed", &scene.open(&scene.answer_to(&thiefs), &tossed), 403, &[]);
    let token = Signer::honest().token(&scene.claims(&ours, "ada"));
    scene.forger.give(&token);
    let answer = scene.open(&scene.answer_to(&ours), &format!("{tossed}; {}", ours.cookie));
    let secret = cookie_set(&answer, "__Host-deed_session").unwrap();
    let me = |cookie: &str| scene.open("/api/v1/me", cookie).status;
    assert_eq!(me(&format!("__Host-deed_session={secret}")), 200);
    assert_eq!(me(&format!("deed_session={secret}")), 401);
    assert_eq!(
        (scene.refusals(), scene.unknown()),
        (vec!["state_wrong".to_owned()], vec!["access.look".to_owned()])
    );
    scene.audited();
}

#[test]
fn a_session_that_is_tossed_beside_anothers_counts_for_nothing_and_leaves_a_refusal() {
    let scene = Forging::new();
    let (victims, thiefs) = (scene.sign_in("ada"), scene.sign_in("eve"));
    // A session that was there before a sign-in is not the one after it.
    let begun = scene.begin();
    scene.forger.give(&Signer::honest().token(&scene.claims(&begun, "ada")));
    let cookies = format!("{}; {}", begun.cookie, thiefs.cookies);
    let fresh = scene.session_of(&scene.open(&scene.answer_to(&begun), &cookies));
    assert!(![&victims.cookies, &thiefs.cookies].contains(&&fresh.cookies));
    for cookies in [
        format!("{}; {}", victims.cookies, thiefs.cookies),
        format!("{}; {}", thiefs.cookies, victims.cookies),
        format!("{}; {}", victims.cookies, victims.cookies),
        "deed_session=".to_owned(),
        "deed_session=planted".to_owned(),
        format!("deed_session={}", scene.owner.secret()),
    ] {
        assert_eq!(scene.open("/api/v1/me", &cookies).status, 401, "{cookies}");
    }
    assert_eq!(scene.unknown(), ["access.look"; 6]);
    assert_eq!(scene.begun(), 3);
    scene.audited();
}

#[test]
fn providers_that_nobody_named_leave_refusals_and_strangers_cannot_fill_the_log_with_them() {
    const TIMES: usize = 40;
    let mut scene = Forging::new();
    let stranger = "somebody@example.org";
    for (number, path) in [
        format!("/auth/{stranger}/start"),
        answer(stranger, &[("code", CODE), ("state", "0")]),
        format!("/auth/{}/start", "x".repeat(2_000)),
        "/auth/corp/start?iss=https://other.example".to_owned(),
    ]
    .iter()
    .enumerate()
    {
        kept_out(path, &scene.open(path, ""), if number == 3 { 400 } else { 404 }, &[stranger, "xxxxxxxx"]);
    }
    let headers = "Content-Type: application/x-www-form-urlencoded\r\n";
    let told =
        scene.server().client().send("POST", &format!("/auth/{stranger}/logout"), headers, b"logout_token=x");
    assert_eq!((told.status, &told.json()["error"]), (400, &json!("invalid_request")), "{told}");
    let unknown = ("?".to_owned(), "unknown_provider".to_owned());
    let wrong = ("corp".to_owned(), "start_issuer_wrong".to_owned());
    let expected = [unknown.clone(), unknown.clone(), unknown.clone(), wrong, unknown];
    assert_eq!(scene.refused(), expected);
    for _ in 0..TIMES {
        scene.open("/auth/nobody/start", "");
    }
    assert_eq!(scene.refused().len(), 20, "no more than so many of one source are written whole in a minute");
    let data = scene.place.data();
    scene.house.audited();
    let checkpoint = std::fs::read_to_string(data.join("checkpoint")).unwrap();
    let log = read(&data, &checkpoint);
    assert!(!format!("{log:?}").contains("somebody"));
    let counted = counted(&log);
    let counted: Vec<_> = counted.iter().map(|code| (code.code.to_string(), code.count)).collect();
    assert_eq!(counted, [("sign_in_refused".to_owned(), 25)]);
}

/// Refusals that were counted instead of written whole.
fn counted(log: &[Event]) -> Vec<CodeCount> {
    let counted = log.iter().filter_map(|event| {
        if let Fact::Custody(Custody::RefusalsCounted(counted)) = &event.fact {
            Some(&counted.codes)
        } else {
            None
        }
    });
    counted.flatten().cloned().collect()
}
