//! Whose request it is: the rightmost hop that no configured proxy vouches for.

use std::net::{IpAddr, Ipv6Addr, SocketAddr};

use actix_web::HttpRequest;
use ipnet::IpNet;

/// The client's address. `X-Forwarded-For` counts only behind a trusted proxy, and is read from the right, so
/// that what the client itself wrote into it is never believed.
#[must_use]
pub fn client_address(request: &HttpRequest, trusted: &[IpNet]) -> IpAddr {
    let peer = request.peer_addr().map_or(IpAddr::V6(Ipv6Addr::UNSPECIFIED), |peer| peer.ip());
    let forwarded = request.headers().get_all("x-forwarded-for").filter_map(|value| value.to_str().ok());
    let forwarded = forwarded.collect::<Vec<_>>().join(",");
    resolve(peer, &forwarded, trusted)
}

fn resolve(peer: IpAddr, forwarded: &str, trusted: &[IpNet]) -> IpAddr {
    let is_trusted = |address: IpAddr| trusted.iter().any(|network| network.contains(&address));
    let mut address = peer.to_canonical();
    let mut hops = forwarded.rsplit(',').map(|hop| address_of(hop.trim()));
    while is_trusted(address) {
        match hops.next() {
            Some(Some(hop)) => address = hop.to_canonical(),
            Some(None) | None => break,
        }
    }
    address
}

/// A hop as proxies write it, with or without a port.
fn address_of(hop: &str) -> Option<IpAddr> {
    hop.parse().ok().or_else(|| hop.parse::<SocketAddr>().ok().map(|address| address.ip()))
}

/// The part of an address that limits count by: IPv4 whole, IPv6 by /64, as one household has that many.
#[must_use]
pub fn limit_key(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(address) => IpAddr::V4(address),
        IpAddr::V6(address) => IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() & !u128::from(u64::MAX))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn resolved(peer: &str, forwarded: &str, trusted: &[&str]) -> String {
        let trusted: Vec<IpNet> = trusted.iter().map(|network| network.parse().unwrap()).collect();
        resolve(peer.parse().unwrap(), forwarded, &trusted).to_string()
    }

    #[test]
    fn only_trusted_proxies_are_believed() {
        let proxies = ["10.0.0.0/8"];
        assert_eq!(resolved("203.0.113.9", "198.51.100.1", &proxies), "203.0.113.9");
        assert_eq!(resolved("10.0.0.1", "198.51.100.1", &proxies), "198.51.100.1");
        assert_eq!(resolved("10.0.0.1", "1.1.1.1, 198.51.100.1, 10.9.9.9", &proxies), "198.51.100.1");
        assert_eq!(resolved("10.0.0.1", "", &proxies), "10.0.0.1");
        assert_eq!(resolved("10.0.0.1", "unknown", &proxies), "10.0.0.1");
        assert_eq!(resolved("::ffff:10.0.0.1", "198.51.100.1:4711", &proxies), "198.51.100.1");
        assert_eq!(resolved("10.0.0.1", "198.51.100.1", &[]), "10.0.0.1");
    }

    #[test]
    fn ipv6_counts_by_64_bits() {
        let key = |text: &str| limit_key(text.parse().unwrap()).to_string();
        assert_eq!(key("2001:db8:1:2:3:4:5:6"), "2001:db8:1:2::");
        assert_eq!(key("::ffff:198.51.100.1"), "198.51.100.1");
    }
}
