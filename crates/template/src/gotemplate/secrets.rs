//! Random values, and the functions that make keys and certificates, which are refused.

use super::encodings::base64_encode;
use super::registry::Kind::{Any, Int, Text};
use super::registry::{Function, Kind, function};
use super::runtime::Runtime;
use super::strings::text;
use super::value::Value;
use crate::error::{Fault, Outcome};

const REFUSED: &str = "Refused, because a rendered text is no place for a key";

#[rustfmt::skip] // A function is a row.
pub const FUNCTIONS: &[Function] = &[
    function("randAlphaNum", &[Int], None, |r, v| characters(r, v, char::is_ascii_alphanumeric), "Random letters and digits", "{{ randAlphaNum 5 | len }}", "5"),
    function("randAlpha", &[Int], None, |r, v| characters(r, v, char::is_ascii_alphabetic), "Random letters", "{{ randAlpha 5 | len }}", "5"),
    function("randNumeric", &[Int], None, |r, v| characters(r, v, char::is_ascii_digit), "Random digits", "{{ randNumeric 5 | len }}", "5"),
    function("randAscii", &[Int], None, |r, v| characters(r, v, |_| true), "Random printable ASCII characters", "{{ randAscii 5 | len }}", "5"),
    function("randBytes", &[Int], None, |r, v| {
        let count = count(v)?;
        r.meter.allocate(count)?;
        let bytes: Outcome<Vec<u8>> = (0..count).map(|_| Ok(r.draw(256)? as u8)).collect();
        r.text(base64_encode(&bytes?))
    }, "Random bytes in base 64", "{{ randBytes 6 | len }}", "8"),
    function("randInt", &[Int, Int], None, |r, v| match v {
        [Value::Int(least), Value::Int(end)] if least < end => {
            let width = end.wrapping_sub(*least) as u64;
            Ok(Value::Int(least.wrapping_add(r.draw(width)? as i64)))
        }
        _ => Err(Fault::value("invalid argument to Intn").hint("The second number has to be the greater one.")),
    }, "A random whole number from the first up to the second", "{{ randInt 1 2 }}", "1"),
    function("shuffle", &[Text], None, |r, v| {
        let mut characters: Vec<char> = text(v, 0).chars().collect();
        for index in (1..characters.len()).rev() {
            let other = r.draw(index as u64 + 1)? as usize;
            characters.swap(index, other);
        }
        r.text(characters.into_iter().collect::<String>())
    }, "The characters of a text in random order", r#"{{ shuffle "aaa" }}"#, "aaa"),
    function("uuidv4", &[], None, uuid, "A random UUID", "{{ uuidv4 | len }}", "36"),
    refused("bcrypt"),
    refused("htpasswd"),
    refused("derivePassword"),
    refused("encryptAES"),
    refused("decryptAES"),
    refused("genPrivateKey"),
    refused("buildCustomCert"),
    refused("genCA"),
    refused("genCAWithKey"),
    refused("genSelfSignedCert"),
    refused("genSelfSignedCertWithKey"),
    refused("genSignedCert"),
    refused("genSignedCertWithKey"),
];

const fn refused(name: &'static str) -> Function {
    const MORE: Option<Kind> = Some(Any);
    let call = |_: &Runtime<'_>, _: &[Value]| -> Outcome<Value> {
        Err(Fault::value("passwords, keys and certificates are not made in templates here").hint(
            "What is rendered is planned, kept and shown; let the cluster make the secret (cert-manager, \
             External Secrets) and refer to it by name.",
        ))
    };
    function(name, &[], MORE, call, REFUSED, "", "")
}

fn count(values: &[Value]) -> Outcome<usize> {
    match values.first() {
        Some(Value::Int(count)) if *count >= 0 => Ok(usize::try_from(*count).unwrap_or(usize::MAX)),
        _ => Err(Fault::value("the number of random characters is negative")),
    }
}

fn characters(runtime: &Runtime<'_>, values: &[Value], wanted: fn(&char) -> bool) -> Outcome<Value> {
    let count = count(values)?;
    runtime.meter.allocate(count)?;
    let alphabet: Vec<char> = (' '..='~').filter(wanted).collect();
    let mut text = String::with_capacity(count.min(1 << 16));
    for _ in 0..count {
        let index = runtime.draw(alphabet.len() as u64)? as usize;
        text.extend(alphabet.get(index));
    }
    runtime.text(text)
}

fn uuid(runtime: &Runtime<'_>, _: &[Value]) -> Outcome<Value> {
    let high = runtime.draw(u64::MAX)? & !0xf000 | 0x4000;
    let low = runtime.draw(u64::MAX)? & !(0b11 << 62) | 0b10 << 62;
    runtime.text(format!(
        "{:08x}-{:04x}-{:04x}-{:04x}-{:012x}",
        high >> 32,
        high >> 16 & 0xffff,
        high & 0xffff,
        low >> 48,
        low & 0xffff_ffff_ffff
    ))
}
