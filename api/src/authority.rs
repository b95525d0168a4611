//! A host, perhaps with a port, as a request names it; read strictly, so that no two readers can take it for different ones.

use std::fmt;
use std::net::{Ipv4Addr, Ipv6Addr};
use thiserror::Error;

/// The longest name that the DNS knows.
const NAME_BYTES_MAX: usize = 253;

/// A host.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Host {
    /// A name in lower case, without a dot at its end.
    Name(Box<str>),
    /// An IPv4 address.
    V4(Ipv4Addr),
    /// An IPv6 address, and no IPv4 address inside one.
    V6(Ipv6Addr),
}

/// A host, perhaps with a port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Authority {
    /// The host.
    pub host: Host,
    /// The port; `None` when it is not said.
    pub port: Option<u16>,
}

/// It is no host, or not in its one form.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("it is no host, or not written in the usual way")]
pub struct Malformed;

impl fmt::Display for Host {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name(name) => out.write_str(name),
            Self::V4(address) => write!(out, "{address}"),
            Self::V6(address) => write!(out, "[{address}]"),
        }
    }
}

impl Authority {
    /// Reads `host`, `host:port` or `[address]:port`. There is no user, no space, no zone, and nothing that is not ASCII.
    pub fn parse(text: &str) -> Result<Self, Malformed> {
        if let Some(rest) = text.strip_prefix('[') {
            let (address, rest) = rest.split_once(']').ok_or(Malformed)?;
            let port = if rest.is_empty() { None } else { Some(rest.strip_prefix(':').ok_or(Malformed)?) };
            return Ok(Self { host: v6(address)?, port: port.map(port_number).transpose()? });
        }
        let (host, port) = text.split_once(':').map_or((text, None), |(host, port)| (host, Some(port)));
        Ok(Self { host: name_or_v4(host)?, port: port.map(port_number).transpose()? })
    }
}

impl Host {
    /// Reads a host as rules write it: an IPv6 address has no brackets.
    pub fn parse_bare(text: &str) -> Result<Self, Malformed> {
        if text.contains(':') { v6(text) } else { name_or_v4(text) }
    }
}

fn port_number(text: &str) -> Result<u16, Malformed> {
    let plain = text.bytes().all(|byte| byte.is_ascii_digit()) && !text.starts_with('0');
    text.parse().ok().filter(|_| plain).ok_or(Malformed)
}

fn v6(text: &str) -> Result<Host, Malformed> {
    let address: Ipv6Addr = text.parse().map_err(|_| Malformed)?;
    if address.to_ipv4_mapped().is_some() { Err(Malformed) } else { Ok(Host::V6(address)) }
}

fn name_or_v4(text: &str) -> Result<Host, Malformed> {
    if let Ok(address) = text.parse() {
        return Ok(Host::V4(address));
    }
    let name = text.strip_suffix('.').unwrap_or(text).to_ascii_lowercase();
    // Resolvers take a name that ends in a number for an address, in many spellings.
    let numeric = name.rsplit('.').next().is_some_and(|last| last.starts_with(|c: char| c.is_ascii_digit()));
    if name.len() > NAME_BYTES_MAX || numeric || !name.split('.').all(is_label) {
        return Err(Malformed);
    }
    Ok(Host::Name(name.into()))
}

fn is_label(label: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-' || byte == b'_';
    (1..=63).contains(&label.len())
        && label.bytes().all(plain)
        && !label.starts_with('-')
        && !label.ends_with('-')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_are_read_into_one_form() {
        for (text, host, port) in [
            ("deed.example", "deed.example", None),
            ("DEED.Example.", "deed.example", None),
            ("deed.example:8443", "deed.example", Some(8_443)),
            ("xn--bcher-kva.example:1", "xn--bcher-kva.example", Some(1)),
            ("_acme.a-b.example", "_acme.a-b.example", None),
            ("localhost:65535", "localhost", Some(65_535)),
            ("192.0.2.1:80", "192.0.2.1", Some(80)),
            ("[::1]:7331", "[::1]", Some(7_331)),
            ("[2001:DB8:0::1]", "[2001:db8::1]", None),
        ] {
            let read = Authority::parse(text).unwrap();
            assert_eq!((read.host.to_string().as_str(), read.port), (host, port), "{text}");
        }
    }

    #[test]
    fn what_could_be_taken_for_something_else_is_refused() {
        let long = format!("{}.example", "a".repeat(64));
        let longest = "a.".repeat(127);
        for text in [
            "",
            ".",
            "..",
            "a..b",
            ".a",
            "a..",
            "-a.b",
            "a-.b",
            "a b",
            " a",
            "a ",
            "a\t",
            "a@b",
            "user:word@host",
            "a/b",
            "a\\b",
            "a?b",
            "a#b",
            "a%2eb",
            "b\u{fc}cher.example",
            "a:",
            "a:0",
            "a:080",
            "a:+80",
            "a:65536",
            "a:8o",
            "a:80:80",
            "::1",
            "[::1",
            "[::1]80",
            "[::1]:",
            "[]",
            "[a]",
            "[fe80::1%eth0]",
            "[::ffff:127.0.0.1]:80",
            "[127.0.0.1]",
            "127.1",
            "127.0.0.1.",
            "0x7f.1",
            "0x7f000001",
            "2130706433",
            "0177.0.0.1",
            "1.2.3.4.5",
            "1.2.3.256",
            "example.1",
            "a,b",
            "a;b",
            "*.example",
            "a\0b",
            &long,
            &longest,
        ] {
            assert_eq!(Authority::parse(text), Err(Malformed), "{text:?}");
        }
    }

    #[test]
    fn rules_write_addresses_without_brackets() {
        assert_eq!(Host::parse_bare("2001:db8::1").unwrap().to_string(), "[2001:db8::1]");
        assert_eq!(Host::parse_bare("a.example").unwrap().to_string(), "a.example");
        assert!(Host::parse_bare("[::1]").is_err() && Host::parse_bare("a.example:1").is_err());
    }
}
