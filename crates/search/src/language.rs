//! The languages that words are brought to their stem in.

use frostem::{Algorithm, Stemmer};
use unicode_normalization::UnicodeNormalization;

use crate::analysis::normalised;

/// A language with a stemmer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Language {
    English,
    Russian,
    Turkish,
}

/// Words that carry no meaning on their own, sorted: a question is not narrowed down by them.
const STOP_WORDS: [&str; 60] = [
    "a", "an", "and", "are", "at", "bir", "bu", "by", "da", "de", "do", "for", "from", "gibi", "how", "i",
    "ile", "in", "is", "it", "my", "of", "on", "or", "our", "that", "the", "this", "to", "ve", "we", "what",
    "where", "which", "who", "with", "а", "в", "где", "для", "до", "же", "за", "и", "из", "или", "к", "как",
    "кто", "на", "не", "о", "от", "по", "с", "со", "у", "что", "это", "icin",
];

/// Words that are frequent in Turkish and in no other language here.
const TURKISH: [&str; 16] = [
    "bir", "bu", "daha", "gibi", "hizmet", "hizmeti", "icin", "ile", "olan", "olarak", "servis", "servisi",
    "tum", "ve", "veri", "yeni",
];

/// Whether a word, as [`normalised`] gives it, carries no meaning on its own.
pub(crate) fn is_stop_word(word: &str) -> bool {
    STOP_WORDS.contains(&word)
}

fn is_cyrillic(character: char) -> bool {
    ('\u{400}'..='\u{52f}').contains(&character)
}

impl Language {
    /// The language of a text that is not written in Cyrillic letters. Letters that only Turkish has decide, or two
    /// of its frequent words.
    pub(crate) fn of_latin(text: &str) -> Self {
        if !text.is_ascii() && text.chars().any(|character| "ıİğĞşŞ".contains(character)) {
            return Self::Turkish;
        }
        let words = text.split(|character: char| !character.is_alphanumeric());
        let is_frequent = |word: &&str| {
            if word.is_ascii() {
                TURKISH.iter().any(|known| known.eq_ignore_ascii_case(word))
            } else {
                TURKISH.contains(&normalised(word).as_str())
            }
        };
        let frequent = words.filter(is_frequent).take(2).count();
        if frequent == 2 { Self::Turkish } else { Self::English }
    }

    /// The stem of a word, without accents.
    pub(crate) fn stem(self, word: &str) -> String {
        let (algorithm, word) = match self {
            Self::English => (Algorithm::English, lower(word)),
            Self::Russian => (Algorithm::Russian, lower(word)),
            Self::Turkish => (Algorithm::Turkish, lower(&word.replace('I', "ı").replace('İ', "i"))),
        };
        normalised(&Stemmer::new(algorithm).stem(&word))
    }
}

fn lower(word: &str) -> String {
    if word.is_ascii() {
        return word.to_ascii_lowercase();
    }
    word.nfc().flat_map(char::to_lowercase).collect()
}

/// The stem of a word of a text whose Latin words are of `latin`.
pub(crate) fn stem_in_text(word: &str, latin: Language) -> String {
    if word.chars().any(is_cyrillic) { Language::Russian.stem(word) } else { latin.stem(word) }
}

/// The stems that a word of a question may have in texts: its language is not known.
pub(crate) fn stems_in_question(word: &str) -> Vec<String> {
    if word.chars().any(is_cyrillic) {
        return vec![Language::Russian.stem(word)];
    }
    let mut stems = vec![Language::English.stem(word), Language::Turkish.stem(word)];
    stems.sort();
    stems.dedup();
    stems
}

#[cfg(test)]
mod tests {
    use super::{Language, stems_in_question};

    #[test]
    fn forms_of_a_word_have_one_stem() {
        for (language, one, other) in [
            (Language::English, "deployments", "deploying"),
            (Language::Russian, "платежей", "платежами"),
            (Language::Russian, "Заказы", "заказов"),
            (Language::Turkish, "ÖDEMELERİ", "ödemeler"),
            (Language::Turkish, "SİPARİŞLER", "siparişleri"),
            (Language::Turkish, "IŞIKLAR", "ışık"),
        ] {
            assert_eq!(language.stem(one), language.stem(other), "{language:?} {one} {other}");
        }
        assert!(stems_in_question("odemeler").contains(&Language::Turkish.stem("ödemeleri")));
    }

    #[test]
    fn turkish_is_told_by_its_letters_or_its_words() {
        assert_eq!(Language::of_latin("Sipariş hizmeti"), Language::Turkish);
        assert_eq!(Language::of_latin("Odeme ve fatura servisi"), Language::Turkish);
        assert_eq!(Language::of_latin("The service for orders"), Language::English);
    }
}
