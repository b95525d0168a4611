//! What a workspace may reach.

use crate::authority::Host;
use ledger::event::workspaces::{Destination, Network};
use std::collections::BTreeMap;

/// The port of a destination that lists none.
const USUAL: &[u16] = &[443];

/// Where a workspace may connect to: names, names below names, and addresses, each with ports. What is not listed may not be reached.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rules {
    hosts: BTreeMap<Host, Box<[u16]>>,
    below: BTreeMap<Host, Box<[u16]>>,
}

impl Rules {
    /// Of a template. A destination that cannot be read allows nothing.
    pub fn new(network: &Network) -> Self {
        let mut rules = Self::default();
        for Destination { host, ports } in &network.allow {
            let ports: Box<[u16]> = if ports.is_empty() { USUAL.into() } else { ports.as_slice().into() };
            let (hosts, name) = match host.strip_prefix("*.") {
                Some(name) => (&mut rules.below, name),
                None => (&mut rules.hosts, &**host),
            };
            if let Ok(host) = Host::parse_bare(name) {
                hosts.insert(host, ports);
            }
        }
        rules
    }

    /// Whether a port of a host may be connected to.
    pub fn allows(&self, host: &Host, port: u16) -> bool {
        let open = |ports: Option<&Box<[u16]>>| ports.is_some_and(|ports| ports.contains(&port));
        open(self.hosts.get(host)) || above(host).any(|name| open(self.below.get(&name)))
    }
}

/// The names that a name is below, the longest first.
fn above(host: &Host) -> impl Iterator<Item = Host> + '_ {
    let name = match host {
        Host::Name(name) => &**name,
        Host::V4(_) | Host::V6(_) => "",
    };
    std::iter::successors(Some(name), |name| Some(name.split_once('.')?.1))
        .skip(1)
        .map(|name| Host::Name(name.into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rules(allow: &[(&str, &[u16])]) -> Rules {
        let destination =
            |(host, ports): &(&str, &[u16])| Destination { host: (*host).into(), ports: ports.to_vec() };
        Rules::new(&Network { allow: allow.iter().map(destination).collect() })
    }

    #[test]
    fn what_is_listed_may_be_reached_and_nothing_else() {
        let rules = rules(&[
            ("*.wild.example", &[80, 443]),
            ("10.0.0.5", &[5_432]),
            ("2001:db8::1", &[]),
            ("one.example", &[]),
            ("*.10.0.0", &[1]),
            ("not a host", &[443]),
        ]);
        for (host, port, allowed) in [
            ("one.example", 443, true),
            ("one.example", 80, false),
            ("a.one.example", 443, false),
            ("example", 443, false),
            ("xone.example", 443, false),
            ("a.wild.example", 80, true),
            ("b.a.wild.example", 443, true),
            ("wild.example", 443, false),
            ("evilwild.example", 443, false),
            ("wild.example.evil.example", 443, false),
            ("10.0.0.5", 5_432, true),
            ("10.0.0.5", 443, false),
            ("10.0.0.6", 5_432, false),
            ("1.10.0.0", 1, false),
            ("2001:db8:0::1", 443, true),
        ] {
            assert_eq!(rules.allows(&Host::parse_bare(host).unwrap(), port), allowed, "{host}:{port}");
        }
        assert!(!Rules::default().allows(&Host::parse_bare("one.example").unwrap(), 443));
    }
}
