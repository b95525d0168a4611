//! Clients that take their time. The server runs inside the test, so that its limits can be short.

use crate::common::client::{Answer, Client, JSON};
use crate::common::server::Place;
use api::limits::Limits;
use api::serve::{Config, Running, listen, open, start};
use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

const SHORT: Duration = Duration::from_millis(300);

struct Inside {
    _place: Place,
    runtime: tokio::runtime::Runtime,
    running: Running,
}

impl Inside {
    fn new(limits: Limits) -> Self {
        let place = Place::new();
        let config = Config {
            public_url: None,
            secrets: place.data().join("secrets"),
            data: place.data(),
            keys: place.data().join("keys"),
            head_lock: place.data().join("head.lock"),
            listen: ([127, 0, 0, 1], 0).into(),
            checkpoint_events: 10_000,
            checkpoint_seconds: 10,
            accept_missing_head_lock: false,
            segment_bytes: 1 << 20,
            limits,
            engine: None,
            door: ([127, 0, 0, 1], 0).into(),
            door_url: None,
        };
        let runtime = tokio::runtime::Runtime::new().unwrap();
        let running = runtime.block_on(async {
            let listener = listen(config.listen, "--listen").await.unwrap();
            let door = listen(config.door, "--door").await.unwrap();
            start(open(&config).unwrap(), listener, door).unwrap()
        });
        Self { _place: place, runtime, running }
    }

    fn client(&self) -> Client {
        Client::anonymous(self.running.address)
    }

    fn stops(self) {
        let Self { _place, runtime, running } = self;
        runtime.block_on(running.stop("the test is over")).unwrap();
    }
}

fn limits() -> Limits {
    Limits { headers: SHORT, body: SHORT, ..Limits::default() }
}

fn rest(mut stream: TcpStream) -> Vec<u8> {
    let mut bytes = Vec::new();
    // A reset is an end too.
    drop(stream.read_to_end(&mut bytes));
    bytes
}

#[test]
fn a_connection_that_says_nothing_or_half_a_head_is_closed() {
    let server = Inside::new(limits());
    for said in ["", "G", "GET / HTTP/1.1\r\nHost: a\r\nX-Slow:"] {
        let mut stream = server.client().connect();
        stream.write_all(said.as_bytes()).unwrap();
        assert_eq!(rest(stream), b"", "{said}");
    }
    // So is one that stands idle after an answer.
    let mut stream = server.client().connect();
    stream.write_all(b"GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n").unwrap();
    assert_eq!(Answer::parse(&rest(stream)).unwrap().text(), "ok\n");
    server.stops();
}

#[test]
fn a_body_that_does_not_come_is_not_waited_for() {
    let server = Inside::new(limits());
    for start in ["", "{\"id\":"] {
        let mut stream = server.client().connect();
        let head = server.client().head("POST", "/api/v1/commands");
        write!(stream, "{head}{JSON}Content-Length: 1000\r\n\r\n{start}").unwrap();
        let answer = Answer::parse(&rest(stream)).unwrap();
        assert_eq!((answer.status, answer.problem().as_str()), (408, "body_too_slow"), "{answer}");
    }
    server.stops();
}

#[test]
fn an_answer_that_takes_too_long_is_given_up() {
    let server = Inside::new(Limits { answer: SHORT, ..Limits::default() });
    let mut stream = server.client().connect();
    let head = server.client().head("POST", "/api/v1/commands");
    write!(stream, "{head}{JSON}Content-Length: 1000\r\n\r\n").unwrap();
    let answer = Answer::parse(&rest(stream)).unwrap();
    assert_eq!((answer.status, answer.problem().as_str()), (503, "late"), "{answer}");
    assert!(answer.header("retry-after").is_some());
    server.stops();
}

#[test]
fn idle_connections_make_room_for_others() {
    let server = Inside::new(Limits { connections_max: 8, ..limits() });
    let idle: Vec<TcpStream> = (0..40).map(|_| server.client().connect()).collect();
    assert_eq!(server.client().get("/healthz").text(), "ok\n");
    drop(idle);
    server.stops();
}

#[test]
fn a_stop_does_not_wait_for_a_place_among_the_connections() {
    let server =
        Inside::new(Limits { connections_max: 2, headers: Duration::from_secs(3_600), ..Limits::default() });
    let idle: Vec<TcpStream> = (0..4).map(|_| server.client().connect()).collect();
    server.stops();
    drop(idle);
}
