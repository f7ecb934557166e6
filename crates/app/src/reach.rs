//! Which addresses of other machines Fairway may be sent to.
//!
//! Whoever may register a source or write a template can name an address. Company networks are full of private
//! addresses that are meant, so those are allowed; this machine itself and link-local addresses (where clouds
//! keep their metadata services) are not.

use std::net::IpAddr;

use crate::AppError;

fn is_refused(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => {
            address.is_loopback()
                || address.is_link_local()
                || address.is_unspecified()
                || address.is_broadcast()
        }
        IpAddr::V6(address) => {
            address.is_loopback()
                || address.is_unspecified()
                || address.is_unicast_link_local()
                || address.to_ipv4_mapped().is_some_and(|inner| is_refused(IpAddr::V4(inner)))
        }
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
        for text in
            ["127.0.0.1", "127.9.9.9", "169.254.169.254", "0.0.0.0", "::1", "fe80::1", "::ffff:127.0.0.1"]
        {
            assert!(text.parse().is_ok_and(is_refused), "{text}");
        }
        for text in ["10.0.0.8", "192.168.1.4", "140.82.121.4", "2606:50c0::1"] {
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
