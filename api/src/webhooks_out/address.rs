//! Where webhooks may go: never into the shop's own network. Names are resolved by [`Guard`] at each connection, and only
//! what it answers is connected to, so that a name that changes its address in between does not help.

use std::net::{IpAddr, SocketAddr};

use ipnet::{Ipv4Net, Ipv6Net};
use reqwest::Url;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};

/// What of IPv4 is not of the internet at large: private, shared, loopback, link-local, documentation, relays, multicast.
const NOT_PUBLIC_V4: [([u8; 4], u8); 15] = [
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

/// All public addresses of IPv6 are here. Loopback, unique local, link-local, IPv4-mapped and NAT64 ones are not.
const GLOBAL_V6: ([u16; 8], u8) = ([0x2000, 0, 0, 0, 0, 0, 0, 0], 3);

/// What is not public of that: protocols' own, Teredo, documentation, 6to4.
const NOT_PUBLIC_V6: [([u16; 8], u8); 4] = [
    ([0x2001, 0, 0, 0, 0, 0, 0, 0], 23),
    ([0x2001, 0xdb8, 0, 0, 0, 0, 0, 0], 32),
    ([0x2002, 0, 0, 0, 0, 0, 0, 0], 16),
    ([0x3fff, 0, 0, 0, 0, 0, 0, 0], 20),
];

/// Whether an address is one of the internet at large.
#[must_use]
pub fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => !NOT_PUBLIC_V4
            .iter()
            .any(|(net, prefix)| Ipv4Net::new((*net).into(), *prefix).is_ok_and(|net| net.contains(&address))),
        IpAddr::V6(address) => {
            let is_in = |(net, prefix): &([u16; 8], u8)| {
                Ipv6Net::new((*net).into(), *prefix).is_ok_and(|net| net.contains(&address))
            };
            is_in(&GLOBAL_V6) && !NOT_PUBLIC_V6.iter().any(is_in)
        }
    }
}

/// Reads an endpoint's address. Where a name leads is seen when it is connected to.
///
/// # Errors
/// Says what is wrong, as the end of a sentence about the address.
pub fn check(text: &str, allow_private: bool) -> Result<Url, String> {
    let url =
        Url::parse(text).map_err(|error| format!("must be an address such as https://example.com/hooks: {error}"))?;
    let host = url.host_str().ok_or("must name a host")?;
    // However an address is written, as a number or in hexadecimal, here it is in its usual form.
    let literal: Option<IpAddr> = host.trim_matches(['[', ']']).parse().ok();
    let is_loopback = literal.map_or(host == "localhost", |address| address.is_loopback());
    match url.scheme() {
        "https" => {}
        "http" if allow_private && is_loopback => {}
        _ => return Err("must begin with https://".to_owned()),
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err("must not hold a user name or password; verify the signature instead".to_owned());
    }
    if url.fragment().is_some() {
        return Err("must not have a part after #, which is never sent".to_owned());
    }
    if literal.is_some_and(|address| !allow_private && !is_public(address)) {
        return Err("must be a public address, not one of a private network".to_owned());
    }
    Ok(url)
}

/// Resolves names as the system does, and answers public addresses only.
#[derive(Debug, Clone, Copy)]
pub struct Guard {
    /// Whether others will do as well.
    pub allow_private: bool,
}

impl Resolve for Guard {
    fn resolve(&self, name: Name) -> Resolving {
        let allow_private = self.allow_private;
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            let fit: Vec<SocketAddr> = found.filter(|address| allow_private || is_public(address.ip())).collect();
            if fit.is_empty() {
                return Err(format!("{} has no public address", name.as_str()).into());
            }
            Ok::<Addrs, _>(Box::new(fit.into_iter()))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_internet_at_large_is_public() {
        for public in ["1.1.1.1", "93.184.216.34", "172.32.0.1", "100.128.0.1", "2606:4700::1111", "2a00:1450:4001::1"]
        {
            assert!(is_public(public.parse().unwrap()), "{public}");
        }
        for private in [
            "0.0.0.0",
            "10.1.2.3",
            "100.64.0.1",
            "127.0.0.1",
            "169.254.169.254",
            "172.31.255.255",
            "192.168.1.1",
            "198.19.0.1",
            "224.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "::ffff:127.0.0.1",
            "::ffff:8.8.8.8",
            "::127.0.0.1",
            "64:ff9b::7f00:1",
            "64:ff9b:1::1",
            "2001::1",
            "2001:db8::1",
            "2002:7f00:1::",
            "fc00::1",
            "fd12::1",
            "fe80::1",
            "ff02::1",
        ] {
            assert!(!is_public(private.parse().unwrap()), "{private}");
        }
    }

    #[test]
    fn addresses_that_lead_inside_or_nowhere_are_refused() {
        assert!(check("https://hooks.example.com:8443/merx?shop=1", false).is_ok());
        for wrong in [
            "hooks.example.com",
            "ftp://example.com/",
            "http://example.com/",
            "http://127.0.0.1/",
            "https://127.0.0.1/",
            "https://2130706433/",
            "https://0x7f.1/",
            "https://017700000001/",
            "https://[::1]/",
            "https://[::ffff:10.0.0.1]/",
            "https://169.254.169.254/latest/meta-data/",
            "https://user:secret@example.com/",
            "https://example.com/#x",
            "javascript:alert(1)",
        ] {
            assert!(check(wrong, false).is_err(), "{wrong}");
        }
        for (text, is_fine) in [
            ("http://127.0.0.1:8000/x", true),
            ("http://localhost/", true),
            ("https://10.0.0.1/", true),
            ("http://10.0.0.1/", false),
            ("http://example.com/", false),
        ] {
            assert_eq!(check(text, true).is_ok(), is_fine, "{text}");
        }
    }
}
