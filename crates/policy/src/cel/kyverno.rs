//! What Kyverno adds to the language: images, objects of the cluster, and who asks.

use std::collections::BTreeMap;
use std::fmt;
use std::rc::Rc;

use super::convert::short;
use super::evaluate::Evaluator;
use super::fault::{Outcome, error, no_overload, not_known};
use super::value::{Key, Text, Value};
use crate::resource_name::is_resource;

/// A reference to an image, with what it leaves out filled in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Image {
    registry: String,
    repository: String,
    tag: String,
    digest: String,
}

impl Image {
    fn read(text: &str) -> Option<Self> {
        let (name, digest) = match text.split_once('@') {
            Some((name, digest)) => (name, digest),
            None => (text, ""),
        };
        let last = name.rfind('/').map_or(0, |slash| slash + 1);
        let (name, tag) = match name.get(last..)?.split_once(':') {
            Some((_, "")) => return None,
            Some((_, tag)) => (name.get(..name.len() - tag.len() - 1)?, tag),
            None => (name, ""),
        };
        let (registry, repository) = match name.split_once('/') {
            Some((first, rest)) if first == "localhost" || first.contains(['.', ':']) => {
                (first, rest.to_owned())
            }
            Some(_) => ("docker.io", name.to_owned()),
            None => ("docker.io", format!("library/{name}")),
        };
        let fits = |part: &str| {
            !part.is_empty()
                && part
                    .bytes()
                    .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"._-".contains(&byte))
        };
        let tagged = tag.len() <= 128
            && tag.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte));
        let digested = !text.contains('@')
            || digest.split_once(':').is_some_and(|(algorithm, code)| {
                !algorithm.is_empty() && code.len() >= 32 && code.bytes().all(|byte| byte.is_ascii_hexdigit())
            });
        if name.is_empty() || !repository.split('/').all(fits) || !tagged || !digested {
            return None;
        }
        let tag = if tag.is_empty() && digest.is_empty() { "latest" } else { tag };
        let registry = if registry == "index.docker.io" { "docker.io" } else { registry };
        // Only what stands in no folder of its own is one of the official images.
        let official = registry == "docker.io" && !repository.contains('/');
        Some(Self {
            registry: registry.to_owned(),
            repository: if official { format!("library/{repository}") } else { repository },
            tag: tag.to_owned(),
            digest: digest.to_owned(),
        })
    }

    fn identifier(&self) -> &str {
        if self.digest.is_empty() { &self.tag } else { &self.digest }
    }
}

impl fmt::Display for Image {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}/{}", self.registry, self.repository)?;
        if !self.tag.is_empty() {
            write!(formatter, ":{}", self.tag)?;
        }
        if !self.digest.is_empty() {
            write!(formatter, "@{}", self.digest)?;
        }
        Ok(())
    }
}

/// `image(text)` and `parseImageReference(text)`.
pub(crate) fn image<'d>(_: &mut Evaluator<'d>, arguments: &[Value<'d>]) -> Outcome<'d> {
    match arguments {
        [Value::Image(image)] => Ok(Value::Image(Rc::clone(image))),
        [Value::String(text)] => Image::read(text)
            .map(|image| Value::Image(Rc::new(image)))
            .ok_or_else(|| error(format!("\"{}\" is not a reference to an image", short(text)))),
        _ => Err(no_overload("image", arguments)),
    }
}

/// `isImage(text)`.
pub(crate) fn is_image<'d>(_: &mut Evaluator<'d>, arguments: &[Value<'d>]) -> Outcome<'d> {
    match arguments {
        [Value::String(text)] => Ok(Value::Bool(Image::read(text).is_some())),
        _ => Err(no_overload("isImage", arguments)),
    }
}

macro_rules! part {
    ($name:ident, $word:literal, $documentation:literal, $function:expr) => {
        #[doc = $documentation]
        pub(crate) fn $name<'d>(_: &mut Evaluator<'d>, arguments: &[Value<'d>]) -> Outcome<'d> {
            let [Value::Image(image)] = arguments else { return Err(no_overload($word, arguments)) };
            let part: fn(&Image) -> &str = $function;
            Ok(Value::text(part(image)))
        }
    };
}

part!(registry, "registry", "`image.registry()`", |image| &image.registry);
part!(repository, "repository", "`image.repository()`", |image| &image.repository);
part!(tag, "tag", "`image.tag()`", |image| &image.tag);
part!(digest, "digest", "`image.digest()`", |image| &image.digest);
part!(identifier, "identifier", "`image.identifier()`: the digest, else the tag", Image::identifier);

/// `image.containsDigest()`.
pub(crate) fn contains_digest<'d>(_: &mut Evaluator<'d>, arguments: &[Value<'d>]) -> Outcome<'d> {
    match arguments {
        [Value::Image(image)] => Ok(Value::Bool(!image.digest.is_empty())),
        _ => Err(no_overload("containsDigest", arguments)),
    }
}

/// `image.GetMetadata(reference)`: what a registry was supplied to say.
pub(crate) fn metadata<'d>(evaluator: &mut Evaluator<'d>, arguments: &[Value<'d>]) -> Outcome<'d> {
    let [Value::String(text)] = arguments else { return Err(no_overload("image.GetMetadata", arguments)) };
    let supplied = evaluator.bindings.supplied.images;
    let known = supplied.ok_or_else(|| {
        not_known(format!("what the registry says about the image {} is not given here", short(text)))
    })?;
    let wanted = Image::read(text);
    evaluator.charge(known.len() * 10)?;
    known
        .iter()
        .find(|(reference, _)| {
            *reference == &**text || (wanted.is_some() && Image::read(reference) == wanted)
        })
        .map(|(_, metadata)| Value::json(metadata))
        .ok_or_else(|| not_known(format!("nothing is given about the image {}", short(text))))
}

/// `parseServiceAccount(username)`: the namespace and name in it, or empty ones.
pub(crate) fn service_account<'d>(_: &mut Evaluator<'d>, arguments: &[Value<'d>]) -> Outcome<'d> {
    let [Value::String(text)] = arguments else { return Err(no_overload("parseServiceAccount", arguments)) };
    let account = text.strip_prefix("system:serviceaccount:").and_then(|rest| rest.split_once(':'));
    let (namespace, name) = account.unwrap_or_default();
    let key = |word: &'static str| Key::Text(Text::Borrowed(word));
    Ok(Value::map(BTreeMap::from([
        (key("Namespace"), Value::text(namespace)),
        (key("Name"), Value::text(name)),
    ])))
}

fn objects<'d>(evaluator: &Evaluator<'d>) -> Result<&'d [serde_json::Value], super::fault::Fault> {
    evaluator
        .bindings
        .supplied
        .resources
        .ok_or_else(|| not_known("the objects of the cluster are not given here"))
}

fn is_there(object: &serde_json::Value, version: &str, resource: &str, namespace: Option<&str>) -> bool {
    let text =
        |pointer: &str| object.pointer(pointer).and_then(serde_json::Value::as_str).unwrap_or_default();
    text("/apiVersion") == version
        && is_resource(text("/kind"), resource)
        && namespace.is_none_or(|namespace| text("/metadata/namespace") == namespace)
}

/// `resource.Get(version, resource, namespace, name)`, or without a namespace.
pub(crate) fn get<'d>(evaluator: &mut Evaluator<'d>, arguments: &[Value<'d>]) -> Outcome<'d> {
    let (version, resource, namespace, name) = match arguments {
        [Value::String(version), Value::String(resource), Value::String(name)] => {
            (version, resource, None, name)
        }
        [Value::String(version), Value::String(resource), Value::String(namespace), Value::String(name)] => {
            (version, resource, Some(&**namespace), name)
        }
        _ => return Err(no_overload("resource.Get", arguments)),
    };
    let objects = objects(evaluator)?;
    evaluator.charge(objects.len())?;
    objects
        .iter()
        .find(|object| {
            let is_named =
                object.pointer("/metadata/name").and_then(serde_json::Value::as_str) == Some(&**name);
            is_named && is_there(object, version, resource, namespace)
        })
        .map(Value::json)
        .ok_or_else(|| error(format!("{} \"{}\" not found", short(resource), short(name))))
}

/// `resource.List(version, resource, namespace)`, or without a namespace.
pub(crate) fn list<'d>(evaluator: &mut Evaluator<'d>, arguments: &[Value<'d>]) -> Outcome<'d> {
    let (version, resource, namespace) = match arguments {
        [Value::String(version), Value::String(resource)] => (version, resource, None),
        [Value::String(version), Value::String(resource), Value::String(namespace)] => {
            (version, resource, Some(&**namespace).filter(|namespace| !namespace.is_empty()))
        }
        _ => return Err(no_overload("resource.List", arguments)),
    };
    let objects = objects(evaluator)?;
    evaluator.charge(objects.len())?;
    let found: Vec<Value<'d>> = objects
        .iter()
        .filter(|object| is_there(object, version, resource, namespace))
        .map(Value::json)
        .collect();
    Ok(Value::map(BTreeMap::from([(Key::Text(Text::Borrowed("items")), Value::list(found))])))
}

/// `globalContext.Get(name, projection)`: what was supplied under the name.
pub(crate) fn global_context<'d>(evaluator: &mut Evaluator<'d>, arguments: &[Value<'d>]) -> Outcome<'d> {
    let (name, projection) = match arguments {
        [Value::String(name)] => (name, ""),
        [Value::String(name), Value::String(projection)] => (name, &**projection),
        _ => return Err(no_overload("globalContext.Get", arguments)),
    };
    let missing = || not_known(format!("the global context entry \"{}\" is not given here", short(name)));
    let entry = evaluator.bindings.supplied.global_context.and_then(|known| known.get(&**name));
    let entry = entry.ok_or_else(missing)?;
    if projection.is_empty() {
        return Ok(Value::json(entry));
    }
    entry.get(projection).map(Value::json).ok_or_else(missing)
}

/// `http.Get` and `http.Post`: nothing is asked of the network.
pub(crate) fn http<'d>(_: &mut Evaluator<'d>, _: &[Value<'d>]) -> Outcome<'d> {
    Err(not_known("a policy that asks other servers is not evaluated here"))
}

/// What may be asked of `authorizer`, which is not known here, and of nothing else.
pub(crate) fn authorization<'d>(_: &mut Evaluator<'d>, arguments: &[Value<'d>]) -> Outcome<'d> {
    Err(no_overload("authorizer", arguments))
}

/// Functions whose answer would not be the same twice.
pub(crate) fn random<'d>(_: &mut Evaluator<'d>, _: &[Value<'d>]) -> Outcome<'d> {
    Err(not_known("a random value cannot be foretold"))
}

#[cfg(test)]
mod tests {
    use super::Image;

    #[test]
    fn references_are_filled_in() {
        for (text, expected) in [
            ("nginx", "docker.io/library/nginx:latest"),
            ("team/app:1.2", "docker.io/team/app:1.2"),
            ("docker.io/redis:6", "docker.io/library/redis:6"),
            ("localhost:5000/app", "localhost:5000/app:latest"),
            ("ghcr.io/a/b/c:v1", "ghcr.io/a/b/c:v1"),
        ] {
            assert_eq!(Image::read(text).map(|image| image.to_string()).as_deref(), Some(expected), "{text}");
        }
        for wrong in ["", "UPPER", "a:", "a@sha256:zz", "a//b"] {
            assert_eq!(Image::read(wrong), None, "{wrong}");
        }
    }
}
