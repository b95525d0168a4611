//! Browsers at the door, byte by byte.

use crate::common::client::{Answer, Client};
use crate::common::until;
use crate::forging::cookie_set;
use crate::house::Session;
use crate::scene::Scene;
use fixtures::http::split;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// As a browser opens a page.
pub(crate) const PAGE: &str = "Accept: text/html\r\nSec-Fetch-Mode: navigate\r\n";

/// A browser at one address of the door.
#[derive(Clone, Debug)]
pub(crate) struct Guest {
    pub(crate) door: SocketAddr,
    /// With its port.
    pub(crate) host: String,
    /// What it shows there.
    pub(crate) cookies: String,
}

impl Guest {
    /// The answer to a request, given its method and target.
    pub(crate) fn ask(&self, first: &str, headers: &str) -> Answer {
        let cookies =
            if self.cookies.is_empty() { String::new() } else { format!("Cookie: {}\r\n", self.cookies) };
        let host = &self.host;
        let request =
            format!("{first} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n{cookies}{headers}\r\n");
        self.raw(&request).unwrap_or_else(|| panic!("no answer to {first}"))
    }

    pub(crate) fn get(&self, path: &str) -> Answer {
        self.ask(&format!("GET {path}"), PAGE)
    }

    pub(crate) fn raw(&self, request: &str) -> Option<Answer> {
        Client::anonymous(self.door).raw(request.as_bytes())
    }

    /// The same browser with other cookies.
    pub(crate) fn showing(&self, cookies: &str) -> Self {
        Self { cookies: cookies.into(), ..self.clone() }
    }

    /// The same cookies at another address.
    pub(crate) fn at(&self, host: &str) -> Self {
        Self { host: host.into(), ..self.clone() }
    }

    /// Opens something that stays open; the head of the answer comes with it.
    pub(crate) fn open(&self, path: &str, headers: &str) -> Open {
        let mut stream = TcpStream::connect(self.door).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
        let (host, cookies) = (&self.host, &self.cookies);
        write!(stream, "GET {path} HTTP/1.1\r\nHost: {host}\r\nCookie: {cookies}\r\n{headers}\r\n").unwrap();
        let mut head = Vec::new();
        let mut byte = [0];
        while !head.ends_with(b"\r\n\r\n") && stream.read(&mut byte).unwrap_or_default() == 1 {
            head.push(byte[0]);
        }
        Open { head: String::from_utf8(head).unwrap(), stream }
    }

    /// Opens a WebSocket that says back what it hears.
    pub(crate) fn socket(&self, prefix: &str, more: &str) -> Open {
        let headers = format!(
            "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
             Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n{more}"
        );
        self.open(&format!("{prefix}/socket"), &headers)
    }

    /// A WebSocket and an answer without end, both of them alive.
    pub(crate) fn two_open(&self, prefix: &str) -> [(&'static str, Open); 2] {
        let mut socket = self.socket(prefix, "");
        assert_eq!(socket.status(), "101", "{}", socket.head);
        socket.says_back("hello");
        let mut stream = self.open(&format!("{prefix}/stream"), "");
        assert_eq!(stream.status(), "200", "{}", stream.head);
        assert!(stream.goes_on());
        [("WebSocket", socket), ("stream", stream)]
    }
}

/// Something that is open.
#[derive(Debug)]
pub(crate) struct Open {
    pub(crate) head: String,
    stream: TcpStream,
}

impl Open {
    pub(crate) fn status(&self) -> &str {
        self.head.split(' ').nth(1).unwrap_or_default()
    }

    pub(crate) fn says_back(&mut self, text: &str) {
        self.stream.write_all(text.as_bytes()).unwrap();
        let mut read = vec![0; text.len()];
        self.stream.read_exact(&mut read).unwrap();
        assert_eq!(read, text.as_bytes());
    }

    /// Whether more comes. An answer that ends in good order says so by its last chunk, and leaves the connection open.
    pub(crate) fn goes_on(&mut self) -> bool {
        let mut read = [0; 64];
        let count = self.stream.read(&mut read).unwrap_or_default();
        count > 0 && !read[..count].ends_with(b"0\r\n\r\n")
    }

    /// When it ends.
    fn end(mut self) -> JoinHandle<Instant> {
        std::thread::spawn(move || {
            while self.goes_on() {}
            Instant::now()
        })
    }
}

/// How long things stay open after something was done.
pub(crate) fn cut(what: &str, open: [(&'static str, Open); 2], act: impl FnOnce()) -> Duration {
    let ends = open.map(|(kind, open)| (kind, open.end()));
    act();
    let done = Instant::now();
    let mut longest = Duration::ZERO;
    for (kind, end) in ends {
        let took = end.join().unwrap().saturating_duration_since(done);
        println!("{what:<44} | {kind:<9} | cut after {:>4} ms", took.as_millis());
        longest = longest.max(took);
    }
    assert!(longest < Duration::from_millis(1_500), "{what}: {longest:?}");
    longest
}

/// What an answer tells, without what is different each time anyway.
pub(crate) fn told(answer: &Answer, labels: &[&str]) -> String {
    let lines = answer.head.lines().filter(|line| !line.to_ascii_lowercase().starts_with("date:"));
    let mut text = lines.collect::<Vec<_>>().join("\n") + &answer.text();
    for label in labels {
        text = text.replace(label, "LABEL");
    }
    // Long numbers are random.
    let mut words = Vec::new();
    for word in text.split_inclusive(|c: char| !c.is_ascii_alphanumeric()) {
        let bare = word.trim_end_matches(|c: char| !c.is_ascii_alphanumeric());
        let random = bare.len() > 60 && bare.bytes().all(|byte| byte.is_ascii_hexdigit());
        words.push(if random { "RANDOM" } else { word });
    }
    words.concat()
}

/// A way in that was begun: what the browser keeps, and where it was sent.
pub(crate) struct Knock {
    pub(crate) guest: Guest,
    /// The path at the server, where sessions are.
    pub(crate) place: String,
}

/// The path of an address.
pub(crate) fn path_of(url: &str) -> String {
    split(url).unwrap().1.to_owned()
}

impl Scene {
    /// Somebody at an address whom nobody knows there.
    pub(crate) fn stranger(&self, host: &str) -> Guest {
        Guest { door: self.server().door, host: host.into(), cookies: String::new() }
    }

    /// Opens a page at an address, and is sent to where sessions are.
    pub(crate) fn knock(&self, host: &str, path: &str) -> Knock {
        let stranger = self.stranger(host);
        let answer = stranger.get(path);
        assert_eq!(answer.status, 303, "{answer}");
        let waits = cookie_set(&answer, "deed_door_wait").unwrap();
        let guest = stranger.showing(&format!("deed_door_wait={waits}"));
        Knock { guest, place: path_of(answer.header("location").unwrap()) }
    }

    /// The path with a ticket that somebody gets for an address.
    pub(crate) fn ticket(&self, who: &Session, knock: &Knock) -> String {
        let answer = who.get(&knock.place);
        assert_eq!(answer.status, 303, "{answer}");
        let place = answer.header("location").unwrap();
        assert!(place.contains("/.deed/enter?ticket="), "{answer}");
        path_of(place)
    }

    /// Somebody with a session comes in at an address.
    pub(crate) fn enter(&self, who: &Session, host: &str) -> Guest {
        let knock = self.knock(host, "/@me/box/apps/web/");
        let ticket = self.ticket(who, &knock);
        let answer = knock.guest.get(&ticket);
        assert_eq!(answer.status, 303, "{answer}");
        let known = cookie_set(&answer, "deed_door").unwrap_or_else(|| panic!("{answer}"));
        knock.guest.showing(&format!("deed_door={known}"))
    }

    /// The same, until the app answers.
    pub(crate) fn enter_app(&self, who: &Session, host: &str) -> Guest {
        let guest = self.enter(who, host);
        until("the app", || (guest.get("/").status == 200).then_some(()));
        guest
    }
}
