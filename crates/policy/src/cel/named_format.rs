//! The named formats of Kubernetes: `format.dns1123Label().validate(text)` and their like.

use std::rc::Rc;

use super::evaluate::Evaluator;
use super::fault::{Outcome, error, no_overload};
use super::value::Value;

/// The formats that exist.
const FORMATS: [&str; 13] = [
    "dns1123Label",
    "dns1123Subdomain",
    "dns1035Label",
    "dns1123LabelPrefix",
    "dns1123SubdomainPrefix",
    "dns1035LabelPrefix",
    "qualifiedName",
    "labelValue",
    "uri",
    "uuid",
    "byte",
    "date",
    "datetime",
];

/// `format.named(name)`, an optional.
pub(crate) fn named<'d>(_: &mut Evaluator<'d>, arguments: &[Value<'d>]) -> Outcome<'d> {
    let [Value::String(name)] = arguments else { return Err(no_overload("format.named", arguments)) };
    let format = FORMATS.iter().find(|known| ***known == **name);
    Ok(Value::Optional(format.map(|format| Rc::new(Value::Format(format)))))
}

macro_rules! formats {
    ($($name:ident $word:literal),+ $(,)?) => {
        $(
            #[doc = concat!("`format.", $word, "()`")]
            pub(crate) fn $name<'d>(_: &mut Evaluator<'d>, _: &[Value<'d>]) -> Outcome<'d> {
                Ok(Value::Format($word))
            }
        )+
    };
}

formats!(
    dns_1123_label "dns1123Label",
    dns_1123_subdomain "dns1123Subdomain",
    dns_1035_label "dns1035Label",
    dns_1123_label_prefix "dns1123LabelPrefix",
    dns_1123_subdomain_prefix "dns1123SubdomainPrefix",
    dns_1035_label_prefix "dns1035LabelPrefix",
    qualified_name "qualifiedName",
    label_value "labelValue",
    uri "uri",
    uuid "uuid",
    byte "byte",
    date "date",
    datetime "datetime",
);

/// `format.validate(text)`: none, or an optional list of what is wrong.
pub(crate) fn validate<'d>(evaluator: &mut Evaluator<'d>, arguments: &[Value<'d>]) -> Outcome<'d> {
    let [Value::Format(format), Value::String(text)] = arguments else {
        return Err(no_overload("validate", arguments));
    };
    evaluator.charge_text(text.len())?;
    let problem = match *format {
        "dns1123Label" => label(text, 63, false),
        "dns1123LabelPrefix" => label(&masked(text), 63, false),
        "dns1035Label" => label(text, 63, true),
        "dns1035LabelPrefix" => label(&masked(text), 63, true),
        "dns1123Subdomain" => subdomain(text),
        "dns1123SubdomainPrefix" => subdomain(&masked(text)),
        "qualifiedName" => qualified(text),
        "labelValue" => (!text.is_empty()).then(|| name(text)).flatten(),
        "uri" => {
            let whole = super::network::url(evaluator, &[Value::String(text.clone())]).is_ok();
            (!whole).then_some("must be an absolute URI")
        }
        "uuid" => is_uuid(text),
        "byte" => {
            let decoded = super::encoders::decode(evaluator, &[Value::String(text.clone())]).is_ok();
            (!decoded).then_some("must be base64")
        }
        "date" => text.parse::<jiff::civil::Date>().is_err().then_some("must be a date such as 2024-01-31"),
        "datetime" => {
            text.parse::<jiff::Timestamp>().is_err().then_some("must be a time such as 2024-01-31T10:00:00Z")
        }
        _ => return Err(error("the format is unknown")),
    };
    Ok(Value::Optional(problem.map(|problem| Rc::new(Value::list(vec![Value::text(problem)])))))
}

/// A prefix may end with a dash, which something will follow.
fn masked(text: &str) -> String {
    match text.strip_suffix('-') {
        Some(rest) if !rest.is_empty() => format!("{rest}a"),
        _ => text.to_owned(),
    }
}

fn label(text: &str, longest: usize, letter_first: bool) -> Option<&'static str> {
    let inner = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    if text.len() > longest {
        return Some("must be no more than 63 characters");
    }
    let (Some(first), Some(last)) = (text.bytes().next(), text.bytes().last()) else {
        return Some("must not be empty");
    };
    let starts = if letter_first { first.is_ascii_lowercase() } else { inner(first) };
    let fits = starts && inner(last) && text.bytes().all(|byte| inner(byte) || byte == b'-');
    (!fits).then_some(
        "must consist of lower case letters, digits and \"-\", and start and end with a letter or digit",
    )
}

fn subdomain(text: &str) -> Option<&'static str> {
    if text.len() > 253 {
        return Some("must be no more than 253 characters");
    }
    text.split('.').find_map(|part| label(part, 253, false))
}

fn name(text: &str) -> Option<&'static str> {
    if text.len() > 63 {
        return Some("must be no more than 63 characters");
    }
    let (Some(first), Some(last)) = (text.bytes().next(), text.bytes().last()) else {
        return Some("must not be empty");
    };
    let fits = first.is_ascii_alphanumeric()
        && last.is_ascii_alphanumeric()
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte));
    (!fits).then_some(
        "must consist of letters, digits, \"-\", \"_\" and \".\", and start and end with a letter or digit",
    )
}

fn qualified(text: &str) -> Option<&'static str> {
    match text.split_once('/') {
        Some((prefix, rest)) => subdomain(prefix).or_else(|| name(rest)),
        None => name(text),
    }
}

fn is_uuid(text: &str) -> Option<&'static str> {
    let groups: Vec<&str> = text.split('-').collect();
    let lengths: Vec<usize> = groups.iter().map(|group| group.len()).collect();
    let fits = lengths == [8, 4, 4, 4, 12]
        && groups.iter().all(|group| group.bytes().all(|byte| byte.is_ascii_hexdigit()));
    (!fits).then_some("must be a UUID")
}
