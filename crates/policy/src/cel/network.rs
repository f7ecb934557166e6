//! Addresses: `ip`, `cidr` and `url`.

use std::fmt;
use std::net::IpAddr;
use std::rc::Rc;

use super::convert::short;
use super::evaluate::Evaluator;
use super::fault::{Fault, Outcome, error, no_overload};
use super::value::{Key, Text, Value};

/// An address and the number of its bits that count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Cidr {
    address: IpAddr,
    bits: u8,
}

impl fmt::Display for Cidr {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}/{}", self.address, self.bits)
    }
}

fn read_ip(text: &str) -> Option<IpAddr> {
    let address: IpAddr = text.parse().ok()?;
    // Kubernetes takes IPv4 addresses in IPv6 notation for mistakes.
    match address {
        IpAddr::V6(six) if six.to_ipv4_mapped().is_some() => None,
        other => Some(other),
    }
}

fn number(address: IpAddr) -> (u128, u8) {
    match address {
        IpAddr::V4(four) => (u128::from(u32::from(four)) << 96, 32),
        IpAddr::V6(six) => (u128::from(six), 128),
    }
}

impl Cidr {
    fn read(text: &str) -> Option<Self> {
        let (address, bits) = text.split_once('/')?;
        let address = read_ip(address)?;
        let digits =
            bits.bytes().all(|byte| byte.is_ascii_digit()) && (bits == "0" || !bits.starts_with('0'));
        let bits: u8 = bits.parse().ok().filter(|_| digits)?;
        (bits <= number(address).1).then_some(Self { address, bits })
    }

    fn masked(self) -> Self {
        let (value, _) = number(self.address);
        let mask = u128::MAX.checked_shl(128 - u32::from(self.bits)).unwrap_or(0);
        let value = value & mask;
        let address = match self.address {
            IpAddr::V4(_) => IpAddr::V4(u32::try_from(value >> 96).unwrap_or_default().into()),
            IpAddr::V6(_) => IpAddr::V6(value.into()),
        };
        Self { address, bits: self.bits }
    }

    fn contains(self, other: IpAddr) -> bool {
        self.address.is_ipv4() == other.is_ipv4()
            && Self { address: other, bits: self.bits }.masked().address == self.masked().address
    }
}

/// `ip(text)`, and `cidr.ip()`.
pub(crate) fn ip<'d>(_: &mut Evaluator<'d>, arguments: &[Value<'d>]) -> Outcome<'d> {
    match arguments {
        [Value::String(text)] => read_ip(text)
            .map(Value::Ip)
            .ok_or_else(|| error(format!("\"{}\" is not an IP address", short(text)))),
        [Value::Cidr(cidr)] => Ok(Value::Ip(cidr.address)),
        _ => Err(no_overload("ip", arguments)),
    }
}

/// `isIP(text)`.
pub(crate) fn is_ip<'d>(_: &mut Evaluator<'d>, arguments: &[Value<'d>]) -> Outcome<'d> {
    match arguments {
        [Value::String(text)] => Ok(Value::Bool(read_ip(text).is_some())),
        _ => Err(no_overload("isIP", arguments)),
    }
}

/// `ip.isCanonical(text)`.
pub(crate) fn is_canonical<'d>(_: &mut Evaluator<'d>, arguments: &[Value<'d>]) -> Outcome<'d> {
    match arguments {
        [Value::String(text)] => {
            let address =
                read_ip(text).ok_or_else(|| error(format!("\"{}\" is not an IP address", short(text))))?;
            Ok(Value::Bool(address.to_string() == **text))
        }
        _ => Err(no_overload("ip.isCanonical", arguments)),
    }
}

/// `ip.family()`: 4 or 6.
pub(crate) fn family<'d>(_: &mut Evaluator<'d>, arguments: &[Value<'d>]) -> Outcome<'d> {
    match arguments {
        [Value::Ip(address)] => Ok(Value::Int(if address.is_ipv4() { 4 } else { 6 })),
        _ => Err(no_overload("family", arguments)),
    }
}

macro_rules! asking {
    ($name:ident, $word:literal, $documentation:literal, $function:expr) => {
        #[doc = $documentation]
        pub(crate) fn $name<'d>(_: &mut Evaluator<'d>, arguments: &[Value<'d>]) -> Outcome<'d> {
            let [Value::Ip(address)] = arguments else { return Err(no_overload($word, arguments)) };
            let holds: fn(IpAddr) -> bool = $function;
            Ok(Value::Bool(holds(*address)))
        }
    };
}

asking!(is_unspecified, "isUnspecified", "`ip.isUnspecified()`", |it| it.is_unspecified());
asking!(is_loopback, "isLoopback", "`ip.isLoopback()`", |it| it.is_loopback());
asking!(link_local_multicast, "isLinkLocalMulticast", "`ip.isLinkLocalMulticast()`", |it| match it {
    IpAddr::V4(four) => matches!(four.octets(), [224, 0, 0, _]),
    IpAddr::V6(six) => six.segments().first().is_some_and(|first| first & 0xff0f == 0xff02),
});
asking!(link_local_unicast, "isLinkLocalUnicast", "`ip.isLinkLocalUnicast()`", |it| match it {
    IpAddr::V4(four) => four.is_link_local(),
    IpAddr::V6(six) => six.is_unicast_link_local(),
});
asking!(global_unicast, "isGlobalUnicast", "`ip.isGlobalUnicast()`", |it| {
    let local = match it {
        IpAddr::V4(four) => four.is_link_local() || four.is_broadcast(),
        IpAddr::V6(six) => six.is_unicast_link_local(),
    };
    !(local || it.is_unspecified() || it.is_loopback() || it.is_multicast())
});

/// `cidr(text)`.
pub(crate) fn cidr<'d>(_: &mut Evaluator<'d>, arguments: &[Value<'d>]) -> Outcome<'d> {
    match arguments {
        [Value::String(text)] => read_cidr(text).map(Value::Cidr),
        _ => Err(no_overload("cidr", arguments)),
    }
}

fn read_cidr(text: &str) -> Result<Cidr, Fault> {
    Cidr::read(text).ok_or_else(|| error(format!("\"{}\" is not a network such as 10.0.0.0/8", short(text))))
}

/// `isCIDR(text)`.
pub(crate) fn is_cidr<'d>(_: &mut Evaluator<'d>, arguments: &[Value<'d>]) -> Outcome<'d> {
    match arguments {
        [Value::String(text)] => Ok(Value::Bool(Cidr::read(text).is_some())),
        _ => Err(no_overload("isCIDR", arguments)),
    }
}

/// `cidr.containsIP(ip)`.
pub(crate) fn contains_ip<'d>(_: &mut Evaluator<'d>, arguments: &[Value<'d>]) -> Outcome<'d> {
    let (cidr, address) = match arguments {
        [Value::Cidr(cidr), Value::Ip(address)] => (cidr, *address),
        [Value::Cidr(cidr), Value::String(text)] => {
            let address =
                read_ip(text).ok_or_else(|| error(format!("\"{}\" is not an IP address", short(text))))?;
            (cidr, address)
        }
        _ => return Err(no_overload("containsIP", arguments)),
    };
    Ok(Value::Bool(cidr.contains(address)))
}

/// `cidr.containsCIDR(cidr)`.
pub(crate) fn contains_cidr<'d>(_: &mut Evaluator<'d>, arguments: &[Value<'d>]) -> Outcome<'d> {
    let (cidr, other) = match arguments {
        [Value::Cidr(cidr), Value::Cidr(other)] => (cidr, *other),
        [Value::Cidr(cidr), Value::String(text)] => (cidr, read_cidr(text)?),
        _ => return Err(no_overload("containsCIDR", arguments)),
    };
    Ok(Value::Bool(cidr.bits <= other.bits && cidr.contains(other.address)))
}

/// `cidr.masked()`.
pub(crate) fn masked<'d>(_: &mut Evaluator<'d>, arguments: &[Value<'d>]) -> Outcome<'d> {
    match arguments {
        [Value::Cidr(cidr)] => Ok(Value::Cidr(cidr.masked())),
        _ => Err(no_overload("masked", arguments)),
    }
}

/// `cidr.prefixLength()`.
pub(crate) fn prefix_length<'d>(_: &mut Evaluator<'d>, arguments: &[Value<'d>]) -> Outcome<'d> {
    match arguments {
        [Value::Cidr(cidr)] => Ok(Value::Int(i64::from(cidr.bits))),
        _ => Err(no_overload("prefixLength", arguments)),
    }
}

/// An absolute address of the web, or a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Url {
    pub(crate) text: String,
    scheme: String,
    host: String,
    path: String,
    query: String,
}

impl Url {
    fn read(text: &str) -> Option<Self> {
        if text.is_empty() || text.chars().any(|next| next.is_ascii_control() || next == ' ') {
            return None;
        }
        let whole = text.to_owned();
        let (text, query) = text.split_once('?').unwrap_or((text, ""));
        if text.starts_with('/') {
            return Some(Self {
                text: whole,
                scheme: String::new(),
                host: String::new(),
                path: text.to_owned(),
                query: query.to_owned(),
            });
        }
        let (scheme, rest) = text.split_once(':')?;
        let mut letters = scheme.chars();
        let named = letters.next().is_some_and(|first| first.is_ascii_alphabetic())
            && letters.all(|next| next.is_ascii_alphanumeric() || "+-.".contains(next));
        if !named {
            return None;
        }
        let (host, path) = match rest.strip_prefix("//") {
            Some(rest) => {
                let end = rest.find('/').unwrap_or(rest.len());
                rest.split_at_checked(end)?
            }
            None => ("", rest),
        };
        let host = host.rsplit_once('@').map_or(host, |(_, host)| host);
        let port = host.rsplit_once(':').map_or("", |(_, port)| port);
        if !port.ends_with(']') && !port.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        Some(Self {
            text: whole,
            scheme: scheme.to_lowercase(),
            host: host.to_owned(),
            path: path.to_owned(),
            query: query.to_owned(),
        })
    }

    fn split_host(&self) -> (&str, &str) {
        match self.host.rsplit_once(':') {
            Some((name, port)) if !port.ends_with(']') => (name, port),
            _ => (self.host.as_str(), ""),
        }
    }
}

/// `url(text)`.
pub(crate) fn url<'d>(_: &mut Evaluator<'d>, arguments: &[Value<'d>]) -> Outcome<'d> {
    match arguments {
        [Value::String(text)] => Url::read(text)
            .map(|url| Value::Url(Rc::new(url)))
            .ok_or_else(|| error(format!("\"{}\" is not an absolute URL", short(text)))),
        _ => Err(no_overload("url", arguments)),
    }
}

/// `isURL(text)`.
pub(crate) fn is_url<'d>(_: &mut Evaluator<'d>, arguments: &[Value<'d>]) -> Outcome<'d> {
    match arguments {
        [Value::String(text)] => Ok(Value::Bool(Url::read(text).is_some())),
        _ => Err(no_overload("isURL", arguments)),
    }
}

macro_rules! part {
    ($name:ident, $word:literal, $documentation:literal, $function:expr) => {
        #[doc = $documentation]
        pub(crate) fn $name<'d>(_: &mut Evaluator<'d>, arguments: &[Value<'d>]) -> Outcome<'d> {
            let [Value::Url(url)] = arguments else { return Err(no_overload($word, arguments)) };
            let part: fn(&Url) -> &str = $function;
            Ok(Value::text(part(url)))
        }
    };
}

part!(scheme, "getScheme", "`url.getScheme()`", |url| &url.scheme);
part!(host, "getHost", "`url.getHost()`, with the port", |url| &url.host);
part!(hostname, "getHostname", "`url.getHostname()`", |url| {
    let name = url.split_host().0;
    name.strip_prefix('[').and_then(|name| name.strip_suffix(']')).unwrap_or(name)
});
part!(port, "getPort", "`url.getPort()`", |url| url.split_host().1);
part!(escaped_path, "getEscapedPath", "`url.getEscapedPath()`", |url| &url.path);

/// `url.getQuery()`: the values by name.
pub(crate) fn query<'d>(evaluator: &mut Evaluator<'d>, arguments: &[Value<'d>]) -> Outcome<'d> {
    let [Value::Url(url)] = arguments else { return Err(no_overload("getQuery", arguments)) };
    evaluator.charge_text(url.query.len())?;
    let mut members: std::collections::BTreeMap<Key<'d>, Vec<Value<'d>>> = std::collections::BTreeMap::new();
    for pair in url.query.split('&').filter(|pair| !pair.is_empty()) {
        let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
        let key = Key::Text(Text::Shared(unescaped(key).into()));
        members.entry(key).or_default().push(Value::text(unescaped(value)));
    }
    Ok(Value::map(members.into_iter().map(|(key, values)| (key, Value::list(values))).collect()))
}

fn unescaped(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [byte, tail @ ..] = rest {
        let code = tail.get(..2).filter(|_| *byte == b'%').and_then(|code| std::str::from_utf8(code).ok());
        if let Some(code) = code.and_then(|code| u8::from_str_radix(code, 16).ok()) {
            bytes.push(code);
            rest = tail.get(2..).unwrap_or_default();
        } else {
            bytes.push(if *byte == b'+' { b' ' } else { *byte });
            rest = tail;
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}
