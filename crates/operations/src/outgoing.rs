//! Which addresses a node may speak to: secure ones, on public hosts. Everything else must be listed in
//! `outgoing.allow`, which the keeper of the node writes and no city can change. Pure; whoever connects resolves the
//! name and asks [`Allow::permits_ip`] about every address that it gets.
//!
//! A city's own people write addresses of brokers, feeds and subscribers, and the node stands inside a network. Without
//! this an address like `http://169.254.169.254/` would read what only the node can reach.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Why an address is not spoken to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    #[error("not an address like https://host or mqtts://host:8883")]
    NotAnAddress,
    #[error("not encrypted, and not listed in outgoing.allow")]
    NotSecure,
    #[error("not a public address, and not listed in outgoing.allow")]
    NotPublic,
}

/// Where to connect to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Address {
    pub secure: bool,
    /// Lower case; an IPv6 address without brackets.
    pub host: String,
    pub port: u16,
}

impl Address {
    /// Reads `scheme://host[:port][/…]` for https, http, mqtts and mqtt. A name or password in front is refused.
    ///
    /// # Errors
    /// [`Refused::NotAnAddress`].
    pub fn parse(text: &str) -> Result<Self, Refused> {
        let (scheme, rest) = text.split_once("://").ok_or(Refused::NotAnAddress)?;
        let (secure, usual) = match scheme {
            "https" => (true, 443),
            "http" => (false, 80),
            "mqtts" => (true, 8883),
            "mqtt" => (false, 1883),
            _ => return Err(Refused::NotAnAddress),
        };
        let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
        let (host, port) = match authority.strip_prefix('[') {
            Some(inside) => {
                let (host, port) = inside.split_once(']').ok_or(Refused::NotAnAddress)?;
                host.parse::<Ipv6Addr>()
                    .map_err(|_| Refused::NotAnAddress)?;
                (host, port)
            }
            None => match authority.find(':') {
                Some(at) => authority.split_at(at),
                None => (authority, ""),
            },
        };
        let port = match port.strip_prefix(':') {
            Some(port) => port.parse().map_err(|_| Refused::NotAnAddress)?,
            None if port.is_empty() => usual,
            None => return Err(Refused::NotAnAddress),
        };
        let letters = |b: u8| b.is_ascii_alphanumeric() || b"-.:_".contains(&b);
        if host.is_empty() || host.len() > 253 || !host.bytes().all(letters) || port == 0 {
            return Err(Refused::NotAnAddress);
        }
        Ok(Self {
            secure,
            host: host.to_ascii_lowercase(),
            port,
        })
    }
}

/// The exceptions of a node.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Allow(Vec<Rule>);

#[derive(Clone, Debug, PartialEq, Eq)]
struct Rule {
    what: What,
    port: Option<u16>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum What {
    Host(String),
    /// An address and how many of its bits count.
    Network(IpAddr, u32),
}

impl Allow {
    /// Reads `outgoing.allow`: one host, address or network (`10.0.0.0/8`) in a line, with `:port` or without; `#`
    /// begins a comment.
    ///
    /// # Errors
    /// The number of the first line that does not read.
    pub fn parse(text: &str) -> Result<Self, usize> {
        let mut rules = vec![];
        for (number, line) in (1_usize..).zip(text.lines()) {
            let line = line.split('#').next().unwrap_or_default().trim();
            if !line.is_empty() {
                rules.push(Rule::parse(line).ok_or(number)?);
            }
        }
        Ok(Self(rules))
    }

    /// Whether `address` may be spoken to, as far as that can be said before its name is resolved.
    ///
    /// # Errors
    /// Why not.
    pub fn permits(&self, address: &Address) -> Result<(), Refused> {
        if let Ok(ip) = address.host.parse() {
            return self.permits_ip(address, ip);
        }
        // A network in the list may still hold the host.
        let may_be_listed = self.0.iter().any(|rule| {
            matches!(rule.what, What::Network(..))
                && rule.port.is_none_or(|port| port == address.port)
        });
        if address.secure || may_be_listed || self.lists(address, None) {
            Ok(())
        } else {
            Err(Refused::NotSecure)
        }
    }

    /// Whether a connection to `address` may go to `ip`.
    ///
    /// # Errors
    /// Why not.
    pub fn permits_ip(&self, address: &Address, ip: IpAddr) -> Result<(), Refused> {
        if self.lists(address, Some(ip)) {
            Ok(())
        } else if !address.secure {
            Err(Refused::NotSecure)
        } else if is_public(ip) {
            Ok(())
        } else {
            Err(Refused::NotPublic)
        }
    }

    fn lists(&self, address: &Address, ip: Option<IpAddr>) -> bool {
        self.0.iter().any(|rule| {
            let listed = match &rule.what {
                What::Host(host) => *host == address.host,
                What::Network(network, bits) => ip.is_some_and(|ip| {
                    first_bits(ip.to_canonical(), *bits) == first_bits(*network, *bits)
                }),
            };
            listed && rule.port.is_none_or(|port| port == address.port)
        })
    }
}

impl Rule {
    fn parse(line: &str) -> Option<Self> {
        if let Some((network, bits)) = line.split_once('/') {
            let ip: IpAddr = network.parse().ok()?;
            let bits = bits.parse().ok()?;
            let most = if ip.is_ipv4() { 32 } else { 128 };
            return (bits <= most).then_some(Self {
                what: What::Network(ip, bits),
                port: None,
            });
        }
        if let Ok(ip) = line.parse::<IpAddr>() {
            return Some(Self::address(ip, None));
        }
        let address = Address::parse(&format!("http://{line}")).ok()?;
        let port = (line != address.host && line.contains(':')).then_some(address.port);
        Some(match address.host.parse() {
            Ok(ip) => Self::address(ip, port),
            Err(_) => Self {
                what: What::Host(address.host),
                port,
            },
        })
    }

    fn address(ip: IpAddr, port: Option<u16>) -> Self {
        let bits = if ip.is_ipv4() { 32 } else { 128 };
        Self {
            what: What::Network(ip, bits),
            port,
        }
    }
}

/// The family and the first `bits` of an address.
fn first_bits(ip: IpAddr, bits: u32) -> (bool, u128) {
    match ip {
        IpAddr::V4(ip) => (
            true,
            u128::from(ip.to_bits().checked_shr(32 - bits.min(32)).unwrap_or(0)),
        ),
        IpAddr::V6(ip) => (
            false,
            ip.to_bits().checked_shr(128 - bits.min(128)).unwrap_or(0),
        ),
    }
}

/// Whether an address is one of the public internet (the IANA registries of special-purpose addresses).
pub fn is_public(ip: IpAddr) -> bool {
    match ip.to_canonical() {
        IpAddr::V4(ip) => is_public_v4(ip),
        IpAddr::V6(ip) => is_public_v6(ip),
    }
}

fn is_public_v4(ip: Ipv4Addr) -> bool {
    /// Network and bits; RFC 6890 and what was added since.
    const SPECIAL: [([u8; 4], u32); 15] = [
        ([0, 0, 0, 0], 8),
        ([10, 0, 0, 0], 8),
        ([100, 64, 0, 0], 10),
        ([127, 0, 0, 0], 8),
        ([169, 254, 0, 0], 16),
        ([172, 16, 0, 0], 12),
        ([192, 0, 0, 0], 24),
        ([192, 0, 2, 0], 24),
        ([192, 88, 99, 0], 24),
        ([192, 168, 0, 0], 16),
        ([198, 18, 0, 0], 15),
        ([198, 51, 100, 0], 24),
        ([203, 0, 113, 0], 24),
        ([224, 0, 0, 0], 4),
        ([240, 0, 0, 0], 4),
    ];
    !SPECIAL.iter().any(|(network, bits)| {
        ip.to_bits() >> (32 - bits) == u32::from_be_bytes(*network) >> (32 - bits)
    })
}

/// Global unicast (2000::/3) without what wraps an IPv4 address (Teredo, 6to4) or is for documents.
fn is_public_v6(ip: Ipv6Addr) -> bool {
    let [first, second, ..] = ip.segments();
    (0x2000..0x4000).contains(&first)
        && !(first == 0x2001 && (second < 0x0200 || second == 0x0db8))
        && first != 0x2002
        && !(first == 0x3fff && second < 0x1000)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Host, or an address that it resolves to.
    fn check(allow: &str, text: &str, ip: Option<&str>, wanted: Result<(), Refused>) {
        let allow = Allow::parse(allow).unwrap();
        let address = Address::parse(text).unwrap();
        let answer = allow.permits(&address);
        let answer = match ip {
            Some(ip) => answer.and_then(|()| allow.permits_ip(&address, ip.parse().unwrap())),
            None => answer,
        };
        assert_eq!(answer, wanted, "{text} {ip:?}");
    }

    #[test]
    fn only_secure_and_public_addresses_are_spoken_to() {
        check("", "https://kota.example", Some("8.8.8.8"), Ok(()));
        check("", "mqtts://broker.example", Some("2606:4700::1"), Ok(()));
        check("", "mqtt://broker.example", None, Err(Refused::NotSecure));
        check("", "http://8.8.8.8", None, Err(Refused::NotSecure));
        for inside in [
            "127.0.0.1",
            "10.1.2.3",
            "172.31.0.1",
            "192.168.0.1",
            "169.254.169.254",
            "100.64.0.1",
            "0.0.0.0",
            "224.0.0.1",
            "::1",
            "::",
            "fe80::1",
            "fd00::1",
            "::ffff:10.0.0.1",
            "64:ff9b::a00:1",
            "2002:a00:1::",
            "2001::1",
        ] {
            check(
                "",
                "https://kota.example",
                Some(inside),
                Err(Refused::NotPublic),
            );
            assert!(!is_public(inside.parse().unwrap()), "{inside}");
        }
        check("", "https://[::1]:8443/x", None, Err(Refused::NotPublic));
    }

    #[test]
    fn the_list_makes_exceptions_by_host_network_and_port() {
        let list =
            "# our own\nbroker.dalam\n10.1.0.0/16  # sensors\n192.168.7.7:1883\n[::1]:1883\n";
        check(list, "mqtt://broker.dalam", Some("10.9.9.9"), Ok(()));
        check(list, "mqtt://BROKER.dalam:99", Some("10.9.9.9"), Ok(()));
        check(list, "mqtt://lain.dalam", Some("10.1.2.3"), Ok(()));
        check(
            list,
            "mqtt://lain.dalam",
            Some("10.2.2.3"),
            Err(Refused::NotSecure),
        );
        check(
            list,
            "https://lain.dalam",
            Some("10.2.2.3"),
            Err(Refused::NotPublic),
        );
        check(list, "mqtt://192.168.7.7", None, Ok(()));
        check(
            list,
            "mqtt://192.168.7.7:1884",
            None,
            Err(Refused::NotSecure),
        );
        check(list, "mqtt://[::1]:1883", None, Ok(()));
        assert_eq!(Allow::parse("ok.example\n10.0.0.0/99"), Err(2));
    }

    #[test]
    fn what_is_no_address_is_refused() {
        for bad in [
            "kota.example",
            "ftp://kota.example",
            "https://",
            "https://user:secret@kota.example",
            "https://kota.example:0",
            "https://kota.example:port",
            "https://[::1",
            "https://kota example",
        ] {
            assert_eq!(Address::parse(bad), Err(Refused::NotAnAddress), "{bad}");
        }
    }
}
