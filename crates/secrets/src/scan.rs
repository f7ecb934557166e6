//! One pass over a file.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use aho_corasick::{AhoCorasick, AhoCorasickBuilder};

use crate::allow::{AllowList, is_comment, line_allows};
use crate::entropy::{entropy, has_run};
use crate::finding::{SecretFinding, SkipReason, fingerprint};
use crate::generic::{Candidate, WORDS, address, assignment, is_placeholder};
use crate::rule::Rule;
use crate::rules::rules;
use crate::source::{is_binary, is_generated, is_settings};

/// The largest file that is looked at, in bytes.
pub const FILE_BYTES: usize = 16 * 1024 * 1024;

/// The most findings that one file tells.
pub const FINDINGS_PER_FILE: usize = 100;

/// How far an assignment or an address may go.
const VALUE_WINDOW: usize = 512;

/// What an assignment or an address costs to look at; most end after a name.
const VALUE_COST: usize = 128;

/// How many bytes patterns may look at for each byte of a file. Files that people write need a fraction of it.
const WORK_PER_BYTE: usize = 64;

/// What a file came to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FileScan {
    /// What was found, by place.
    pub findings: Vec<SecretFinding>,
    /// How many more would have been found, and somebody allowed.
    pub allowed: usize,
    /// Why it was not looked at, when it was not.
    pub skipped: Option<SkipReason>,
}

/// What a text that gives something away leads to.
#[derive(Clone, Copy)]
enum Lead {
    Token(&'static Rule),
    Word(&'static str),
    Address,
}

struct Engine {
    automaton: AhoCorasick,
    leads: Vec<Lead>,
    starts: Vec<&'static str>,
}

static ENGINE: LazyLock<Option<Engine>> = LazyLock::new(|| {
    let mut leads = Vec::new();
    let mut starts: Vec<&'static str> = Vec::new();
    for rule in rules() {
        for start in rule.starts {
            leads.push(Lead::Token(rule));
            starts.push(start);
        }
    }
    for word in WORDS {
        leads.push(Lead::Word(word));
        starts.push(word);
    }
    leads.push(Lead::Address);
    starts.push("://");
    let automaton = AhoCorasickBuilder::new().ascii_case_insensitive(true).build(&starts).ok()?;
    Some(Engine { automaton, leads, starts })
});

/// A place that fits a rule.
struct Hit {
    start: usize,
    end: usize,
    /// Known shapes come before assignments.
    order: usize,
    id: &'static str,
    title: &'static str,
    severity: fairway_domain::finding::Severity,
}

/// Looks at a file. Takes time in proportion to its size.
pub fn scan(path: &str, bytes: &[u8], allow: &AllowList) -> FileScan {
    if bytes.len() > FILE_BYTES {
        return FileScan { skipped: Some(SkipReason::TooLarge), ..FileScan::default() };
    }
    if is_binary(bytes) {
        return FileScan { skipped: Some(SkipReason::Binary), ..FileScan::default() };
    }
    let mut scan = FileScan::default();
    let mut lines = Lines::default();
    let (hits, complete) = hits(path, bytes);
    if !complete {
        scan.skipped = Some(SkipReason::TooDense);
    }
    for hit in hits {
        let Some(secret) = bytes.get(hit.start..hit.end) else { continue };
        let place = lines.place(bytes, hit.start);
        let finding = SecretFinding {
            path: path.to_owned(),
            line: place.line,
            column: place.column,
            rule: hit.id.to_owned(),
            title: hit.title.to_owned(),
            severity: hit.severity,
            length: secret.len(),
            fingerprint: fingerprint(hit.id, secret),
        };
        if place.is_allowed(bytes) || allow.allows(&finding, secret) {
            scan.allowed += 1;
        } else {
            scan.findings.push(finding);
        }
        if scan.findings.len() >= FINDINGS_PER_FILE || scan.allowed >= FINDINGS_PER_FILE * 10 {
            break;
        }
    }
    scan
}

/// What fits, by place; of what overlaps, the more specific. And whether the whole file was looked at.
fn hits(path: &str, bytes: &[u8]) -> (Vec<Hit>, bool) {
    let Some(engine) = ENGINE.as_ref() else { return (Vec::new(), false) };
    let settings = is_settings(path);
    let generated = is_generated(path);
    let mut found: BTreeMap<(usize, usize), Hit> = BTreeMap::new();
    let mut left = bytes.len() * WORK_PER_BYTE + 1024 * 1024;
    let mut complete = true;
    for start in engine.automaton.find_overlapping_iter(bytes) {
        let index = start.pattern().as_usize();
        let (Some(lead), Some(text)) = (engine.leads.get(index), engine.starts.get(index)) else { continue };
        let at = start.start();
        let hit = match lead {
            Lead::Token(rule) => token(rule, text, bytes, at, index, &mut left),
            Lead::Word(_) | Lead::Address if generated => None,
            Lead::Word(word) => {
                left = left.saturating_sub(VALUE_COST);
                let window = window(bytes, at, VALUE_WINDOW);
                assignment(window, word, settings).map(|it| general(&it, at, index))
            }
            Lead::Address => {
                left = left.saturating_sub(VALUE_COST);
                let before = bytes.get(at.saturating_sub(16)..at).unwrap_or_default();
                let scheme =
                    before.iter().rev().take_while(|byte| byte.is_ascii_alphanumeric() || **byte == b'+');
                let length = scheme.count();
                let scheme = before.get(before.len() - length..).unwrap_or_default();
                address(window(bytes, at, VALUE_WINDOW), scheme).map(|it| general(&it, at, index))
            }
        };
        if let Some(hit) = hit {
            found.entry((hit.start, hit.order)).or_insert(hit);
        }
        if left == 0 || found.len() > FINDINGS_PER_FILE * 20 {
            complete = false;
            break;
        }
    }
    (without_overlaps(found.into_values().collect()), complete)
}

fn without_overlaps(mut hits: Vec<Hit>) -> Vec<Hit> {
    hits.sort_by_key(|hit| (hit.start, hit.order));
    let mut kept: Vec<Hit> = Vec::new();
    for hit in hits {
        match kept.last_mut() {
            Some(last) if hit.start < last.end => {
                if hit.order < last.order {
                    *last = hit;
                }
            }
            _ => kept.push(hit),
        }
    }
    kept
}

fn window(bytes: &[u8], at: usize, length: usize) -> &[u8] {
    bytes.get(at..bytes.len().min(at + length)).unwrap_or_default()
}

fn general(candidate: &Candidate, at: usize, order: usize) -> Hit {
    Hit {
        start: at + candidate.start,
        end: at + candidate.end,
        order,
        id: candidate.id,
        title: candidate.title,
        severity: candidate.severity,
    }
}

fn token(
    rule: &'static Rule,
    text: &str,
    bytes: &[u8],
    at: usize,
    order: usize,
    left: &mut usize,
) -> Option<Hit> {
    if !rule.any_case && bytes.get(at..at + text.len())? != text.as_bytes() {
        return None;
    }
    let before = bytes.get(at.saturating_sub(rule.lead.most)..at)?;
    let lead = before.iter().rev().take_while(|byte| (rule.lead.fits)(**byte)).count();
    if lead < rule.lead.least {
        return None;
    }
    let start = at - lead;
    let joined = start.checked_sub(1).and_then(|index| bytes.get(index));
    if rule.bounded && joined.is_some_and(|byte| byte.is_ascii_alphanumeric() || *byte == b'_') {
        // `\n` in a text in quotes is no letter.
        let escaped = start >= 2 && bytes.get(start - 2) == Some(&b'\\');
        if !escaped {
            return None;
        }
    }
    let window = window(bytes, start, rule.window);
    *left = left.saturating_sub(window.len());
    let found = rule.regex()?.captures(window)?;
    let secret = found.get(1).or_else(|| found.get(0))?;
    let value = secret.as_bytes();
    let looked = value.get(..value.len().min(VALUE_WINDOW))?;
    if entropy(looked) < rule.entropy || is_example(rule, looked) {
        return None;
    }
    Some(Hit {
        start: start + secret.start(),
        end: start + secret.end(),
        order,
        id: rule.id,
        title: rule.title,
        severity: rule.severity,
    })
}

/// Whether a token says itself that it is none.
fn is_example(rule: &Rule, value: &[u8]) -> bool {
    if rule.window > VALUE_WINDOW {
        // Keys are long enough to hold any word by chance.
        return has_run(value, 12);
    }
    let low = value.to_ascii_lowercase();
    [b"example".as_slice(), b"xxxx", b"placeholder", b"yourtoken", b"your-", b"your_"]
        .iter()
        .any(|part| memchr::memmem::find(&low, part).is_some())
        || has_run(value, 8)
        || (rule.any_case && is_placeholder(value))
}

/// Where the lines are, found as the scan goes on.
#[derive(Default)]
struct Lines {
    number: usize,
    start: usize,
    /// Where the line before begins.
    before: Option<usize>,
}

/// A place, with its line and the one before.
struct Place {
    line: usize,
    column: usize,
    start: usize,
    before: Option<usize>,
}

impl Lines {
    /// Places have to be asked for in their order.
    fn place(&mut self, bytes: &[u8], at: usize) -> Place {
        while let Some(end) = bytes.get(self.start..at).and_then(|part| memchr::memchr(b'\n', part)) {
            self.before = Some(self.start);
            self.start += end + 1;
            self.number += 1;
        }
        let part = bytes.get(self.start..at).unwrap_or_default();
        let part = part.get(part.len().saturating_sub(64 * 1024)..).unwrap_or_default();
        // Bytes that do not begin a character do not count.
        let column = part.iter().filter(|byte| (**byte & 0xC0) != 0x80).count() + 1;
        Place { line: self.number + 1, column, start: self.start, before: self.before }
    }
}

impl Place {
    fn is_allowed(&self, bytes: &[u8]) -> bool {
        let line = |start: usize| {
            let rest = bytes.get(start..).unwrap_or_default();
            let end = memchr::memchr(b'\n', rest).unwrap_or(rest.len());
            rest.get(..end.min(4096)).unwrap_or_default()
        };
        let above = || self.before.map(line).is_some_and(|above| is_comment(above) && line_allows(above));
        line_allows(line(self.start)) || above()
    }
}
