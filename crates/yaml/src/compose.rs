//! From parser events to one document's value, its spots and what is wrong with it.

use std::collections::BTreeMap;
use std::sync::Arc;

use fairway_domain::Diagnostic;
use granit_parser::{Event, ScalarStyle, Span, Tag};
use serde_json::{Map, Value};

use crate::core_schema;
use crate::document::Spot;
use crate::limits::Limits;
use crate::source::{Mark, Source};

/// How many things one document is told about itself.
const COMPLAINTS: usize = 20;
/// The tag namespace of the core schema and its relatives.
const YAML_TAGS: &str = "tag:yaml.org,2002:";
const MERGE: &str = "<<";

/// What to do after an event.
pub(crate) enum Outcome {
    GoOn,
    /// Nothing more of the stream may be read.
    LimitCrossed,
    /// Nothing more of this document may be read.
    TooDeep,
}

/// A finished value and what it weighs, so that aliases can be charged for it.
#[derive(Clone)]
struct Node {
    value: Value,
    weight: Weight,
}

#[derive(Clone, Copy, Default)]
struct Weight {
    nodes: usize,
    bytes: usize,
    depth: usize,
}

impl Weight {
    fn add_child(&mut self, child: Self) {
        self.nodes = self.nodes.saturating_add(child.nodes);
        self.bytes = self.bytes.saturating_add(child.bytes);
        self.depth = self.depth.max(child.depth + 1);
    }
}

/// The key that the next value of a mapping belongs to.
enum PendingKey {
    Entry {
        key: String,
        mark: Mark,
    },
    Merge {
        mark: Mark,
    },
    /// The key was no good; the value is read and dropped.
    Dropped,
}

enum Shape {
    Mapping {
        map: Map<String, Value>,
        marks: Vec<Mark>,
        merged: Vec<(Mark, Value)>,
        pending: Option<PendingKey>,
    },
    Sequence(Vec<Value>),
}

struct Frame {
    shape: Shape,
    spot: usize,
    anchor: usize,
    mark: Mark,
    weight: Weight,
}

/// Builds one document after the other.
pub(crate) struct Composer<'a> {
    source: Arc<Source>,
    limits: &'a Limits,
    frames: Vec<Frame>,
    root: Option<Value>,
    spots: Vec<Spot>,
    anchors: BTreeMap<usize, Node>,
    complaints: Vec<Diagnostic>,
    /// Values made in this stream, copies for aliases included.
    nodes: usize,
    /// Bytes that copies for aliases took.
    copied: usize,
}

impl<'a> Composer<'a> {
    pub(crate) fn new(source: Arc<Source>, limits: &'a Limits) -> Self {
        Self {
            source,
            limits,
            frames: Vec::new(),
            root: None,
            spots: Vec::new(),
            anchors: BTreeMap::new(),
            complaints: Vec::new(),
            nodes: 0,
            copied: 0,
        }
    }

    /// Begins a document.
    pub(crate) fn begin(&mut self) {
        self.frames.clear();
        self.root = None;
        self.spots.clear();
        self.anchors.clear();
        self.complaints.clear();
    }

    /// Ends a document, whole or not, and hands over what there is.
    pub(crate) fn end(&mut self) -> (Option<Value>, Vec<Spot>, Vec<Diagnostic>) {
        self.frames.clear();
        self.anchors.clear();
        (self.root.take(), std::mem::take(&mut self.spots), std::mem::take(&mut self.complaints))
    }

    /// Notes an error in the current document.
    pub(crate) fn report(&mut self, mark: Mark, code: &str, message: impl Into<String>, hint: Option<&str>) {
        if self.complaints.len() >= COMPLAINTS {
            return;
        }
        let location = self.source.location(mark);
        let line = self.source.quoted(location.line);
        let mut diagnostic = Diagnostic::error(code, message).at(location, line);
        diagnostic.hint = hint.map(str::to_owned);
        self.complaints.push(diagnostic);
    }

    /// Takes one event of a document.
    pub(crate) fn take(&mut self, event: Event<'_>, span: &Span) -> Outcome {
        let mark = Mark::from(span.start);
        match event {
            Event::Scalar(text, style, anchor, tag) => {
                let merge = style == ScalarStyle::Plain && text == MERGE && tag.is_none();
                let value = self.scalar(&text, style, tag.as_deref(), mark);
                let node = Node { weight: Weight { nodes: 1, bytes: text.len(), depth: 0 }, value };
                self.scalar_node(node, anchor, mark, merge)
            }
            Event::SequenceStart(_, anchor, _) => self.open(Shape::Sequence(Vec::new()), anchor, mark),
            Event::MappingStart(_, anchor, _) => {
                let (map, marks, merged, pending) = Default::default();
                self.open(Shape::Mapping { map, marks, merged, pending }, anchor, mark)
            }
            Event::SequenceEnd | Event::MappingEnd => self.close(),
            Event::Alias(anchor) => self.alias(anchor, mark),
            Event::UnresolvedAlias(name) => {
                let name: String = name.chars().take(80).collect();
                let message =
                    format!("the alias \"*{name}\" has no anchor \"&{name}\" before it in this document");
                self.report(
                    mark,
                    "yaml-alias",
                    message,
                    Some("quote the text if it is not meant as an alias"),
                );
                self.alias_node(Node { value: Value::Null, weight: Weight::default() }, mark)
            }
            _ => Outcome::GoOn,
        }
    }

    fn scalar(&mut self, text: &str, style: ScalarStyle, tag: Option<&Tag>, mark: Mark) -> Value {
        match tag {
            None if style == ScalarStyle::Plain => core_schema::resolve(text),
            None => Value::String(text.to_owned()),
            Some(tag) => {
                let name = tag.suffix_in_namespace(YAML_TAGS);
                core_schema::resolve_tagged(text, name.as_deref()).unwrap_or_else(|| {
                    let shown: String = text.chars().take(80).collect();
                    let kind = name.unwrap_or_default();
                    self.report(mark, "yaml-tag", format!("\"{shown}\" is no {kind}"), None);
                    Value::Null
                })
            }
        }
    }

    fn scalar_node(&mut self, node: Node, anchor: usize, mark: Mark, merge: bool) -> Outcome {
        if self.charge(1, 0, mark) || (anchor > 0 && self.remember(anchor, &node, mark)) {
            return Outcome::LimitCrossed;
        }
        if self.expects_key() {
            self.key(&node.value, mark, merge);
        } else {
            let spot = self.begin_spot(mark);
            self.place(node, spot);
        }
        Outcome::GoOn
    }

    fn open(&mut self, shape: Shape, anchor: usize, mark: Mark) -> Outcome {
        if self.charge(1, 0, mark) {
            return Outcome::LimitCrossed;
        }
        if self.frames.len() >= self.limits.depth {
            self.too_deep(mark);
            return Outcome::TooDeep;
        }
        let spot = self.begin_spot(mark);
        self.frames.push(Frame {
            shape,
            spot,
            anchor,
            mark,
            weight: Weight { nodes: 1, bytes: 0, depth: 1 },
        });
        Outcome::GoOn
    }

    fn close(&mut self) -> Outcome {
        let Some(mut frame) = self.frames.pop() else { return Outcome::GoOn };
        let value = match frame.shape {
            Shape::Sequence(items) => Value::Array(items),
            Shape::Mapping { mut map, merged, .. } => {
                self.merge(&mut map, merged);
                Value::Object(map)
            }
        };
        self.end_spot(frame.spot);
        // What merge keys brought is charged with the alias that it came by.
        frame.weight.nodes = frame.weight.nodes.max(1);
        let node = Node { value, weight: frame.weight };
        if frame.anchor > 0 && self.remember(frame.anchor, &node, frame.mark) {
            return Outcome::LimitCrossed;
        }
        if self.expects_key() {
            self.spots.truncate(frame.spot);
            self.key(&node.value, frame.mark, false);
        } else {
            self.place(node, frame.spot);
        }
        Outcome::GoOn
    }

    fn alias(&mut self, anchor: usize, mark: Mark) -> Outcome {
        let Some(target) = self.anchors.get(&anchor) else {
            self.report(mark, "yaml-alias", "the alias stands inside the value that its anchor names", None);
            return self.alias_node(Node { value: Value::Null, weight: Weight::default() }, mark);
        };
        let weight = target.weight;
        if self.frames.len() + weight.depth > self.limits.depth {
            self.too_deep(mark);
            return Outcome::TooDeep;
        }
        if self.charge(weight.nodes, weight.bytes, mark) {
            return Outcome::LimitCrossed;
        }
        match self.anchors.get(&anchor).cloned() {
            Some(node) => self.alias_node(node, mark),
            None => Outcome::GoOn,
        }
    }

    fn alias_node(&mut self, node: Node, mark: Mark) -> Outcome {
        if self.expects_key() {
            self.key(&node.value, mark, false);
        } else {
            let spot = self.begin_spot(mark);
            self.place(node, spot);
        }
        Outcome::GoOn
    }

    fn expects_key(&self) -> bool {
        matches!(self.frames.last(), Some(Frame { shape: Shape::Mapping { pending: None, .. }, .. }))
    }

    /// Takes `value` as the key of the innermost mapping.
    fn key(&mut self, value: &Value, mark: Mark, merge: bool) {
        let key = match value {
            Value::String(text) => text.clone(),
            Value::Null => String::new(),
            Value::Bool(truth) => truth.to_string(),
            Value::Number(number) => number_key(number),
            Value::Array(_) | Value::Object(_) => {
                let hint = "a key must be a plain text; quote a text that begins with \"[\" or \"{\"";
                self.report(mark, "yaml-complex-key", "a list or mapping is used as a key", Some(hint));
                return self.set_pending(PendingKey::Dropped);
            }
        };
        if merge {
            return self.set_pending(PendingKey::Merge { mark });
        }
        let first = match self.frames.last() {
            Some(Frame { shape: Shape::Mapping { map, .. }, .. })
                if map.contains_key(&key) && self.complaints.len() >= COMPLAINTS =>
            {
                return self.set_pending(PendingKey::Dropped);
            }
            Some(Frame { shape: Shape::Mapping { map, marks, .. }, .. }) if map.contains_key(&key) => {
                map.keys().position(|other| *other == key).and_then(|index| marks.get(index)).copied()
            }
            _ => return self.set_pending(PendingKey::Entry { key, mark }),
        };
        let shown: String = key.chars().take(80).collect();
        let place = first.map_or_else(String::new, |first| {
            format!("; it stands first in line {}, column {}", first.line, first.column)
        });
        let hint = "keep one of the two";
        self.report(
            mark,
            "yaml-duplicate-key",
            format!("the key \"{shown}\" stands here a second time{place}"),
            Some(hint),
        );
        self.set_pending(PendingKey::Dropped);
    }

    fn set_pending(&mut self, key: PendingKey) {
        if let Some(Frame { shape: Shape::Mapping { pending, .. }, .. }) = self.frames.last_mut() {
            *pending = Some(key);
        }
    }

    /// Puts a finished value where it belongs.
    fn place(&mut self, node: Node, spot: usize) {
        let Some(frame) = self.frames.last_mut() else {
            self.root = Some(node.value);
            return;
        };
        frame.weight.add_child(node.weight);
        match &mut frame.shape {
            Shape::Sequence(items) => items.push(node.value),
            Shape::Mapping { map, marks, merged, pending } => match pending.take() {
                Some(PendingKey::Entry { key, mark }) => {
                    map.insert(key, node.value);
                    marks.push(mark);
                }
                Some(PendingKey::Merge { mark }) => {
                    merged.push((mark, node.value));
                    self.spots.truncate(spot);
                }
                Some(PendingKey::Dropped) | None => self.spots.truncate(spot),
            },
        }
    }

    /// Adds what merge keys bring: a mapping's own keys win, then the earlier mapping does.
    fn merge(&mut self, map: &mut Map<String, Value>, merged: Vec<(Mark, Value)>) {
        for (mark, value) in merged {
            let sources = match value {
                Value::Array(items) => items,
                other => vec![other],
            };
            for source in sources {
                let Value::Object(entries) = source else {
                    let message = "the merge key \"<<\" takes a mapping or a list of mappings";
                    self.report(mark, "yaml-merge", message, None);
                    continue;
                };
                for (key, value) in entries {
                    if !map.contains_key(&key) {
                        map.insert(key, value);
                        let next = u32::try_from(self.spots.len() + 1).unwrap_or(u32::MAX);
                        self.spots.push(Spot { key: Some(mark), value: mark, next });
                    }
                }
            }
        }
    }

    fn begin_spot(&mut self, value: Mark) -> usize {
        let key = match self.frames.last() {
            Some(Frame {
                shape: Shape::Mapping { pending: Some(PendingKey::Entry { mark, .. }), .. },
                ..
            }) => Some(*mark),
            _ => None,
        };
        let index = self.spots.len();
        self.spots.push(Spot { key, value, next: u32::try_from(index + 1).unwrap_or(u32::MAX) });
        index
    }

    fn end_spot(&mut self, index: usize) {
        let next = u32::try_from(self.spots.len()).unwrap_or(u32::MAX);
        if let Some(spot) = self.spots.get_mut(index) {
            spot.next = next;
        }
    }

    /// Keeps a copy for later aliases; true when that crosses a limit.
    fn remember(&mut self, anchor: usize, node: &Node, mark: Mark) -> bool {
        if self.charge(node.weight.nodes, node.weight.bytes, mark) {
            return true;
        }
        self.anchors.insert(anchor, node.clone());
        false
    }

    /// Counts what is about to be made; true when that crosses a limit.
    fn charge(&mut self, nodes: usize, copied: usize, mark: Mark) -> bool {
        self.nodes = self.nodes.saturating_add(nodes);
        self.copied = self.copied.saturating_add(copied);
        if self.nodes > self.limits.nodes {
            let message =
                format!("the file stands for more than {} values, aliases followed", self.limits.nodes);
            self.report(mark, "yaml-limit", message, Some("split the file, or use fewer aliases"));
            return true;
        }
        let most = self.limits.bytes.saturating_mul(2);
        if self.copied > most {
            let message = format!("the aliases of the file repeat more than {most} bytes of text");
            self.report(mark, "yaml-limit", message, Some("use fewer aliases"));
            return true;
        }
        false
    }

    fn too_deep(&mut self, mark: Mark) {
        let message = format!("the document is nested deeper than {} levels", self.limits.depth);
        self.report(mark, "yaml-limit", message, None);
    }
}

/// A number as JavaScript writes it for a property name.
fn number_key(number: &serde_json::Number) -> String {
    let text = number.to_string();
    text.strip_suffix(".0").map(str::to_owned).unwrap_or(text)
}
