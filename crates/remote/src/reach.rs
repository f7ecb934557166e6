//! Which addresses of other machines Fairway may be sent to.
//!
//! Whoever may register a source or write a template can name an address. Company networks are full of private
//! addresses that are meant, so those are allowed; this machine itself and link-local addresses (where clouds
//! keep their metadata services) are not, unless the operator names the host.

use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, UdpSocket};
use std::sync::{Arc, LazyLock};

use reqwest::dns::{Addrs, Name, Resolve, Resolving};

use crate::RemoteError;

/// Where clouds keep credentials besides the link-local addresses: Azure, Alibaba, Oracle.
const METADATA: [Ipv4Addr; 3] =
    [Ipv4Addr::new(168, 63, 129, 16), Ipv4Addr::new(100, 100, 100, 200), Ipv4Addr::new(192, 0, 0, 192)];
/// The same at Amazon, in version 6.
const METADATA_V6: Ipv6Addr = Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254);

/// Addresses that only documentation has, so no machine should.
const NOBODYS: [IpAddr; 2] = [
    IpAddr::V4(Ipv4Addr::new(203, 0, 113, 251)),
    IpAddr::V6(Ipv6Addr::new(0x2001, 0xdb8, 0xfa1e, 0, 0, 0, 0, 0x251)),
];

/// Whether an address is one of this machine's: only those can be listened on. A machine may be set up to listen on any
/// address; that tells nothing then.
fn is_own(address: IpAddr) -> bool {
    static TELLS: LazyLock<bool> = LazyLock::new(|| !NOBODYS.into_iter().any(can_listen));
    *TELLS && can_listen(address)
}

fn can_listen(address: IpAddr) -> bool {
    UdpSocket::bind((address, 0)).is_ok()
}

fn is_refused(address: IpAddr) -> bool {
    is_own(address) || is_special(address)
}

fn is_special(address: IpAddr) -> bool {
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

/// The host of `scheme://[user@]host[:port]/…` or of `user@host:path`, and the host with its port.
fn host_of(url: &str) -> Option<(String, String)> {
    if let Ok(parsed) = url::Url::parse(url)
        && let Some(host) = parsed.host_str()
    {
        let bare = host.trim_matches(['[', ']']).to_ascii_lowercase();
        let with_port = match parsed.port() {
            Some(port) => format!("{}:{port}", host.to_ascii_lowercase()),
            None => host.to_ascii_lowercase(),
        };
        return Some((bare, with_port));
    }
    let (before, _) = url.split_once(':')?;
    let host = before.rsplit_once('@').map_or(before, |(_, host)| host).to_ascii_lowercase();
    (!host.is_empty() && !host.contains('/')).then(|| (host.clone(), host))
}

/// Which addresses may be reached. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct Reach {
    /// Hosts, `name` or `name:port`, that may be reached although they lead to this machine.
    named: Arc<BTreeSet<String>>,
}

impl Reach {
    /// Allows also these hosts (`name` or `name:port`) wherever they lead; an operator's decision.
    pub fn with_hosts<'a>(hosts: impl IntoIterator<Item = &'a str>) -> Self {
        let named = hosts.into_iter().map(|host| host.trim().to_ascii_lowercase());
        Self { named: Arc::new(named.filter(|host| !host.is_empty()).collect()) }
    }

    /// Whether an operator named this address's host.
    pub fn is_named(&self, url: &str) -> bool {
        host_of(url)
            .is_some_and(|(host, with_port)| self.named.contains(&host) || self.named.contains(&with_port))
    }

    /// Refuses an address that leads to this machine or to a link-local one.
    ///
    /// # Errors
    /// [`RemoteError::Unreachable`]; an address whose name does not resolve is let pass, as the connection will
    /// say so in its own words.
    pub async fn check(&self, url: &str) -> Result<(), RemoteError> {
        let shown = crate::source::url::without_credentials(url);
        let refused = |reason: String| RemoteError::Unreachable { url: shown.clone(), reason };
        let Some((host, _)) = host_of(url) else { return Err(refused("it names no host".to_owned())) };
        if self.is_named(url) {
            return Ok(());
        }
        if host == "localhost" || host.ends_with(".localhost") {
            return Err(refused("it leads to this machine".to_owned()));
        }
        let Ok(addresses) = tokio::net::lookup_host((host.as_str(), 443)).await else { return Ok(()) };
        for address in addresses {
            if is_refused(address.ip()) {
                return Err(refused(format!("{host} leads to {}", address.ip())));
            }
        }
        Ok(())
    }

    /// A resolver for HTTP clients that leaves refused addresses out, so that a name cannot lead elsewhere
    /// between the check and the connection.
    pub(crate) fn resolver(&self, base: &str) -> Arc<GuardedResolver> {
        Arc::new(GuardedResolver { open: self.is_named(base) })
    }
}

/// Resolves names to addresses that may be reached.
pub(crate) struct GuardedResolver {
    open: bool,
}

impl Resolve for GuardedResolver {
    fn resolve(&self, name: Name) -> Resolving {
        let open = self.open;
        Box::pin(async move {
            let host = name.as_str().to_owned();
            let found: Vec<_> = tokio::net::lookup_host((host.as_str(), 0)).await?.collect();
            let count = found.len();
            let allowed: Vec<_> =
                found.into_iter().filter(|address| open || !is_refused(address.ip())).collect();
            if allowed.is_empty() && count > 0 {
                return Err(format!("{host} leads to an address that may not be read").into());
            }
            Ok(Box::new(allowed.into_iter()) as Addrs)
        })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::{Reach, host_of, is_refused};

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
            assert_eq!(host_of(url).unwrap().0, "git.example", "{url}");
        }
        assert_eq!(host_of("http://[::1]:80/x").unwrap().0, "::1");
    }

    #[tokio::test]
    async fn only_a_host_that_the_operator_named_may_be_on_this_machine() {
        let open = Reach::with_hosts(["127.0.0.1:4001", "git.localhost"]);
        assert!(open.check("http://127.0.0.1:4001/x").await.is_ok());
        assert!(open.check("http://git.localhost/x").await.is_ok());
        for url in ["http://127.0.0.1:4002/x", "http://localhost/x", "https://u:hunter2@127.0.0.1/"] {
            let error = open.check(url).await.unwrap_err().to_string();
            assert!(!error.contains("hunter2"), "{error}");
            assert!(Reach::default().check(url).await.is_err());
        }
    }
}
