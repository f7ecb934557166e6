//! Which addresses of other machines Fairway may be sent to.
//!
//! Whoever may register a source or write a template can name an address. Company networks are full of private
//! addresses that are meant, so those are allowed; this machine itself and link-local addresses (where clouds
//! keep their metadata services) are not.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::AppError;

/// Where clouds keep credentials besides the link-local addresses: Azure, Alibaba, Oracle.
const METADATA: [Ipv4Addr; 3] =
    [Ipv4Addr::new(168, 63, 129, 16), Ipv4Addr::new(100, 100, 100, 200), Ipv4Addr::new(192, 0, 0, 192)];
/// The same at Amazon, in version 6.
const METADATA_V6: Ipv6Addr = Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254);

fn is_refused(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => {
            address.is_loopback()
                || address.is_link_local()
                || address.octets().first() == Some(&0)
                || address.is_broadcast()
                || address.is_multicast()
                || METADATA.contains(&address)
        }
        IpAddr::V6(address) => {
            address.is_loopback()
                || address.is_unspecified()
                || address.is_unicast_link_local()
                || address.is_multicast()
                || address == METADATA_V6
                || embedded(address).is_some_and(|inner| is_refused(IpAddr::V4(inner)))
        }
    }
}

/// The address of version 4 that one of version 6 stands for: mapped and compatible (RFC 4291), translated
/// (RFC 6052) and 6to4 (RFC 3056).
fn embedded(address: Ipv6Addr) -> Option<Ipv4Addr> {
    let from = |high: u16, low: u16| Ipv4Addr::from_bits(u32::from(high) << 16 | u32::from(low));
    match address.segments() {
        [0, 0, 0, 0, 0, 0 | 0xffff, high, low]
        | [0x64, 0xff9b, 0, 0, 0, 0, high, low]
        | [0x2002, high, low, ..] => Some(from(high, low)),
        _ => None,
    }
}

/// The host of `scheme://[user@]host[:port]/…` or of `user@host:path`.
fn host_of(url: &str) -> Option<String> {
    if let Ok(parsed) = url::Url::parse(url)
        && let Some(host) = parsed.host_str()
    {
        return Some(host.trim_matches(['[', ']']).to_owned());
    }
    let (before, _) = url.split_once(':')?;
    let host = before.rsplit_once('@').map_or(before, |(_, host)| host);
    (!host.is_empty() && !host.contains('/')).then(|| host.to_owned())
}

/// Refuses an address that leads to this machine or to a link-local one.
pub(crate) async fn check(url: &str) -> Result<(), AppError> {
    let refused = |why: String| AppError::Invalid {
        message: format!("{why}, which may not be read"),
        hint: Some("use the address of a forge that other machines can reach too".to_owned()),
    };
    let Some(host) = host_of(url) else { return Err(AppError::invalid(format!("{url} names no host"))) };
    if host.eq_ignore_ascii_case("localhost") {
        return Err(refused(format!("{url} leads to this machine")));
    }
    // A name that does not resolve is git's to report, in its own words.
    let Ok(addresses) = tokio::net::lookup_host((host.as_str(), 443)).await else { return Ok(()) };
    for address in addresses {
        if is_refused(address.ip()) {
            return Err(refused(format!("{host} leads to {}", address.ip())));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{host_of, is_refused};

    #[test]
    fn this_machine_and_metadata_services_are_refused_and_company_networks_are_not() {
        for text in [
            "127.0.0.1",
            "127.9.9.9",
            "169.254.169.254",
            "168.63.129.16",
            "100.100.100.200",
            "0.0.0.0",
            "0.1.2.3",
            "::1",
            "::",
            "fe80::1",
            "fd00:ec2::254",
            "::ffff:127.0.0.1",
            "::127.0.0.1",
            "64:ff9b::169.254.169.254",
            "2002:7f00:1::1",
        ] {
            assert!(text.parse().is_ok_and(is_refused), "{text}");
        }
        for text in
            ["10.0.0.8", "192.168.1.4", "140.82.121.4", "2606:50c0::1", "fd00::8", "64:ff9b::10.0.0.8"]
        {
            assert!(text.parse().is_ok_and(|address| !is_refused(address)), "{text}");
        }
    }

    #[test]
    fn hosts_are_found_in_every_spelling() {
        for url in ["https://git.example/a/b", "ssh://git@git.example:22/a", "git@git.example:a/b.git"] {
            assert_eq!(host_of(url).as_deref(), Some("git.example"), "{url}");
        }
        assert_eq!(host_of("http://[::1]:80/x").as_deref(), Some("::1"));
    }
}
