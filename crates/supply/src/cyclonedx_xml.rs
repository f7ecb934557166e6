//! CycloneDX as XML. <https://cyclonedx.org/docs/1.6/xml/>

use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};

use crate::cyclonedx::Written;
use crate::error::SupplyError;
use crate::evidence::{Evidence, EvidenceKind, Format, Subject, time};

/// How deep elements may be within each other.
const DEPTH: usize = 64;
/// The longest text of an element that is read, in bytes.
const TEXT_BYTES: usize = 64 * 1024;

pub(crate) fn read(bytes: &[u8]) -> Result<Evidence, SupplyError> {
    let wrong = |reason: &dyn std::fmt::Display| SupplyError::malformed("CycloneDX", reason);
    let source = std::str::from_utf8(bytes).map_err(|error| wrong(&error))?;
    let mut reader = Reader::from_str(source);
    let mut place = Place::default();
    let mut is_bom = false;
    loop {
        let event = reader.read_event().map_err(|error| wrong(&error))?;
        match event {
            // Declared entities are how small files become large ones; no tool writes any.
            Event::DocType(_) => return Err(wrong(&"a document type declaration is not read")),
            Event::Start(start) => {
                if place.path.is_empty() {
                    is_bom = start.local_name().as_ref() == "bom";
                }
                place.enter(&start);
                if place.path.len() > DEPTH {
                    return Err(wrong(&"the elements are nested too deep"));
                }
            }
            Event::Empty(start) => {
                place.enter(&start);
                place.leave();
            }
            Event::Text(part) => {
                place.say(&part.xml10_content());
            }
            Event::CData(part) => {
                place.say(&part.xml10_content());
            }
            Event::GeneralRef(reference) => {
                let character = reference.resolve_char_ref().map_err(|error| wrong(&error))?;
                let known = match &*reference {
                    "amp" => Some('&'),
                    "lt" => Some('<'),
                    "gt" => Some('>'),
                    "quot" => Some('"'),
                    "apos" => Some('\''),
                    _ => character,
                };
                place.text.extend(known);
            }
            Event::End(_) => place.leave(),
            Event::Eof => break,
            _ => {}
        }
        if !place.path.is_empty() && !is_bom {
            return Err(SupplyError::UnknownFormat);
        }
    }
    if !is_bom || !place.path.is_empty() {
        return Err(wrong(&"the document ends too early"));
    }
    let mut evidence = Evidence::new(EvidenceKind::Sbom, Format::CycloneDx);
    evidence.created_at = place.timestamp.as_deref().and_then(time);
    evidence.subjects = place
        .subject
        .iter()
        .filter_map(Written::component)
        .map(|component| Subject { name: component.name, digest: None })
        .collect();
    evidence.components = place.done.iter().filter_map(Written::component).collect();
    Ok(evidence)
}

/// Where the reader is, and what it has gathered.
#[derive(Default)]
struct Place {
    path: Vec<String>,
    text: String,
    /// The components that are open, the innermost last.
    open: Vec<Written>,
    done: Vec<Written>,
    subject: Option<Written>,
    timestamp: Option<String>,
}

impl Place {
    fn enter(&mut self, start: &BytesStart<'_>) {
        let name = start.local_name().as_ref().to_owned();
        if name == "component" {
            self.open.push(Written::default());
        }
        self.path.push(name);
        self.text.clear();
    }

    fn say(&mut self, part: &str) {
        if self.text.len() < TEXT_BYTES {
            self.text.push_str(part.get(..part.len().min(TEXT_BYTES)).unwrap_or_default());
        }
    }

    fn leave(&mut self) {
        let Some(name) = self.path.pop() else { return };
        let said = self.text.trim().to_owned();
        self.text.clear();
        let within = self.path.last().map(String::as_str).unwrap_or_default();
        if name == "timestamp" && within == "metadata" {
            self.timestamp = Some(said);
            return;
        }
        if name == "component" {
            let Some(component) = self.open.pop() else { return };
            if within == "metadata" {
                self.subject = Some(component);
            } else if within == "components" && !self.path.iter().any(|it| *it == "tools") {
                self.done.push(component);
            }
            return;
        }
        let Some(component) = self.open.last_mut() else { return };
        let of_component = within == "component";
        match name.as_str() {
            "name" if of_component => component.name = said,
            "group" if of_component => component.group = Some(said),
            "version" if of_component => component.version = Some(said),
            "purl" if of_component => component.purl = Some(said),
            "id" | "name" if within == "license" => component.licences.push(said),
            "expression" if within == "licenses" => component.licences.push(said),
            _ => {}
        }
    }
}
