//! The door, attacked.

use crate::common::client::Answer;
use crate::common::until;
use crate::forging::{cookie_set, now};
use crate::guest::{Guest, PAGE, cut, told};
use crate::house::Session;
use crate::scene::{HOME, Scene, Workspace, next_id, subject, was_done};
use fixtures::identity::browser::encode;
use serde_json::{Value, json};
use std::time::Instant;

/// Says what it was asked, and goes on for ever when it is asked to.
const APP: &str = r#"cat > /tmp/app.sh <<'END'
IFS= read -r first
all=$first
while IFS= read -r line; do line=${line%?}; [ -z "$line" ] && break; all="$all
$line"; done
case $first in
*/stream*) printf 'HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n'; while echo more; do sleep 0.05; done ;;
*/socket*) printf 'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n'; exec cat ;;
*/evil*) printf 'HTTP/1.1 200 OK\r\nConnection: close\r\nSet-Cookie: deed_session=evil\r\nSet-Cookie: __Host-deed_door=evil; Path=/\r\nSet-Cookie: wide=1; Domain=localhost\r\nSet-Cookie: fine=1\r\nClear-Site-Data: "*"\r\nStrict-Transport-Security: max-age=9\r\nX-Frame-Options: ALLOWALL\r\n\r\n' ;;
*) printf 'HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n%s' "$all" ;;
esac
END
exec nc -ll -p PORT -e sh /tmp/app.sh"#;

fn app(slug: &str, port: u16, sharing_max: &str) -> Value {
    let command = APP.replace("PORT", &port.to_string()).replace("app.sh", &format!("{slug}.sh"));
    json!({ "command": command, "name": slug, "port": port, "sharing_max": sharing_max, "slug": slug })
}

fn spec(image: &str, web_max: &str) -> Value {
    json!({
        "apps": [app("own", 8081, "owner"), app("web", 8080, web_max)],
        "container": { "image": image, "user": "1000:1000", "scratch": [{ "path": "/tmp", "size_mib": 4 }] },
        "limits": { "cpu_millis": 1000, "memory_mib": 48, "processes": 64 },
        "volumes": [{ "name": "home", "path": HOME, "size_mib": 8 }],
    })
}

/// A workspace of ada's with two apps, and others.
struct Street {
    scene: Scene,
    ada: Session,
    bob: Session,
    workspace: Workspace,
    /// The host of the app that may be shared, and of the one that may not.
    web: String,
    own: String,
}

impl Street {
    fn new() -> Self {
        let scene = Scene::new();
        let template = scene.template("box", &spec(&scene.engine.tiny_image(), "public"));
        let (ada, bob) = (scene.person("ada"), scene.person("bob"));
        let workspace = scene.workspace(&ada, "box", &template);
        let (web, own) = (scene.host_of(&workspace, "web"), scene.host_of(&workspace, "own"));
        Self { scene, ada, bob, workspace, web, own }
    }

    fn share(&self, app: &str, sharing: &str) -> Answer {
        let arguments = json!({ "workspace": self.workspace.id, "app": app, "sharing": sharing });
        self.ada.order(&next_id(), "workspaces.share_app", &arguments)
    }

    fn order(&self, command: &str) {
        let arguments = json!({ "workspace": self.workspace.id });
        was_done(&self.ada.order(&next_id(), &format!("workspaces.{command}"), &arguments));
    }

    /// The address of the door itself, and of a workspace that there is not.
    fn elsewhere(&self) -> [String; 2] {
        let (_, domain) = self.web.split_once('.').unwrap();
        [domain.to_owned(), format!("web--{}.{domain}", "0".repeat(self.label().len()))]
    }

    fn label(&self) -> &str {
        self.web.split_once('.').unwrap().0.split_once("--").unwrap().1
    }
}

/// Whether an answer is what the app says of a request that came to it.
fn heard(answer: &Answer) -> bool {
    answer.text().to_ascii_lowercase().contains("x-forwarded-host")
}

/// Holds when somebody at an address did not come to the app.
fn kept_out(what: &str, answer: &Answer) {
    println!("{what:<58} | {}", answer.status);
    assert!([303, 400, 401, 403, 404, 405, 409, 421, 505].contains(&answer.status), "{what}: {answer}");
    assert!(!heard(answer), "{what}: {answer}");
    assert_eq!(cookie_set(answer, "deed_door"), None, "{what}: {answer}");
}

#[test]
fn strangers_come_to_nothing_and_learn_nothing() {
    let street = Street::new();
    let scene = &street.scene;
    let [itself, unknown] = street.elsewhere();
    let guest = scene.enter_app(&street.ada, &street.web);
    let labels = [street.label().to_owned(), "0".repeat(street.label().len())];
    let hosts = labels.each_ref().map(String::as_str);
    for headers in [PAGE, "", "Sec-Fetch-Mode: cors\r\n"] {
        let answers =
            [&street.web, &unknown].map(|host| told(&scene.stranger(host).ask("GET /", headers), &hosts));
        assert_eq!(answers[0], answers[1], "an address that is somebody's looks like any other");
    }
    for method in ["POST", "HEAD", "DELETE"] {
        let answers = [&street.web, &unknown]
            .map(|host| told(&scene.stranger(host).ask(&format!("{method} /"), ""), &hosts));
        assert_eq!(answers[0], answers[1], "{method}");
    }
    // Somebody else with a session: by the way to tickets, by name and by path.
    let asks = |label: &str| {
        let place = scene.knock(&street.web, "/").place.replace(street.label(), label);
        told(&street.bob.get(&place), &hosts)
    };
    assert_eq!(asks(hosts[0]), asks(hosts[1]));
    assert!(asks(hosts[0]).starts_with("HTTP/1.1 404"), "{}", asks(hosts[0]));
    let bob = scene.enter(&street.bob, &itself);
    let by_path =
        ["box", "nothing"].map(|handle| told(&bob.get(&format!("/@me/{handle}/apps/web/")), &hosts));
    assert_eq!(by_path[0], by_path[1]);
    for path in
        ["/@ada/box/apps/web/", "/@me/box/apps/web/", "/@me/../@ada/box/apps/web/", "/", "/@me//apps/web/"]
    {
        kept_out(&format!("bob by path: {path}"), &bob.get(path));
    }
    // Cookies that were made up, or are for another address.
    let (session, code) = guest.cookies.split_once('=').unwrap().1.split_once('.').unwrap();
    let bobs = bob.cookies.split_once('=').unwrap().1;
    for (what, cookies) in [
        ("bob's of another address", bob.cookies.clone()),
        ("a session without a code", format!("deed_door={session}")),
        ("an empty code", format!("deed_door={session}.")),
        ("a code of zeros", format!("deed_door={session}.{}", "0".repeat(code.len()))),
        ("the code of another", format!("deed_door={session}.{}", bobs.split_once('.').unwrap().1)),
        ("the code in capitals", format!("deed_door={session}.{}", code.to_uppercase())),
        ("twice", format!("deed_door={bobs}; {}", guest.cookies)),
        ("a session's secret", street.ada.cookies.clone()),
        ("a secret as the cookie", street.ada.cookies.replace("deed_session", "deed_door")),
    ] {
        if what == "the code in capitals" && code.to_uppercase() == code {
            continue;
        }
        kept_out(&format!("cookie: {what}"), &scene.stranger(&street.web).showing(&cookies).get("/"));
    }
    kept_out("ada's cookie of one app at another", &guest.at(&street.own).get("/"));
    kept_out("ada's cookie of an app at the door itself", &guest.at(&itself).get("/@me/box/apps/web/"));
    let bearer = format!("Authorization: Bearer {}\r\n", scene.owner.secret());
    kept_out("the owner's credential", &scene.stranger(&street.web).ask("GET /", &bearer));
    let account = crate::common::people::service_account(&scene.owner.client, "robot", Some("owner"));
    let bearer = format!("Authorization: Bearer {}\r\n", account.secret());
    kept_out("a service account's credential", &scene.stranger(&street.web).ask("GET /", &bearer));
    let opened = account.client.get(&scene.knock(&street.web, "/").place);
    assert_ne!(opened.status, 303, "{opened}");
}

#[test]
fn tickets_are_good_once_for_one_browser_at_one_address() {
    let street = Street::new();
    let scene = &street.scene;
    scene.enter_app(&street.ada, &street.web);
    let knock = scene.knock(&street.web, "/");
    let ticket = scene.ticket(&street.ada, &knock);
    let other = scene.knock(&street.web, "/");
    kept_out("ticket: of another browser", &other.guest.get(&ticket));
    kept_out("ticket: without what the browser keeps", &scene.stranger(&street.web).get(&ticket));
    kept_out("ticket: at another address", &knock.guest.at(&street.own).get(&ticket));
    let longer = ticket.replacen('.', ".9", 2).replacen(".9", ".", 1);
    kept_out("ticket: with another time", &knock.guest.get(&longer));
    let answer = knock.guest.get(&ticket);
    assert_eq!((answer.status, answer.header("location")), (303, Some("/")), "{answer}");
    let cookie = answer.head.lines().find(|line| line.contains("deed_door=")).unwrap().to_owned();
    assert!(
        cookie.contains("HttpOnly") && cookie.contains("SameSite=Lax") && !cookie.contains("Domain"),
        "{cookie}"
    );
    kept_out("ticket: a second time", &knock.guest.get(&ticket));
    // Where it leads to is a path of the app and nothing else.
    for path in ["//evil.example/", "https://evil.example/", "/\\evil.example", "/%0d%0aSet-Cookie: a=b", ""]
    {
        let knock = scene.knock(&street.web, "/");
        let ticket = scene.ticket(&street.ada, &knock);
        let (base, _) = ticket.split_once("&path=").unwrap();
        let answer = knock.guest.get(&format!("{base}&{}", encode(&[("path", path)])));
        let place = answer.header("location").unwrap_or_default().to_owned();
        println!("entering with the path {path:?} leads to {place:?}");
        assert!(place.starts_with('/') && !place.starts_with("//") && !place.starts_with("/\\"), "{answer}");
        assert!(!answer.head.to_ascii_lowercase().contains("\na=b"), "{answer}");
    }
    let browser = "0".repeat(64);
    let port = scene.server().door.port();
    for to in [
        "https://evil.example/",
        "//evil.example/",
        "/",
        "javascript:alert(1)",
        &format!("http://evil.example:{port}/"),
        &format!("http://{}@evil.example:{port}/", street.web),
        &format!("http://evil.example@{}/", street.web),
        &format!("http://{}.evil.example/", street.web),
        &format!("https://{}/", street.web),
        &format!("http://{}/", street.web.replace(&port.to_string(), "1")),
        &format!("http://x.{}/", street.web),
        &format!("http://{}\\@evil.example/", street.web),
    ] {
        let answer = street.ada.get(&format!("/open?{}", encode(&[("to", to), ("browser", &browser)])));
        println!("/open?to={to:<60} | {}", answer.status);
        assert_eq!(answer.status, 400, "{to}: {answer}");
    }
    let bad = street
        .ada
        .get(&format!("/open?{}", encode(&[("to", &format!("http://{}/", street.web)), ("browser", "x")])));
    assert_eq!(bad.status, 400, "{bad}");
}

#[test]
fn requests_are_read_in_one_way_and_nothing_leaks() {
    let street = Street::new();
    let scene = &street.scene;
    let guest = scene.enter_app(&street.ada, &street.web);
    leaks(&street, &guest);
    confused(&street, &guest);
    by_path(&street);
}

/// What the app hears and what it says back.
fn leaks(street: &Street, guest: &Guest) {
    let own =
        format!("theirs=1; {}; {}; __Host-deed_session=x; DEED_DOOR=y", guest.cookies, street.ada.cookies);
    let headers = "Authorization: Bearer x\r\nX-Forwarded-For: 1.2.3.4\r\nX-Forwarded-Host: evil.example\r\nForwarded: for=1.2.3.4\r\n\
         X-Deed-User: owner\r\nX_Forwarded_User: root\r\nRemote-User: root\r\nX-Real-IP: 1.2.3.4\r\nConnection: close, X-Secret\r\nX-Secret: s\r\n";
    let heard = guest.showing(&own).ask("GET /", headers).text().to_ascii_lowercase();
    println!("{heard}");
    for never in ["deed_", "bearer", "1.2.3.4", "evil.example", "root", "x-deed", "owner", "x-secret"] {
        assert!(!heard.contains(never), "{never}: {heard}");
    }
    assert!(heard.contains("cookie: theirs=1"), "{heard}");
    let said = guest.get("/evil");
    let head = said.head.to_ascii_lowercase();
    assert!(head.contains("set-cookie: fine=1") && head.matches("set-cookie").count() == 1, "{said}");
    for never in ["clear-site-data", "strict-transport", "allowall"] {
        assert!(!head.contains(never), "{never}: {said}");
    }
    assert!(
        head.contains("frame-ancestors 'self'") && head.contains("x-frame-options: sameorigin"),
        "{said}"
    );
}

/// Requests that could be read in two ways, and pages of other origins.
fn confused(street: &Street, guest: &Guest) {
    let (web, cookies) = (&street.web, &guest.cookies);
    let (name, port) = web.split_once(':').unwrap();
    let line = |first: &str, host: &str, more: &str| {
        format!("{first} HTTP/1.1\r\nHost: {host}\r\nCookie: {cookies}\r\nConnection: close\r\n{more}\r\n")
    };
    for (what, request, expected) in [
        ("the port of another", line("GET /", &format!("{name}:1"), ""), &[421][..]),
        ("no port", line("GET /", name, ""), &[421]),
        ("no host", format!("GET / HTTP/1.1\r\nCookie: {cookies}\r\nConnection: close\r\n\r\n"), &[400]),
        ("two hosts", line("GET /", web, &format!("Host: {web}\r\n")), &[400]),
        ("two hosts in one", line("GET /", &format!("{web},{web}"), ""), &[400]),
        ("a host with a user", line("GET /", &format!("x@{web}"), ""), &[400]),
        ("a host with a path", line("GET /", &format!("{web}/x"), ""), &[400]),
        (
            "an absolute address of another",
            line(&format!("GET http://evil.example:{port}/"), web, ""),
            &[400],
        ),
        ("an absolute address with a user", line(&format!("GET http://x@{web}/"), web, ""), &[400]),
        ("another scheme", line(&format!("GET ftp://{web}/"), web, ""), &[400]),
        ("a method of proxies", line(&format!("CONNECT {web}"), web, ""), &[400, 405]),
        ("a method that repeats", line("TRACE /", web, ""), &[405]),
        ("no path", line("OPTIONS *", web, ""), &[400]),
        ("two lengths", line("POST /", web, "Content-Length: 0\r\nContent-Length: 5\r\n"), &[400]),
        ("chunks in another coding", line("POST /", web, "Transfer-Encoding: gzip, chunked\r\n"), &[400]),
        ("chunks, spelled oddly", line("POST /", web, "Transfer-Encoding: xchunked\r\n"), &[400]),
        ("a header over two lines", line("GET /", web, "X-A: b\r\n c: d\r\n"), &[400]),
        ("a space before the colon", line("GET /", web, "Transfer-Encoding : chunked\r\n"), &[400]),
        (
            "a page of another origin",
            line("POST /", web, "Origin: https://evil.example\r\nContent-Length: 0\r\n"),
            &[403],
        ),
        ("a page of no origin", line("POST /", web, "Origin: null\r\nContent-Length: 0\r\n"), &[403]),
        (
            "a page of another app",
            line("POST /", web, &format!("Origin: http://{}\r\nContent-Length: 0\r\n", street.own)),
            &[403],
        ),
        (
            "a page of another site",
            line("POST /", web, "Sec-Fetch-Site: cross-site\r\nContent-Length: 0\r\n"),
            &[403],
        ),
        (
            "a page of a neighbour",
            line("DELETE /", web, "Sec-Fetch-Site: same-site\r\nContent-Length: 0\r\n"),
            &[403],
        ),
    ] {
        let answer = guest.raw(&request).unwrap_or_else(|| panic!("{what}: no answer"));
        println!("{what:<44} | {}", answer.status);
        assert!(expected.contains(&answer.status), "{what}: {answer}");
        assert!(!heard(&answer), "{what}: {answer}");
    }
    named_otherwise(web, guest);
}

/// Other spellings of the host, and WebSockets of other pages.
fn named_otherwise(web: &str, guest: &Guest) {
    let (name, port) = web.split_once(':').unwrap();
    let line = |host: &str| {
        format!("GET / HTTP/1.1\r\nHost: {host}\r\nCookie: {}\r\nConnection: close\r\n\r\n", guest.cookies)
    };
    for (what, host) in
        [("in capitals", web.to_uppercase()), ("with a dot at its end", format!("{name}.:{port}"))]
    {
        let answer = guest.raw(&line(&host)).unwrap();
        println!("the host {what:<35} | {}", answer.status);
        assert!([200, 400, 404].contains(&answer.status), "{answer}");
    }
    let sockets = [
        ("Origin: https://evil.example\r\n", "403"),
        ("Origin: null\r\n", "403"),
        ("Sec-Fetch-Site: cross-site\r\n", "403"),
    ];
    for (from, expected) in sockets {
        let socket = guest.socket("", from);
        println!("WebSocket with {:<29} | {}", from.trim(), socket.status());
        assert_eq!(socket.status(), expected, "{}", socket.head);
    }
    let mut fine = guest.socket("", &format!("Origin: http://{web}\r\nSec-Fetch-Site: same-origin\r\n"));
    assert_eq!(fine.status(), "101", "{}", fine.head);
    fine.says_back("hello");
}

/// By path one comes to one's own apps alone, and not out of them.
fn by_path(street: &Street) {
    let scene = &street.scene;
    let [itself, _] = street.elsewhere();
    let guest = scene.enter(&street.ada, &itself);
    let heard = guest.get("/@me/box/apps/web/x/../y?z").text();
    assert!(heard.contains("GET /x/../y?z ") || heard.contains("GET /y?z "), "{heard}");
    for path in [
        "/@me/box/apps/web/../../../../api/v1/me",
        "/@me/box/apps/nothing/",
        "/@me/box/apps/22/",
        "/@me/box/apps/8080/",
        "/@me/box/apps/terminal/",
        "/@me/box/apps/%77eb/",
        "/@me/b%6fx/apps/web/",
        "/@me/box/../box/apps/web/",
        "/@me/box//apps/web/",
        "/@ME/box/apps/web/",
        "/api/v1/me",
    ] {
        let answer = guest.get(path);
        println!("{path:<58} | {}", answer.status);
        assert!(!answer.text().contains("\"subject\""), "{path}: {answer}");
        assert!(answer.status == 404 || answer.text().contains("GET /.."), "{path}: {answer}");
    }
    // Shared or not, nobody else comes by path.
    was_done(&street.share("web", "public"));
    for (who, guest) in [("bob", scene.enter(&street.bob, &itself)), ("nobody", scene.stranger(&itself))] {
        for path in [
            "/@me/box/apps/web/",
            "/@ada/box/apps/web/",
            &format!("/@{}/box/apps/web/", subject(&street.ada)),
        ] {
            kept_out(&format!("{who} by path to a shared app: {path}"), &guest.get(path));
        }
    }
}

#[test]
fn sharing_goes_as_far_as_its_owner_and_the_template_say() {
    let mut street = Street::new();
    let scene = &street.scene;
    let eve = scene.sign_in("eve");
    let member = json!({ "subject": subject(&street.bob), "role": "member", "scope": scene.organization });
    scene.done("access.grant_role", &member);
    let ada = scene.enter_app(&street.ada, &street.web);
    // Whoever could open it once has a cookie for the address.
    was_done(&street.share("web", "authenticated"));
    let others = [
        ("bob", scene.enter(&street.bob, &street.web)),
        ("eve", scene.enter(&eve, &street.web)),
        ("nobody", scene.stranger(&street.web)),
    ];
    let comes = |expected: [bool; 3], what: &str| {
        assert_eq!(ada.get("/").status, 200);
        for ((who, guest), expected) in others.iter().zip(expected) {
            let status = guest.get("/").status;
            println!("shared with {what:<16} | {who:<7} | {status}");
            assert_eq!(status == 200, expected, "{who} {what}");
        }
    };
    comes([true, true, false], "authenticated");
    for (sharing, expected) in [
        ("owner", [false, false, false]),
        ("organization", [true, false, false]),
        ("public", [true, true, true]),
    ] {
        was_done(&street.share("web", sharing));
        comes(expected, sharing);
    }
    // Above what the template allows.
    let answer = street.share("own", "public");
    println!("sharing what the template lets nobody share: {}", answer.status);
    kept_out("an app that may not be shared", &scene.stranger(&street.own).get("/"));
    // A version that allows less, taken up by an update.
    let arguments =
        json!({ "handle": "box", "promote": true, "spec": spec(&scene.engine.tiny_image(), "organization") });
    scene.done("workspaces.publish_template", &arguments);
    street.order("update_workspace");
    until("the update", || {
        (ada.get("/").status == 200 && scene.shown(&street.workspace)["version"] == 2).then_some(())
    });
    comes([true, false, false], "public, at most organization");
    let visitors = [subject(&street.bob), subject(&eve), Value::Null];
    let begun = Instant::now();
    until("connections on record", || {
        let events = scene.events("workspaces.connections_counted");
        let counted = |who: &Value| {
            let of = events.iter().filter(|leaf| leaf["data"]["visitor"]["id"] == *who);
            of.clone().any(|leaf| leaf["data"]["bytes_out"].as_u64() > Some(0))
        };
        assert!(begun.elapsed().as_secs() < 20, "{events:#?}");
        visitors.iter().all(counted).then_some(())
    });
    street.scene.is_sound();
}

#[test]
fn what_is_open_is_cut_when_it_may_no_longer_be() {
    let mut street = Street::new();
    let scene = &street.scene;
    let again = || scene.sign_in("ada");
    scene.enter_app(&street.ada, &street.web);
    let session = again();
    let guest = scene.enter(&session, &street.web);
    cut("signed out", guest.two_open(""), || was_done(&session.post("/sign-out", "")));
    kept_out("after signing out", &guest.get("/"));
    let guest = scene.enter(&again(), &street.web);
    let revoke = json!({ "credential": scene.newest() });
    cut("session revoked", guest.two_open(""), || drop(scene.done("identity.revoke_credential", &revoke)));
    let [itself, _] = street.elsewhere();
    let session = again();
    let guest = scene.enter(&session, &itself);
    cut("signed out, by path", guest.two_open("/@me/box/apps/web"), || {
        was_done(&session.post("/sign-out", ""))
    });
    expires(&street);
    was_done(&street.share("web", "authenticated"));
    let guest = scene.enter(&street.bob, &street.web);
    cut("share withdrawn", guest.two_open(""), || was_done(&street.share("web", "owner")));
    was_done(&street.share("web", "public"));
    cut("public share withdrawn", scene.stranger(&street.web).two_open(""), || {
        was_done(&street.share("web", "owner"))
    });
    was_done(&street.share("web", "authenticated"));
    let suspend = json!({ "subject": subject(&street.bob), "reason": "left" });
    cut("visitor suspended", guest.two_open(""), || drop(scene.done("identity.suspend_subject", &suspend)));
    let guest = scene.enter(&again(), &street.web);
    cut("workspace stopped", guest.two_open(""), || street.order("stop_workspace"));
    scene.comes_to(&street.workspace, "stopped");
    kept_out("a stopped workspace", &guest.get("/"));
    street.order("start_workspace");
    scene.comes_to(&street.workspace, "running");
    until("the app", || (guest.get("/").status == 200).then_some(()));
    let suspend = json!({ "subject": subject(&street.ada), "reason": "left" });
    cut("owner suspended", guest.two_open(""), || drop(scene.done("identity.suspend_subject", &suspend)));
    scene.comes_to(&street.workspace, "stopped");
    street.scene.is_sound();
}

/// A session that the provider limited ends by the clock.
fn expires(street: &Street) {
    let until = now() + 4;
    let session = street.scene.sign_in_with("ada", &json!({ "session_expiry": until }));
    let guest = street.scene.enter(&session, &street.web);
    cut("session expired", guest.two_open(""), || {
        while now() < until {
            std::thread::yield_now()
        }
    });
    kept_out("after the session expired", &guest.get("/"));
}
