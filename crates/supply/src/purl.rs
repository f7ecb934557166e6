//! Package URLs, as far as packages are told apart by them: `pkg:type/namespace/name@version`.
//! <https://github.com/package-url/purl-spec>

/// A package URL's parts, decoded. Qualifiers and subpath say where a package lies, not which it is.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Purl {
    /// For example `npm`, in small letters.
    pub kind: String,
    /// For example `@angular` or `org.acme`; empty when there is none.
    pub namespace: String,
    /// The name.
    pub name: String,
    /// The version; empty when there is none.
    pub version: String,
}

impl Purl {
    /// Reads one; `None` for what is none.
    pub fn parse(text: &str) -> Option<Self> {
        if text.len() > 2048 {
            return None;
        }
        let rest = text.trim().strip_prefix("pkg:")?.trim_start_matches('/');
        let rest = rest.split('#').next()?.split('?').next()?;
        let (kind, rest) = rest.split_once('/')?;
        let (path, version) = match rest.rsplit_once('@') {
            // The @ of an npm scope stands at the beginning of its part.
            Some((path, version)) if !path.is_empty() && !path.ends_with('/') => (path, version),
            _ => (rest, ""),
        };
        let path = path.trim_matches('/');
        let (namespace, name) = path.rsplit_once('/').unwrap_or(("", path));
        let name = decode(name)?;
        if kind.is_empty() || name.is_empty() {
            return None;
        }
        Some(Self {
            kind: kind.to_ascii_lowercase(),
            namespace: decode(namespace)?,
            name,
            version: decode(version)?,
        })
    }

    /// Namespace and name as people write them: `@angular/core`, `org.acme:shop` as `org.acme/shop`.
    pub fn full_name(&self) -> String {
        if self.namespace.is_empty() {
            self.name.clone()
        } else {
            format!("{}/{}", self.namespace, self.name)
        }
    }
}

fn decode(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte == b'%' {
            let digit = |byte: Option<u8>| char::from(byte?).to_digit(16);
            let (high, low) = (digit(rest.next())?, digit(rest.next())?);
            bytes.push(u8::try_from(high * 16 + low).ok()?);
        } else {
            bytes.push(byte);
        }
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::Purl;

    #[test]
    fn parts_are_told_apart_and_decoded() {
        for (text, name, version) in [
            ("pkg:npm/%40angular/core@17.0.1", "@angular/core", "17.0.1"),
            ("pkg:npm/@angular/core", "@angular/core", ""),
            ("pkg:maven/org.acme/shop@1.0?type=jar", "org.acme/shop", "1.0"),
            ("pkg:deb/debian/curl@7.50.3-1?arch=i386&distro=jessie", "debian/curl", "7.50.3-1"),
            ("pkg:golang/google.golang.org/genproto@v0.1#googleapis", "google.golang.org/genproto", "v0.1"),
            ("pkg:cargo/serde@1.0.229", "serde", "1.0.229"),
        ] {
            let purl = Purl::parse(text).unwrap();
            assert_eq!((purl.full_name().as_str(), purl.version.as_str()), (name, version), "{text}");
        }
        for none in ["serde", "pkg:npm", "pkg:npm/", "pkg:npm/%4", "pkg:/x"] {
            assert!(Purl::parse(none).is_none(), "{none}");
        }
    }
}
