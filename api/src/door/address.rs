//! Where browsers find the apps of workspaces: each under a host name of its own, since only host names keep them apart.

use std::fmt;
use std::net::SocketAddr;

/// Where browsers find the door. Apps are at `APP--WORKSPACE.` before it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DoorAddress {
    secure: bool,
    domain: Box<str>,
    port: Option<u16>,
}

/// A text is no address of a door.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "an address of the door is `https://` or, on this machine, `http://`, then `*.` and a name, such as `https://*.apps.deed.example`"
)]
pub struct NotADoor;

impl DoorAddress {
    /// Reads `https://*.apps.deed.example`.
    pub fn parse(text: &str) -> Result<Self, NotADoor> {
        let (scheme, rest) = text.split_once("://*.").ok_or(NotADoor)?;
        let (domain, port) = match rest.split_once(':') {
            Some((domain, port)) => (domain, Some(port.parse().map_err(|_| NotADoor)?)),
            None => (rest, None),
        };
        let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-.".contains(&byte);
        let local = domain == "localhost" || domain.ends_with(".localhost");
        let secure = match scheme {
            "https" => true,
            "http" if local => false,
            _ => return Err(NotADoor),
        };
        let named = !domain.is_empty()
            && domain.bytes().all(plain)
            && !domain.starts_with('.')
            && !domain.contains("..");
        if named { Ok(Self { secure, domain: domain.into(), port }) } else { Err(NotADoor) }
    }

    /// On this machine: every name below `localhost` leads to it.
    pub fn local(address: SocketAddr) -> Self {
        Self { secure: false, domain: "localhost".into(), port: Some(address.port()) }
    }

    /// Whether browsers come by TLS.
    pub fn is_secure(&self) -> bool {
        self.secure
    }

    /// The port that browsers name.
    pub fn port(&self) -> u16 {
        self.port.unwrap_or(if self.secure { 443 } else { 80 })
    }

    /// Where an app of a workspace is opened.
    pub fn address(&self, app: &str, label: &str) -> String {
        let scheme = if self.secure { "https" } else { "http" };
        format!("{scheme}://{app}--{label}.{self}/")
    }

    /// The app and the workspace that a host name stands for, with its port as browsers send it.
    pub fn read<'a>(&self, host: &'a str) -> Option<(&'a str, &'a str)> {
        let first = host.strip_suffix(&*self.domain)?.strip_suffix('.')?;
        first
            .rsplit_once("--")
            .filter(|(app, label)| !app.is_empty() && !label.is_empty() && !first.contains('.'))
    }

    /// Whether a host name is that of the door itself, where apps are opened by path.
    pub fn is_itself(&self, host: &str) -> bool {
        host == &*self.domain
    }
}

impl fmt::Display for DoorAddress {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.port {
            Some(port) => write!(out, "{}:{port}", self.domain),
            None => out.write_str(&self.domain),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_read_and_leads_back() {
        let door = DoorAddress::parse("https://*.apps.deed.example").unwrap();
        assert_eq!(door.address("code", "0123456789ab"), "https://code--0123456789ab.apps.deed.example/");
        assert_eq!(door.read("code--0123456789ab.apps.deed.example"), Some(("code", "0123456789ab")));
        assert_eq!(door.read("my-app--0123456789ab.apps.deed.example"), Some(("my-app", "0123456789ab")));
        for other in [
            "apps.deed.example",
            "x.apps.deed.example",
            "a.b--c.apps.deed.example",
            "code--1.apps.deed.example.evil",
            "code--1xapps.deed.example",
            "--1.apps.deed.example",
        ] {
            assert_eq!(door.read(other), None, "{other}");
        }
        for bad in [
            "https://apps.example",
            "http://*.apps.example",
            "https://*.",
            "https://*.A.example",
            "https://*.a.example/x",
            "ftp://*.a.example",
            "https://*.a..example",
            "https://*.a.example:x",
        ] {
            assert_eq!(DoorAddress::parse(bad), Err(NotADoor), "{bad}");
        }
        assert!(DoorAddress::parse("http://*.localhost:7332").is_ok());
    }
}
