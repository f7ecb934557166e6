//! What a person typed, as a question to the index.
//!
//! Every word has to be found somewhere; where it is found best decides the score: a whole name before the beginning
//! of a name, a title, letters inside, labels, description and body. Scores are whole numbers, so that sums do not
//! depend on the order in which the index adds them.

use tantivy::Term;
use tantivy::query::{
    AllQuery, BooleanQuery, ConstScoreQuery, DisjunctionMaxQuery, FuzzyTermQuery, Occur, Query, TermQuery,
};
use tantivy::schema::{Field, IndexRecordOption};

use crate::analysis::{
    GRAM, LONGEST_WORD, compound, compounds, grams, joined, normalised, whole, words_of_compound,
};
use crate::distance::{forgiven, forgiven_at_last};
use crate::language::{is_stop_word, stems_in_question};
use crate::schema::Fields;

/// Letters of a question that are read, and words of it: more is no question but a paste.
const LONGEST_TEXT: usize = 512;
const MOST_WORDS: usize = 12;
const MOST_PARTS: usize = 8;
/// Shortest beginning of a word that is looked for in descriptions and bodies.
const SHORTEST_BEGINNING: usize = 3;

/// Scores. The steps between them are larger than what weight, ownership and usage add together.
pub(crate) const WHOLE_NAME: u32 = 2_000;
pub(crate) const WHOLE_TITLE: u32 = 1_800;
pub(crate) const WHOLE_BEGINNING: u32 = 1_000;
pub(crate) const WHOLE_TITLE_BEGINNING: u32 = 500;

/// Scores of a word in one field.
struct Worth {
    word: f32,
    stem: f32,
    beginning: f32,
    misspelt: f32,
}

const IN_NAME: Worth = Worth { word: 600.0, stem: 600.0, beginning: 500.0, misspelt: 60.0 };
const IN_TITLE: Worth = Worth { word: 450.0, stem: 440.0, beginning: 400.0, misspelt: 50.0 };
const INSIDE: f32 = 320.0;
const IN_LABELS: Worth = Worth { word: 260.0, stem: 255.0, beginning: 200.0, misspelt: 40.0 };
const IN_DESCRIPTION: Worth = Worth { word: 150.0, stem: 145.0, beginning: 140.0, misspelt: 20.0 };
const IN_BODY: Worth = Worth { word: 90.0, stem: 85.0, beginning: 80.0, misspelt: 10.0 };

/// How far a document may be from the words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reach {
    /// Every word as it was typed, in any of its forms.
    Exact,
    /// Every word, with typing errors.
    Misspelt,
    /// Any of the words, with more typing errors.
    Near,
}

/// A word of a question.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Word {
    /// Normalised.
    pub(crate) plain: String,
    /// What it may have been brought to in texts.
    pub(crate) stems: Vec<String>,
}

impl Word {
    fn new(text: &str) -> Option<Self> {
        let plain: String = normalised(text).chars().take(LONGEST_WORD).collect();
        let stems = stems_in_question(text).into_iter().filter(|stem| !stem.is_empty()).collect();
        (!plain.is_empty()).then_some(Self { plain, stems })
    }

    pub(crate) fn letters(&self) -> usize {
        self.plain.chars().count()
    }
}

/// Words that were typed as one, such as `orders-api`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Group {
    /// All its letters, when it is more than one word.
    pub(crate) joined: Option<Word>,
    pub(crate) words: Vec<Word>,
}

/// A question.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Question {
    /// All letters as one.
    pub(crate) whole: String,
    pub(crate) groups: Vec<Group>,
}

impl Question {
    pub(crate) fn read(text: &str) -> Self {
        let text: String = text.chars().take(LONGEST_TEXT).collect();
        let group = |together: &str| {
            let words: Vec<Word> =
                words_of_compound(together).into_iter().take(MOST_PARTS).filter_map(Word::new).collect();
            let joined = if words.len() > 1 { Word::new(&joined(together)) } else { None };
            (!words.is_empty()).then_some(Group { joined, words })
        };
        let mut groups: Vec<Group> = compounds(&text).filter_map(group).take(MOST_WORDS).collect();
        groups.dedup();
        let whole = whole(&text);
        let is_filler = |group: &Group| group.words.iter().all(|word| is_stop_word(&word.plain));
        // A question of nothing but fillers is taken at its word.
        if !groups.iter().all(is_filler) {
            groups.retain(|group| !is_filler(group));
        }
        Self { whole, groups }
    }

    /// Nothing that could be looked for.
    pub(crate) fn is_empty(&self) -> bool {
        self.groups.is_empty()
    }

    /// The question for the index, with values that attributes have to have.
    pub(crate) fn query(
        &self,
        fields: &Fields,
        reach: Reach,
        filters: &[(String, Vec<String>)],
    ) -> BooleanQuery {
        let mut clauses: Vec<(Occur, Box<dyn Query>)> = Vec::new();
        if self.is_empty() {
            clauses.push((Occur::Must, Box::new(ConstScoreQuery::new(Box::new(AllQuery), 0.0))));
        }
        let groups: Vec<Box<dyn Query>> =
            self.groups.iter().map(|group| of_group(fields, group, reach)).collect();
        if reach == Reach::Near && !groups.is_empty() {
            clauses.push((Occur::Must, Box::new(BooleanQuery::union(groups))));
        } else {
            clauses.extend(groups.into_iter().map(|group| (Occur::Must, group)));
        }
        for (name, values) in filters {
            let terms: Vec<Box<dyn Query>> = values
                .iter()
                .map(|value| -> Box<dyn Query> {
                    Box::new(TermQuery::new(fields.attribute(name, value), IndexRecordOption::Basic))
                })
                .collect();
            let any = Box::new(BooleanQuery::union(terms));
            clauses.push((Occur::Must, Box::new(ConstScoreQuery::new(any, 0.0))));
        }
        BooleanQuery::new(clauses)
    }
}

fn of_group(fields: &Fields, group: &Group, reach: Reach) -> Box<dyn Query> {
    let mut words: Vec<Box<dyn Query>> =
        group.words.iter().map(|word| of_word(fields, word, reach)).collect();
    let Some(joined) = &group.joined else {
        return if words.len() == 1 { words.remove(0) } else { Box::new(BooleanQuery::intersection(words)) };
    };
    let all = BooleanQuery::intersection(words);
    best(vec![Box::new(all), of_word(fields, joined, reach)])
}

fn of_word(fields: &Fields, word: &Word, reach: Reach) -> Box<dyn Query> {
    let letters = word.letters();
    let mut ways: Vec<Box<dyn Query>> = Vec::new();
    let errors = match reach {
        Reach::Exact => 0,
        Reach::Misspelt => forgiven(letters),
        Reach::Near => forgiven_at_last(letters),
    };
    for (field, worth, beginning_from) in [
        (fields.name, IN_NAME, 1),
        (fields.title, IN_TITLE, 1),
        (fields.labels, IN_LABELS, 2),
        (fields.description, IN_DESCRIPTION, SHORTEST_BEGINNING),
        (fields.body, IN_BODY, SHORTEST_BEGINNING),
    ] {
        ways.push(term(field, &word.plain, worth.word));
        let compound = compound(&word.plain);
        ways.push(term(field, &compound, worth.word));
        if field != fields.name {
            ways.extend(word.stems.iter().map(|stem| term(field, stem, worth.stem)));
        }
        if letters >= beginning_from {
            ways.push(begins(field, &word.plain, 0, worth.beginning));
        }
        if errors > 0 {
            ways.push(begins(field, &word.plain, errors, worth.misspelt));
            ways.push(resembles(field, &compound, errors, worth.misspelt));
        }
    }
    if letters >= GRAM {
        let grams: Vec<Box<dyn Query>> =
            grams(&word.plain).map(|gram| term(fields.infix, gram, 0.0)).collect();
        let inside = if grams.is_empty() { None } else { Some(BooleanQuery::intersection(grams)) };
        ways.extend(
            inside
                .map(|inside| -> Box<dyn Query> { Box::new(ConstScoreQuery::new(Box::new(inside), INSIDE)) }),
        );
    }
    best(ways)
}

fn best(ways: Vec<Box<dyn Query>>) -> Box<dyn Query> {
    Box::new(DisjunctionMaxQuery::new(ways))
}

fn term(field: Field, text: &str, score: f32) -> Box<dyn Query> {
    let query = TermQuery::new(Term::from_field_text(field, text), IndexRecordOption::Basic);
    Box::new(ConstScoreQuery::new(Box::new(query), score))
}

fn begins(field: Field, text: &str, errors: u8, score: f32) -> Box<dyn Query> {
    let query = FuzzyTermQuery::new_prefix(Term::from_field_text(field, text), errors, true);
    Box::new(ConstScoreQuery::new(Box::new(query), score))
}

fn resembles(field: Field, text: &str, errors: u8, score: f32) -> Box<dyn Query> {
    let query = FuzzyTermQuery::new(Term::from_field_text(field, text), errors, true);
    Box::new(ConstScoreQuery::new(Box::new(query), score))
}
