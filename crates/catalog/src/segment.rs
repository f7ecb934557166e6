//! A part of the catalog that never changes: nodes and the indexes over them.
//!
//! A change makes a new, small segment and marks what it replaces elsewhere as gone; small segments are merged into
//! larger ones from time to time. So a change costs what it changes, and every index is a sorted, compact table.

use std::sync::OnceLock;

use elsa::sync::FrozenMap;
use fairway_domain::EntityRef;
use memchr::memmem;

use crate::bits::Bits;
use crate::entity::CatalogEntity;
use crate::field::{self, Found, is_no_path};
use crate::field_index::{Column, FieldBuilder, FieldIndex, FieldValues, FieldsBuilder};
use crate::node::Node;
use crate::predicate::Field;
use crate::query::own_fields;

/// As many nodes one segment has at the most.
pub(crate) const SEGMENT: usize = 16_384;

/// The fields in which words are looked for beside name, title, description and kind.
const WORDS: [&str; 5] =
    ["metadata.tags", "spec.type", "spec.owner", "spec.profile.displayname", "spec.profile.email"];

/// Nodes, which are called documents by their number here, and the indexes over them.
pub(crate) struct Segment {
    /// Sorted by reference.
    nodes: Box<[Node]>,
    /// The hashes of the references, sorted, with the documents.
    hashes: Box<[(u64, u16)]>,
    /// Those that are entities.
    entities: Bits,
    /// Sorted by path.
    fields: Box<[(Box<str>, FieldValues)]>,
    /// The paths that texts in lists make, as far as they were asked for.
    listed: FrozenMap<Box<str>, Box<FieldIndex>>,
    /// What words are looked for in: name, title, description, kind and [`WORDS`] of each document, a line each.
    text: Box<str>,
    /// Where each line ends.
    text_ends: Box<[u32]>,
    /// The place of each document in the order of identifiers.
    uid_place: OnceLock<Box<[u16]>>,
    by_reference: OnceLock<Column>,
    /// The order by a field that nothing here has.
    by_nothing: OnceLock<Column>,
}

/// FNV-1a: short texts, the same everywhere.
fn hash(reference: &EntityRef) -> u64 {
    reference
        .as_str()
        .bytes()
        .fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

impl Segment {
    /// Indexes nodes, at most [`SEGMENT`] of them with different references.
    pub(crate) fn new(mut nodes: Vec<Node>) -> Self {
        nodes.sort_unstable_by(|one, other| one.reference.cmp(&other.reference));
        let length = nodes.len();
        let mut entities = Bits::none(length);
        let mut fields = FieldsBuilder::default();
        let (mut text, mut text_ends) = (String::new(), Vec::with_capacity(length));
        for (document, node) in nodes.iter().enumerate() {
            let document = document as u16;
            if let Some(entity) = &node.entity {
                entities.insert(document);
                entity.write_search_text(&mut text);
                let mut add = |Found { path, value, listed }: Found<'_>| {
                    if let Some(field) = fields.field(path) {
                        field.add(value, document, listed);
                    }
                    if let Some(value) = value
                        && WORDS.contains(&path)
                    {
                        text.push('\n');
                        text.push_str(&value.to_lowercase());
                    }
                };
                field::visit(entity, &mut add);
                own_fields(entity, &mut add);
            }
            text.push('\n');
            text_ends.push(text.len() as u32);
        }
        let mut hashes: Vec<(u64, u16)> = nodes
            .iter()
            .enumerate()
            .map(|(document, node)| (hash(&node.reference), document as u16))
            .collect();
        hashes.sort_unstable();
        Self {
            nodes: nodes.into(),
            hashes: hashes.into(),
            entities,
            fields: fields.finish(length),
            listed: FrozenMap::new(),
            text: text.into(),
            text_ends: text_ends.into(),
            uid_place: OnceLock::new(),
            by_reference: OnceLock::new(),
            by_nothing: OnceLock::new(),
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.nodes.len()
    }

    /// The documents that are entities.
    pub(crate) fn entities(&self) -> &Bits {
        &self.entities
    }

    pub(crate) fn node(&self, document: u16) -> Option<&Node> {
        self.nodes.get(usize::from(document))
    }

    pub(crate) fn entity(&self, document: u16) -> Option<&CatalogEntity> {
        self.node(document)?.entity.as_ref()
    }

    /// The document of a reference.
    pub(crate) fn find(&self, reference: &EntityRef) -> Option<u16> {
        let hash = hash(reference);
        let from = self.hashes.partition_point(|(found, _)| *found < hash);
        self.hashes
            .get(from..)?
            .iter()
            .take_while(|(found, _)| *found == hash)
            .map(|(_, document)| *document)
            .find(|document| self.node(*document).is_some_and(|node| node.reference == *reference))
    }

    /// The first document whose reference does not fit, of those sorted with the fitting ones first.
    pub(crate) fn partition_point(&self, fits: impl Fn(&EntityRef) -> bool) -> u16 {
        self.nodes.partition_point(|node| fits(&node.reference)) as u16
    }

    /// The values of a path. A text in a list makes a path of its own, which is put together when it is asked for the
    /// first time: there may be as many of them as there are entities.
    pub(crate) fn field(&self, path: &str) -> Option<&FieldIndex> {
        let own = self.own_field(path);
        let listing = || {
            path.match_indices('.').filter_map(|(dot, _)| {
                let (list, text) = (path.get(..dot)?, path.get(dot + 1..)?);
                self.own_field(list).filter(|index| index.lists(text)).map(|index| (index, text))
            })
        };
        if is_no_path(path) || listing().next().is_none() {
            return own;
        }
        if let Some(known) = self.listed.get(path) {
            return Some(known);
        }
        let mut rows: Vec<(u16, Option<&str>)> = own.map(FieldIndex::rows).unwrap_or_default();
        rows.extend(
            listing().flat_map(|(index, text)| index.listing(text)).map(|document| (document, Some("true"))),
        );
        rows.sort_unstable();
        let mut field = FieldBuilder::default();
        for (document, value) in rows {
            field.add(value, document, false);
        }
        Some(self.listed.insert(path.into(), Box::new(field.finish(self.len()))))
    }

    fn own_field(&self, path: &str) -> Option<&FieldIndex> {
        let found = self.fields.binary_search_by(|(known, _)| (**known).cmp(path)).ok()?;
        self.fields.get(found).map(|(_, field)| field.index())
    }

    /// The fields whose path begins with a text in lower case, sorted.
    pub(crate) fn fields_with_prefix(&self, prefix: &str) -> impl Iterator<Item = (&str, &FieldValues)> {
        let from = self.fields.partition_point(|(known, _)| **known < *prefix);
        let rest = self.fields.get(from..).unwrap_or_default().iter().map(|(path, field)| (&**path, field));
        rest.take_while(move |(path, _)| path.starts_with(prefix))
    }

    /// Adds the documents whose text holds a word in lower case.
    pub(crate) fn add_word(&self, word: &str, found: &mut Bits) {
        let finder = memmem::Finder::new(word);
        let text = self.text.as_bytes();
        let (mut from, mut document) = (0, 0);
        while let Some(at) = text.get(from..).and_then(|rest| finder.find(rest)) {
            let at = from + at;
            document +=
                self.text_ends.get(document..).unwrap_or_default().partition_point(|end| *end as usize <= at);
            let Some(end) = self.text_ends.get(document) else { break };
            found.insert(document as u16);
            from = *end as usize;
        }
    }

    fn uid_place(&self) -> &[u16] {
        self.uid_place.get_or_init(|| {
            let uid = |document: &u16| self.entity(*document).map_or("", CatalogEntity::uid);
            let mut sorted: Vec<u16> = (0..self.len()).map(|document| document as u16).collect();
            sorted.sort_unstable_by(|one, other| uid(one).cmp(uid(other)));
            let mut place = vec![0; sorted.len()];
            for (at, document) in sorted.into_iter().enumerate() {
                if let Some(slot) = place.get_mut(usize::from(document)) {
                    *slot = at as u16;
                }
            }
            place.into()
        })
    }

    /// The order by a field.
    pub(crate) fn column(&self, field: &Field) -> &Column {
        if *field == Field::reference() {
            return self.by_reference.get_or_init(|| {
                let terms = (0..self.len()).map(|document| document as u32).collect();
                Column::new(terms, &[])
            });
        }
        match self.field(field.as_str()) {
            Some(index) => index.column(self.uid_place()),
            None => self.by_nothing.get_or_init(|| Column::new(vec![u32::MAX; self.len()], self.uid_place())),
        }
    }
}
