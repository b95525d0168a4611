//! Which addresses are somewhere on the internet, and which are never to be reached from a workspace.

use crate::oidc::is_special_use;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// IPv4 addresses within IPv6, where a translator stands between the two.
const TRANSLATED: ([u16; 8], u32) = ([0x64, 0xff9b, 0, 0, 0, 0, 0, 0], 96);

/// Whether an address is one place on the internet. A name leads to no other.
pub fn is_global(address: IpAddr) -> bool {
    let inner = match address {
        IpAddr::V4(_) => None,
        IpAddr::V6(address) => translated(address),
    };
    !is_special_use(inner.map_or(address, IpAddr::V4))
}

/// Whether an address is never reached, listed or not: this host, its links, and the metadata of clouds.
pub fn is_never(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => {
            let blocks: [([u8; 4], u32); 7] = [
                ([0, 0, 0, 0], 8),
                ([127, 0, 0, 0], 8),
                ([169, 254, 0, 0], 16),
                ([100, 100, 100, 200], 32),
                ([192, 0, 0, 192], 32),
                ([168, 63, 129, 16], 32),
                ([224, 0, 0, 0], 3),
            ];
            blocks.iter().any(|(block, bits)| within_v4(address, *block, *bits))
        }
        IpAddr::V6(address) => {
            let inner = embedded(address).is_some_and(|inner| is_never(IpAddr::V4(inner)));
            let blocks: [([u16; 8], u32); 4] = [
                // Unspecified, loopback, and what holds an IPv4 address.
                ([0; 8], 80),
                ([0xfe80, 0, 0, 0, 0, 0, 0, 0], 10),
                ([0xff00, 0, 0, 0, 0, 0, 0, 0], 8),
                ([0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254], 128),
            ];
            inner || blocks.iter().any(|(block, bits)| within_v6(address, *block, *bits))
        }
    }
}

fn translated(address: Ipv6Addr) -> Option<Ipv4Addr> {
    let [.., high, low] = address.segments();
    within_v6(address, TRANSLATED.0, TRANSLATED.1).then(|| join(high, low))
}

/// The IPv4 address to which packets for an address might go.
fn embedded(address: Ipv6Addr) -> Option<Ipv4Addr> {
    let [first, second, third, ..] = address.segments();
    let six_to_four = (first == 0x2002).then(|| join(second, third));
    translated(address).or(six_to_four)
}

fn join(high: u16, low: u16) -> Ipv4Addr {
    Ipv4Addr::from_bits((u32::from(high) << 16) | u32::from(low))
}

fn within_v4(address: Ipv4Addr, block: [u8; 4], bits: u32) -> bool {
    let apart = address.to_bits() ^ Ipv4Addr::from(block).to_bits();
    apart.leading_zeros() >= bits
}

fn within_v6(address: Ipv6Addr, block: [u16; 8], bits: u32) -> bool {
    let apart = address.to_bits() ^ Ipv6Addr::from(block).to_bits();
    apart.leading_zeros() >= bits
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The addresses of a list of which something is so.
    fn all(list: &str, is: fn(IpAddr) -> bool) -> String {
        let hits = list.split(' ').filter(|text| is(text.parse().unwrap()));
        hits.collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn places_on_the_internet_are_told_from_all_others() {
        let global = "1.1.1.1 8.8.8.8 9.255.255.255 11.0.0.0 100.63.255.255 100.128.0.0 126.255.255.255 128.0.0.0 \
             169.253.255.255 172.15.255.255 172.32.0.0 192.0.1.0 192.167.255.255 198.17.255.255 198.20.0.0 \
             223.255.255.255 2606:4700::1111 2a00::1 2001:200::1 2001:4860:4860::8888 64:ff9b::808:808 \
             3ffe::1";
        assert_eq!(all(global, is_global), global);
        let special = "0.0.0.0 0.1.2.3 10.0.0.1 100.64.0.1 100.100.100.200 127.0.0.1 127.255.255.255 169.254.169.254 \
             172.16.0.1 172.31.255.255 192.0.0.1 192.0.0.192 192.0.2.1 192.88.99.1 192.168.1.1 198.18.0.1 \
             198.19.255.255 198.51.100.1 203.0.113.1 224.0.0.1 240.0.0.1 255.255.255.255 168.63.129.16 :: \
             ::1 ::7f00:1 ::ffff:10.0.0.1 ::ffff:8.8.8.8 64:ff9b::a00:1 64:ff9b::7f00:1 64:ff9b:1::1 100::1 \
             2001::1 2001:2::1 2001:10::1 2001:db8::1 2002:7f00:1:: 2002:808:808:: 3fff::1 5f00::1 fc00::1 \
             fd00:ec2::254 fe80::1 fec0::1 ff02::1";
        assert_eq!(all(special, is_global), "");
    }

    #[test]
    fn the_host_its_links_and_metadata_are_never_reached() {
        let never = "0.0.0.0 127.0.0.1 169.254.169.254 100.100.100.200 192.0.0.192 168.63.129.16 224.0.0.1 \
             255.255.255.255 :: ::1 ::7f00:1 ::ffff:127.0.0.1 64:ff9b::7f00:1 64:ff9b::a9fe:a9fe \
             2002:7f00:1:: fe80::1 ff02::1 fd00:ec2::254";
        assert_eq!(all(never, is_never), never);
        let listed = "10.0.0.1 192.168.1.1 100.64.0.1 8.8.8.8 fd00::1 2606:4700::1111";
        assert_eq!(all(listed, is_never), "");
    }
}
