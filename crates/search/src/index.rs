//! The index: documents in, answers out.

use std::collections::BTreeSet;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::sync::{Mutex, PoisonError};

use tantivy::indexer::{IndexWriterOptions, LogMergePolicy};
use tantivy::schema::Value as _;
use tantivy::{Index, IndexReader, IndexSettings, IndexWriter, ReloadPolicy, Searcher, TantivyDocument};

use crate::collector::{Best, Found, Gathered};
use crate::document::SearchDocument;
use crate::error::SearchError;
use crate::question::{Question, Reach};
use crate::request::{FACETS, Facet, PartText, SearchAnswer, SearchHit, SearchRequest};
use crate::schema::Fields;

/// Bytes that documents are gathered in before they are written out. Taken as they are needed: a change takes little, and
/// a large catalog becomes a few segments that nobody has to merge.
const ARENA: usize = 32_000_000;
/// Segments of about one size that become one.
const MERGED_SEGMENTS: usize = 8;
/// Segments with fewer documents are of one size.
const SMALL_SEGMENT: u32 = 1_000;
/// Segments with more documents are not merged with others of their size, only cleaned.
const LARGE_SEGMENT: usize = 50_000;
/// Part of a segment's documents that may be gone before it is written anew.
const GONE: f32 = 0.3;
/// With fewer hits than this, words with typing errors are looked for as well.
const FEW: usize = 10;
/// How many documents are named when nothing was found.
const NEAR: usize = 5;

/// An index in memory. Shared by reference: one thread writes while many ask.
pub struct SearchIndex {
    fields: Fields,
    reader: IndexReader,
    writer: Mutex<Writer>,
}

struct Writer {
    documents: IndexWriter,
    /// Digests of the identifiers of all that was ever put in: what is new replaces nothing, and deleting costs a walk
    /// through every segment. Two identifiers of one digest only cost such a walk.
    known: BTreeSet<u64>,
}

impl Writer {
    fn is_new(&mut self, id: &str) -> bool {
        let mut digest = DefaultHasher::new();
        id.hash(&mut digest);
        self.known.insert(digest.finish())
    }
}

impl std::fmt::Debug for SearchIndex {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "SearchIndex({} documents)", self.len())
    }
}

impl SearchIndex {
    /// An empty index. It owns two threads, which sleep unless documents come.
    pub fn new() -> Result<Self, SearchError> {
        let fields = Fields::new();
        let failed = SearchError::while_doing("being made");
        let index = Index::builder()
            .schema(fields.schema.clone())
            .tokenizers(Fields::analysers())
            .settings(IndexSettings { docstore_compress_dedicated_thread: false, ..IndexSettings::default() })
            .create_in_ram()
            .map_err(&failed)?;
        let options = IndexWriterOptions::builder()
            .memory_budget_per_thread(ARENA)
            .num_worker_threads(1)
            .num_merge_threads(1)
            .build();
        let writer: IndexWriter = index.writer_with_options(options).map_err(&failed)?;
        let mut merging = LogMergePolicy::default();
        merging.set_min_num_segments(MERGED_SEGMENTS);
        merging.set_min_layer_size(SMALL_SEGMENT);
        merging.set_max_docs_before_merge(LARGE_SEGMENT);
        merging.set_del_docs_ratio_before_merge(GONE);
        writer.set_merge_policy(Box::new(merging));
        let reader =
            index.reader_builder().reload_policy(ReloadPolicy::Manual).try_into().map_err(&failed)?;
        Ok(Self { fields, reader, writer: Mutex::new(Writer { documents: writer, known: BTreeSet::new() }) })
    }

    /// Puts documents in, in the place of those with the same identifiers, and takes documents out. When it returns,
    /// every question sees all of it; before, none of it.
    pub fn apply(
        &self,
        documents: impl IntoIterator<Item = SearchDocument>,
        removed: &[String],
    ) -> Result<(), SearchError> {
        let failed = SearchError::while_doing("being written");
        let mut writer = self.writer.lock().unwrap_or_else(PoisonError::into_inner);
        for id in removed {
            writer.documents.delete_term(self.fields.identity(id));
        }
        for document in documents {
            if document.part_of.is_empty() && !writer.is_new(&document.id) {
                writer.documents.delete_term(self.fields.identity(&document.id));
            }
            writer.documents.add_document(self.fields.document(&document)).map_err(&failed)?;
        }
        writer.documents.commit().map_err(&failed)?;
        self.reader.reload().map_err(&failed)
    }

    /// Lets go of what was merged into something larger since documents came last; worth a call some seconds later.
    pub fn settle(&self) -> Result<(), SearchError> {
        let _writing = self.writer.lock().unwrap_or_else(PoisonError::into_inner);
        self.reader.reload().map_err(SearchError::while_doing("being read anew"))
    }

    /// How many documents there are.
    pub fn len(&self) -> usize {
        usize::try_from(self.reader.searcher().num_docs()).unwrap_or(usize::MAX)
    }

    /// Whether there is no document.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Answers a question. Any text is one; the error is the index's own.
    pub fn search(&self, request: &SearchRequest) -> Result<SearchAnswer, SearchError> {
        let searcher = self.reader.searcher();
        let question = Question::read(&request.text);
        let asked_for_nothing = question.is_empty() && !request.text.trim().is_empty();
        if asked_for_nothing {
            return Ok(SearchAnswer::default());
        }
        let limit = request.offset.saturating_add(request.limit);
        let (is_filtered, free): (Vec<usize>, Vec<usize>) = (0..FACETS.len()).partition(|place| {
            let facet = FACETS.get(*place).copied().unwrap_or_default();
            request.filters.iter().any(|(name, _)| name == facet)
        });
        let ask = |reach, filters: &[(String, Vec<String>)], limit, counted: Vec<usize>| {
            let best = Best { request, limit, whole: &question.whole, counted };
            self.ask(&searcher, &question, reach, filters, &best)
        };
        let mut reach = Reach::Exact;
        let mut found = ask(reach, &request.filters, limit, free.clone())?;
        if found.total < FEW && !question.is_empty() {
            reach = Reach::Misspelt;
            found = ask(reach, &request.filters, limit, free)?;
        }
        for place in is_filtered {
            let facet = FACETS.get(place).copied().unwrap_or_default();
            let others: Vec<(String, Vec<String>)> =
                request.filters.iter().filter(|(name, _)| name != facet).cloned().collect();
            found.counts.extend(ask(reach, &others, 0, vec![place])?.counts);
        }
        let near = if found.total == 0 {
            self.hits(&searcher, ask(Reach::Near, &request.filters, NEAR, Vec::new())?.hits)?
        } else {
            Vec::new()
        };
        let facets = FACETS.iter().enumerate().map(|(place, name)| {
            let counts = found.counts.remove(&place).unwrap_or_default();
            let mut values: Vec<(String, usize)> = counts.into_iter().collect();
            values.sort_by(|(one, many), (other, more)| more.cmp(many).then_with(|| one.cmp(other)));
            Facet { name, values }
        });
        let facets = facets.collect();
        let hits = self.hits(&searcher, found.hits.into_iter().skip(request.offset))?;
        Ok(SearchAnswer { hits, total: found.total, facets, near })
    }

    fn hits(
        &self,
        searcher: &Searcher,
        found: impl IntoIterator<Item = Found>,
    ) -> Result<Vec<SearchHit>, SearchError> {
        let mut hits = Vec::new();
        for found in found {
            let mut part = None;
            if let Some(address) = found.part {
                let kept: TantivyDocument =
                    searcher.doc(address).map_err(SearchError::while_doing("being asked"))?;
                let text = |field| kept.get_first(field).and_then(|text| text.as_str().map(str::to_owned));
                part = text(self.fields.shown_title).map(|title| PartText {
                    title,
                    description: text(self.fields.shown_description).unwrap_or_default(),
                });
            }
            hits.push(SearchHit { id: found.id, score: found.score.0, part });
        }
        Ok(hits)
    }

    fn ask(
        &self,
        searcher: &Searcher,
        question: &Question,
        reach: Reach,
        filters: &[(String, Vec<String>)],
        best: &Best<'_>,
    ) -> Result<Gathered, SearchError> {
        let query = question.query(&self.fields, reach, filters);
        searcher.search(&query, best).map_err(SearchError::while_doing("being asked"))
    }
}
