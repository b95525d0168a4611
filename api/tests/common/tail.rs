//! A reader of the stream of events.

use super::client::Client;
use serde_json::Value;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;

/// An open stream.
pub(crate) struct Tail {
    stream: BufReader<TcpStream>,
    text: String,
}

/// One event as it came: its id and what it holds.
#[derive(Debug)]
pub(crate) struct Sent {
    /// What to send as `Last-Event-ID`.
    pub(crate) id: u64,
    /// The row.
    pub(crate) row: Value,
}

impl Tail {
    /// Opens a stream at a path with further headers.
    pub(crate) fn open(client: &Client, path: &str, headers: &str) -> Self {
        let mut stream = client.connect();
        let head = client.head("GET", path);
        write!(stream, "{head}Accept: text/event-stream\r\n{headers}\r\n").unwrap();
        let mut stream = BufReader::new(stream);
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            assert_ne!(stream.read_line(&mut head).unwrap(), 0, "{head}");
        }
        assert!(head.starts_with("HTTP/1.1 200"), "{head}");
        assert!(head.to_ascii_lowercase().contains("content-type: text/event-stream"), "{head}");
        Self { stream, text: String::new() }
    }

    /// The next event; `None` when the server ended the stream.
    pub(crate) fn next(&mut self) -> Option<Sent> {
        loop {
            if let Some((block, rest)) = self.text.split_once("\n\n") {
                let sent = parse(block);
                self.text = rest.to_owned();
                match sent {
                    Some(sent) => return Some(sent),
                    None => continue,
                }
            }
            let piece = self.piece()?;
            self.text.push_str(&piece);
        }
    }

    /// One chunk of the body.
    fn piece(&mut self) -> Option<String> {
        let mut size = String::new();
        self.stream.read_line(&mut size).unwrap();
        let size = usize::from_str_radix(size.trim(), 16).ok().filter(|size| *size > 0)?;
        let mut bytes = vec![0; size + 2];
        self.stream.read_exact(&mut bytes).unwrap();
        Some(String::from_utf8(bytes[..size].to_vec()).unwrap())
    }
}

fn parse(block: &str) -> Option<Sent> {
    let field = |name: &str| block.lines().find_map(|line| line.strip_prefix(name)).map(str::trim);
    let row = serde_json::from_str(field("data:")?).unwrap();
    Some(Sent { id: field("id:")?.parse().unwrap(), row })
}
