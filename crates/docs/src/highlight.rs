//! Source text with the words of its language marked.
//!
//! The classes are `hl-k` keyword, `hl-s` string, `hl-c` comment, `hl-n` number or constant, `hl-f` function,
//! `hl-t` type, `hl-a` key or attribute, `hl-d` deleted, `hl-i` inserted; the portal's stylesheet colours them.

use std::sync::LazyLock;

use syntect::parsing::{ParseState, Scope, ScopeStack, SyntaxReference, SyntaxSet};

/// The most bytes that are highlighted; longer texts are shown plainly.
pub const MAX_HIGHLIGHTED: usize = 256 * 1024;

/// A line longer than this is escaped only: grammars take time that grows faster than the line.
const MAX_LINE: usize = 2_000;

static SYNTAXES: LazyLock<SyntaxSet> = LazyLock::new(two_face::syntax::extra_newlines);

/// Beginnings of scope names with the class that they get; the innermost scope that has one wins.
const CLASSES: [(&str, &str); 24] = [
    ("comment", "c"),
    ("string", "s"),
    ("constant.character.escape", "n"),
    ("constant", "n"),
    ("keyword.operator", ""),
    ("keyword", "k"),
    ("storage.type.function", "k"),
    ("storage", "k"),
    ("entity.name.function", "f"),
    ("support.function", "f"),
    ("variable.function", "f"),
    ("entity.name.tag", "a"),
    ("entity.name.section", "a"),
    ("entity.name", "t"),
    ("entity.other.attribute-name", "a"),
    ("entity.other.inherited-class", "t"),
    ("support.type", "t"),
    ("support.class", "t"),
    ("variable.language", "k"),
    ("meta.mapping.key", "a"),
    ("markup.heading", "k"),
    ("markup.raw", "s"),
    ("markup.deleted", "d"),
    ("markup.inserted", "i"),
];

static SCOPES: LazyLock<Vec<(Scope, &'static str)>> = LazyLock::new(|| {
    CLASSES.iter().filter_map(|(name, class)| Scope::new(name).ok().map(|scope| (scope, *class))).collect()
});

/// The text of a file as HTML, one line of HTML for each line of text, each complete in itself. `None` when
/// the language is not known or the text is too long.
pub fn highlight(file_name: &str, text: &str) -> Option<String> {
    let name = file_name.rsplit('/').next().unwrap_or(file_name);
    let extension = name.rsplit_once('.').map(|(_, extension)| extension);
    let token = match (name, extension) {
        ("Dockerfile" | "Containerfile", _) => "Dockerfile",
        ("Makefile" | "GNUmakefile", _) => "Makefile",
        (_, Some("tpl" | "njk" | "j2")) => {
            return highlight(name.rsplit_once('.').map_or("", |(stem, _)| stem), text);
        }
        (_, Some("lock")) if name == "Cargo.lock" || name == "poetry.lock" || name == "uv.lock" => "toml",
        (_, Some(extension)) => extension,
        (_, None) => name,
    };
    highlight_language(token, text)
}

/// The same for a language's name or file extension.
pub fn highlight_language(language: &str, text: &str) -> Option<String> {
    if text.len() > MAX_HIGHLIGHTED || language.is_empty() || language.len() > 40 {
        return None;
    }
    let syntax = SYNTAXES.find_syntax_by_token(language)?;
    (syntax.name != "Plain Text").then(|| render(syntax, text))
}

fn render(syntax: &SyntaxReference, text: &str) -> String {
    let mut state = ParseState::new(syntax);
    let mut stack = ScopeStack::new();
    let mut html = String::with_capacity(text.len() * 2);
    for line in text.split_inclusive('\n') {
        let content = line.trim_end_matches(['\n', '\r']);
        if line.len() > MAX_LINE {
            escape(content, &mut html);
        } else {
            // A grammar that fails leaves the line plain; the next one is tried again.
            let changes = state.parse_line(line, &SYNTAXES).unwrap_or_default();
            let mut open = Span::default();
            let mut from = 0;
            for (at, change) in changes {
                let at = at.min(content.len());
                if let Some(piece) = content.get(from..at) {
                    open.write(piece, class(&stack), &mut html);
                    from = at;
                }
                if stack.apply(&change).is_err() {
                    stack = ScopeStack::new();
                }
            }
            open.write(content.get(from..).unwrap_or_default(), class(&stack), &mut html);
            open.close(&mut html);
        }
        html.push('\n');
    }
    html
}

/// Neighbouring pieces of the same class share one element.
#[derive(Default)]
struct Span {
    class: &'static str,
}

impl Span {
    fn write(&mut self, piece: &str, class: &'static str, html: &mut String) {
        if piece.is_empty() {
            return;
        }
        // White space looks the same in any class.
        if class != self.class && !piece.trim().is_empty() {
            self.close(html);
            if !class.is_empty() {
                html.push_str("<span class=\"hl-");
                html.push_str(class);
                html.push_str("\">");
            }
            self.class = class;
        }
        escape(piece, html);
    }

    fn close(&mut self, html: &mut String) {
        if !self.class.is_empty() {
            html.push_str("</span>");
            self.class = "";
        }
    }
}

fn class(stack: &ScopeStack) -> &'static str {
    let of = |scope: &Scope| {
        SCOPES.iter().find(|(prefix, _)| prefix.is_prefix_of(*scope)).map(|(_, class)| *class)
    };
    let found = stack.as_slice().iter().rev().find_map(of).unwrap_or("");
    // Keys of YAML and JSON are strings by scope and keys by meaning.
    let key = |scope: &Scope| scope.build_string().starts_with("entity.name.tag");
    if found == "s" && stack.as_slice().iter().any(key) { "a" } else { found }
}

/// Escapes text for HTML.
pub fn escape(text: &str, html: &mut String) {
    for character in text.chars() {
        match character {
            '&' => html.push_str("&amp;"),
            '<' => html.push_str("&lt;"),
            '>' => html.push_str("&gt;"),
            '"' => html.push_str("&quot;"),
            other => html.push(other),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::{MAX_HIGHLIGHTED, highlight};

    #[test]
    fn every_line_is_complete_in_itself() {
        let text = "/* a\n b */\nfn main() {\n    let x = \"<b>\n  two\";\n}\n";
        let html = highlight("main.rs", text).unwrap();
        assert_eq!(html.lines().count(), text.lines().count());
        for line in html.lines() {
            assert_eq!(line.matches("<span").count(), line.matches("</span>").count(), "{line}");
        }
        assert!(html.contains("&lt;b&gt;") && html.contains("hl-k") && html.contains("hl-c"));
    }

    #[test]
    fn the_usual_files_have_a_language() {
        for name in [
            "catalog-info.yaml",
            "package.json",
            "src/app.py",
            "src/index.ts",
            "main.go",
            "Cargo.toml",
            "Dockerfile",
            "Makefile",
            "schema.graphql",
            "README.md",
            "run.sh",
        ] {
            assert!(highlight(name, "a: 1\n").is_some(), "{name}");
        }
        assert!(highlight("LICENSE", "text").is_none());
    }

    #[test]
    fn what_is_too_long_stays_plain() {
        assert!(highlight("a.rs", &"x".repeat(MAX_HIGHLIGHTED + 1)).is_none());
        let html = highlight("a.rs", &format!("{}\nfn a() {{}}\n", "(".repeat(100_000))).unwrap();
        assert_eq!(html.lines().count(), 2);
    }
}
