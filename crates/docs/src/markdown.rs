//! Markdown (GitHub's dialect and MkDocs' admonitions) as safe HTML.

use comrak::nodes::{NodeHtmlBlock, NodeValue};
use comrak::{Anchorizer, Arena, Options, format_html, parse_document};

use crate::highlight::{escape, highlight_language};
use crate::{admonition, sanitise};

/// The most bytes of Markdown that are rendered; the rest is cut off, and said so.
pub const MAX_MARKDOWN: usize = 512 * 1024;

/// The deepest nesting of quotes and lists; deeper ones are shown as text.
const MAX_NESTING: usize = 60;

/// Where relative addresses lead.
#[derive(Clone, Debug, Default)]
pub struct MarkdownOptions {
    /// Put before relative links, with a slash at its end, for example `/repositories/a/b/blob/main/`.
    pub link_base: Option<String>,
    /// Put before relative images.
    pub image_base: Option<String>,
}

/// A heading of a document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Heading {
    /// 1 to 6, as the author wrote it; in the HTML it is one lower.
    pub level: u8,
    /// The target in the page, without `#`.
    pub id: String,
    /// The text.
    pub text: String,
}

/// Safe HTML and its headings.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Html {
    /// The HTML.
    pub html: String,
    /// The headings in order.
    pub headings: Vec<Heading>,
}

/// Renders Markdown. Headings come out one level lower, for a place below a page's headline.
pub fn markdown(text: &str, options: &MarkdownOptions) -> Html {
    let (text, cut) = bounded(text);
    if is_too_deep(text) {
        let mut html = "<pre><code>".to_owned();
        escape(text, &mut html);
        html.push_str("</code></pre>");
        return Html { html, headings: Vec::new() };
    }
    let prepared = admonition::rewrite(text);
    let arena = Arena::new();
    let dialect = dialect();
    let root = parse_document(&arena, &prepared, &dialect);
    let mut headings = Vec::new();
    let mut anchors = Anchorizer::new();
    for node in root.descendants() {
        let heading = match &mut node.data.borrow_mut().value {
            NodeValue::Heading(heading) => {
                let level = heading.level;
                // A document is a part of a page, whose own headline is the only one of the first level.
                heading.level = (level + 1).min(6);
                Some(level)
            }
            _ => None,
        };
        if let Some(level) = heading {
            let text = plain_text(node);
            let id = format!("doc-{}", anchors.anchorize(&text));
            headings.push(Heading { level, id, text });
        }
        let mut data = node.data.borrow_mut();
        if let NodeValue::CodeBlock(block) = &data.value {
            let literal = code_block(&block.info, &block.literal);
            data.value = NodeValue::HtmlBlock(NodeHtmlBlock { block_type: 6, literal });
        }
    }
    let mut html = String::with_capacity(prepared.len() * 2);
    // Writing to a String cannot fail.
    let _ = format_html(root, &dialect, &mut html);
    if cut {
        html.push_str("<p><em>The rest is too long to be shown here.</em></p>");
    }
    Html { html: sanitise::clean(&html, options), headings }
}

fn dialect() -> Options<'static> {
    let mut options = Options::default();
    options.extension.strikethrough = true;
    options.extension.table = true;
    options.extension.autolink = true;
    options.extension.tasklist = true;
    options.extension.footnotes = true;
    options.extension.alerts = true;
    options.extension.header_id_prefix = Some("doc-".to_owned());
    options.extension.front_matter_delimiter = Some("---".to_owned());
    // HTML in Markdown is let through here and cleaned at the end.
    options.render.r#unsafe = true;
    options
}

fn bounded(text: &str) -> (&str, bool) {
    if text.len() <= MAX_MARKDOWN {
        return (text, false);
    }
    let mut end = MAX_MARKDOWN;
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    (text.get(..end).unwrap_or_default(), true)
}

/// Whether a line opens more containers than anybody writes, which costs time and stack.
fn is_too_deep(text: &str) -> bool {
    let marks = |line: &str| {
        let opening = line.chars().take_while(|c| c.is_whitespace() || ">-*+".contains(*c));
        let (mut marks, mut spaces) = (0_usize, 0_usize);
        for character in opening {
            match character {
                '>' => marks += 1,
                ' ' => spaces += 1,
                '\t' => spaces += 4,
                _ => {}
            }
        }
        marks.max(spaces / 2)
    };
    text.lines().any(|line| marks(line) > MAX_NESTING) || brackets(text) || tags(text)
}

/// Whether thousands of brackets are opened and never closed.
fn brackets(text: &str) -> bool {
    text.lines().any(|line| {
        let count = |of: char| line.matches(of).count();
        count('[').saturating_sub(count(']')) > 500 || count('*').max(count('_')) > 5_000
    })
}

/// Whether HTML elements are nested deeper than anybody writes.
fn tags(text: &str) -> bool {
    text.matches("</").count() + 2_000 < text.matches('<').count()
}

fn code_block(info: &str, literal: &str) -> String {
    let language = info.split([' ', ',', '{']).next().unwrap_or_default();
    let mut html = "<pre><code>".to_owned();
    match highlight_language(language, literal) {
        Some(highlighted) => html.push_str(&highlighted),
        None => escape(literal, &mut html),
    }
    html.push_str("</code></pre>\n");
    html
}

fn plain_text(node: comrak::Node<'_>) -> String {
    let mut text = String::new();
    for child in node.descendants() {
        match &child.data.borrow().value {
            NodeValue::Text(literal) => text.push_str(literal),
            NodeValue::Code(code) => text.push_str(&code.literal),
            NodeValue::LineBreak | NodeValue::SoftBreak => text.push(' '),
            _ => {}
        }
    }
    text
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing)]
    use super::{MarkdownOptions, markdown};

    fn html(text: &str) -> String {
        markdown(text, &MarkdownOptions::default()).html
    }

    #[test]
    fn scripts_do_not_survive() {
        for text in [
            "<script>alert(1)</script>",
            "<img src=x onerror=alert(1)>",
            "[x](javascript:alert(1))",
            "<a href=\"JaVaScRiPt:alert(1)\">x</a>",
            "<iframe src=\"https://x\"></iframe>",
            "<style>body{display:none}</style>",
            "<form action=/runs><button>x</button></form>",
            "!!! note \"<img src=x onerror=alert(1)>\"\n    text",
            "```html\n<script>alert(1)</script>\n```",
        ] {
            let html = html(text);
            for bad in
                ["<script", "onerror=\"", "javascript:", "JaVa", "<iframe", "<style", "<form", "<button"]
            {
                assert!(!html.contains(bad), "{text} gave {html}");
            }
        }
    }

    #[test]
    fn documents_cannot_take_the_ids_of_the_page() {
        assert!(!html("<p id=\"content\">x</p>").contains("id="));
        assert!(!html("<p class=\"panel apply\">x</p>").contains("class="));
    }

    #[test]
    fn admonitions_hold_markdown() {
        let html = html("!!! warning \"Take care\"\n    Some **bold** text\n\n    - a list\n\nAfter\n");
        assert!(html.contains("class=\"admonition warning\""), "{html}");
        assert!(
            html.contains("Take care") && html.contains("<strong>bold</strong>") && html.contains("<li>")
        );
        assert!(html.find("After").unwrap() > html.find("</div>").unwrap());
        assert!(super::admonition::rewrite("```\n!!! note\n    x\n```\n").contains("!!! note"));
    }

    #[test]
    fn headings_are_listed_with_their_targets() {
        let document = markdown("# One `two`\n\n## Same\n\n## Same\n", &MarkdownOptions::default());
        assert!(document.html.contains("<h2") && !document.html.contains("<h1"), "{}", document.html);
        let ids: Vec<&str> = document.headings.iter().map(|heading| heading.id.as_str()).collect();
        assert_eq!(ids, ["doc-one-two", "doc-same", "doc-same-1"]);
        for id in ids {
            assert!(document.html.contains(&format!("id=\"{id}\"")), "{}", document.html);
        }
    }

    #[test]
    fn relative_addresses_lead_into_the_repository() {
        let options = MarkdownOptions {
            link_base: Some("/repositories/a/b/blob/main/".into()),
            image_base: Some("/repositories/a/b/raw/main/".into()),
        };
        let html =
            markdown("[x](docs/../../../y.md#z) ![i](img/a.png) [e](https://e.example) [h](#top)", &options)
                .html;
        assert!(html.contains("href=\"/repositories/a/b/blob/main/y.md#z\""), "{html}");
        assert!(html.contains("src=\"/repositories/a/b/raw/main/img/a.png\""), "{html}");
        assert!(html.contains("href=\"https://e.example\"") && html.contains("href=\"#doc-top\""), "{html}");
    }

    #[test]
    fn tables_tasks_and_code_are_rendered() {
        let html = html("| a |\n|---|\n| b |\n\n- [x] done\n\n```rust\nfn main() {}\n```\n");
        assert!(
            html.contains("<table>") && html.contains("type=\"checkbox\"") && html.contains("hl-k"),
            "{html}"
        );
    }

    #[test]
    fn hostile_depth_and_length_end_soon() {
        for text in [
            ">".repeat(100_000),
            "- ".repeat(50_000),
            "[".repeat(100_000),
            "*a ".repeat(50_000),
            "<div>".repeat(50_000),
            "a\n".repeat(400_000),
            format!("!!! note\n{}", "    !!! note\n".repeat(1_000)),
        ] {
            assert!(html(&text).len() < 4_000_000);
        }
    }
}
