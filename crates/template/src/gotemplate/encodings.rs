//! Base 32 and 64, checksums, and the escapes of URLs.

use base64::Engine as _;
use base64::engine::DecodePaddingMode;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig};
use sha1::Digest as _;

use super::registry::Kind::Text;
use super::registry::{Function, function};
use super::runtime::Runtime;
use super::strings::text;
use super::value::{Value, text_of_bytes};
use crate::error::Outcome;

#[rustfmt::skip] // A function is a row.
pub const FUNCTIONS: &[Function] = &[
    function("b64enc", &[Text], None, |r, v| r.text(STANDARD.encode(text(v, 0))), "The text in base 64", r#"{{ b64enc "hi" }}"#, "aGk="),
    function("b64dec", &[Text], None, |r, v| base64_decode(r, text(v, 0)), "The text that base 64 stands for, or what is wrong with it", r#"{{ b64dec "aGk=" }}"#, "hi"),
    function("b32enc", &[Text], None, |r, v| r.text(base32_encode(text(v, 0).as_bytes())), "The text in base 32", r#"{{ b32enc "hi" }}"#, "NBUQ===="),
    function("b32dec", &[Text], None, |r, v| match base32_decode(text(v, 0)) {
        Ok(bytes) => r.text(text_of_bytes(&bytes)),
        Err(position) => r.text(format!("illegal base32 data at input byte {position}")),
    }, "The text that base 32 stands for, or what is wrong with it", r#"{{ b32dec "NBUQ====" }}"#, "hi"),
    function("sha1sum", &[Text], None, |r, v| r.text(hexadecimal(&sha1::Sha1::digest(text(v, 0)))), "The SHA-1 checksum", r#"{{ sha1sum "a" }}"#, "86f7e437faa5a7fce15d1ddcb9eaeaea377667b8"),
    function("sha256sum", &[Text], None, |r, v| r.text(hexadecimal(&sha2::Sha256::digest(text(v, 0)))), "The SHA-256 checksum", r#"{{ sha256sum "a" | trunc 8 }}"#, "ca978112"),
    function("sha512sum", &[Text], None, |r, v| r.text(hexadecimal(&sha2::Sha512::digest(text(v, 0)))), "The SHA-512 checksum", r#"{{ sha512sum "a" | trunc 8 }}"#, "1f40fc92"),
    function("adler32sum", &[Text], None, |r, v| r.text(adler32(text(v, 0).as_bytes()).to_string()), "The Adler-32 checksum as a number", r#"{{ adler32sum "a" }}"#, "6422626"),
];

/// Go's standard alphabet demands padding and forgives bits beyond the last byte.
const STANDARD: GeneralPurpose = GeneralPurpose::new(
    &base64::alphabet::STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_allow_trailing_bits(true)
        .with_decode_padding_mode(DecodePaddingMode::RequireCanonical),
);

/// Bytes in base 64.
pub fn base64_encode(bytes: &[u8]) -> String {
    STANDARD.encode(bytes)
}

fn base64_decode(runtime: &Runtime<'_>, text: &str) -> Outcome<Value> {
    // Line breaks are skipped wherever they are.
    let clean = text.replace(['\r', '\n'], "");
    match STANDARD.decode(&clean) {
        Ok(bytes) => runtime.text(text_of_bytes(&bytes)),
        Err(error) => {
            let is_wrong = |c: char| !(c.is_ascii_alphanumeric() || "+/=".contains(c));
            let position = match (error, text.find(is_wrong)) {
                (_, Some(position)) | (base64::DecodeError::InvalidByte(position, _), None) => position,
                // Go notices what is missing at the end of the input, or where its last quantum begins.
                _ => text.len() / 4 * 4,
            };
            runtime.text(format!("illegal base64 data at input byte {position}"))
        }
    }
}

const BASE32: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

fn base32_encode(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len().div_ceil(5) * 8);
    for chunk in bytes.chunks(5) {
        let bits = chunk
            .iter()
            .chain(std::iter::repeat(&0))
            .take(5)
            .fold(0_u64, |bits, byte| bits << 8 | u64::from(*byte));
        let digits = (chunk.len() * 8).div_ceil(5);
        for index in 0..8 {
            let digit = (bits >> (35 - 5 * index) & 31) as usize;
            let character = if index < digits { BASE32.get(digit).copied().unwrap_or(b'=') } else { b'=' };
            out.push(char::from(character));
        }
    }
    out
}

/// The bytes, or the position of the first mistake.
fn base32_decode(text: &str) -> Result<Vec<u8>, usize> {
    let clean: Vec<(usize, u8)> =
        text.bytes().enumerate().filter(|(_, byte)| !matches!(byte, b'\r' | b'\n')).collect();
    let mut out = Vec::with_capacity(clean.len() / 8 * 5);
    for (index, chunk) in clean.chunks(8).enumerate() {
        let start = chunk.first().map_or(0, |(position, _)| *position);
        let digits = chunk.iter().take_while(|(_, byte)| *byte != b'=').count();
        let is_last = (index + 1) * 8 >= clean.len();
        let mut bits = 0_u64;
        for (position, byte) in chunk.iter().take(digits) {
            let digit = BASE32.iter().position(|known| known == byte).ok_or(*position)?;
            bits = bits << 5 | digit as u64;
        }
        if chunk.len() < 8 || (digits < 8 && !is_last) || !matches!(digits, 2 | 4 | 5 | 7 | 8) {
            return Err(if chunk.len() < 8 { text.len() } else { start + digits });
        }
        if let Some((position, _)) = chunk.iter().skip(digits).find(|(_, byte)| *byte != b'=') {
            return Err(*position);
        }
        bits <<= 5 * (8 - digits);
        let bytes = bits.to_be_bytes();
        out.extend_from_slice(bytes.get(3..3 + digits * 5 / 8).unwrap_or_default());
    }
    Ok(out)
}

/// Bytes in small hexadecimal digits.
pub fn hexadecimal(bytes: &[u8]) -> String {
    let digit = |value: u8| char::from_digit(u32::from(value), 16).unwrap_or('0');
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}

fn adler32(bytes: &[u8]) -> u32 {
    let (low, high) = bytes.iter().fold((1_u32, 0_u32), |(low, high), byte| {
        let low = (low + u32::from(*byte)) % 65_521;
        (low, (high + low) % 65_521)
    });
    high << 16 | low
}

/// Go's `url.QueryEscape`.
pub fn query_escape(text: &str) -> String {
    escape(text, |byte| byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte)).replace("%20", "+")
}

/// Percent signs for all bytes that are not `safe`.
pub fn escape(text: &str, safe: impl Fn(u8) -> bool) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if safe(byte) {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}
