//! The icon set: own drawings on a 16 px grid, one stroke of 1.5, in the colour of the text.
//!
//! A page refers to icons by name and carries the drawings that it uses once, as symbols.

use maud::{Markup, PreEscaped, html};

/// An icon without a text alternative: whatever it stands beside says the same in words.
pub fn icon(name: &str) -> Markup {
    html! { svg.icon aria-hidden="true" { use href={ "#i-" (name) } {} } }
}

/// The icon's name for a kind of entity.
pub fn of_kind(kind: &str) -> &'static str {
    match kind.to_ascii_lowercase().as_str() {
        "component" => "component",
        "api" | "operation" | "schema" => "api",
        "resource" => "resource",
        "system" => "system",
        "domain" => "domain",
        "group" => "group",
        "user" => "user",
        "template" | "golden path" => "template",
        "location" => "location",
        "environment" => "environment",
        "resourceclass" => "class",
        "constrainttemplate" => "shield",
        "repository" => "repository",
        "run" => "run",
        "page" => "arrow",
        _ => "entity",
    }
}

/// A drawing by the name that a kind's description gives it; without one there, that of the kind.
pub fn named(name: Option<&str>, kind: &str) -> &'static str {
    let known = name.and_then(|name| DRAWINGS.iter().find(|(drawing, _)| *drawing == name));
    known.map_or_else(|| of_kind(kind), |(drawing, _)| drawing)
}

/// Symbols for the icons that `html` refers to, and for those that live updates may bring.
pub fn symbols(html: &str, live: bool) -> Markup {
    let lasting = ["lock", "done", "failed", "clock", "spin", "undo", "skip", "arrow", "warning", "external"];
    let used = |name: &str| (live && lasting.contains(&name)) || html.contains(&format!("\"#i-{name}\""));
    html! {
        svg.symbols aria-hidden="true" {
            @for (name, drawing) in DRAWINGS.iter().filter(|(name, _)| used(name)) {
                symbol id={ "i-" (name) } viewBox="0 0 16 16" fill="none" stroke="currentColor" stroke-width="1.5"
                    stroke-linecap="round" stroke-linejoin="round" { (PreEscaped(drawing)) }
            }
        }
    }
}

/// The mark: two buoys and the channel between them.
pub fn mark() -> Markup {
    PreEscaped(
        r#"<svg class="mark" viewBox="0 0 24 24" aria-hidden="true"><path class="mark-water" d="M2 17.5c2.2 0 2.2 1.5 4.4 1.5s2.2-1.5 4.4-1.5 2.2 1.5 4.4 1.5 2.2-1.5 4.4-1.5c1.2 0 1.7.45 2.4.85"/><path class="mark-port" d="M4 15.5 5.2 7h2.6L9 15.5z"/><path class="mark-port" d="M6.5 7V4.5"/><path class="mark-starboard" d="m15 15.5 2.5-9 2.5 9z"/><path class="mark-starboard" d="M17.5 6.5v-2"/></svg>"#
            .to_owned(),
    )
}

static DRAWINGS: [(&str, &str); 67] = [
    ("home", r#"<path d="M2.5 7.2 8 2.5l5.5 4.7v6.3h-3.7V9.7H6.2v3.8H2.5z"/>"#),
    (
        "catalog",
        r#"<path d="M2.5 2.5h4.4v4.4H2.5zM9.1 2.5h4.4v4.4H9.1zM2.5 9.1h4.4v4.4H2.5zM9.1 9.1h4.4v4.4H9.1z"/>"#,
    ),
    ("create", r#"<path d="M8 5.2v5.6M5.2 8h5.6"/><circle cx="8" cy="8" r="5.9"/>"#),
    ("plus", r#"<path d="M8 3v10M3 8h10"/>"#),
    ("environment", r#"<path d="m8 2 6 3.1-6 3.1-6-3.1zM2 8l6 3.1L14 8M2 10.9 8 14l6-3.1"/>"#),
    (
        "shield",
        r#"<path d="M8 1.9 13.2 4v3.7c0 3.1-2.1 5.3-5.2 6.4-3.1-1.1-5.2-3.3-5.2-6.4V4z"/><path d="m5.7 7.9 1.6 1.6 3-3.2"/>"#,
    ),
    (
        "repository",
        r#"<path d="M3.2 12.2V3.4c0-.8.6-1.4 1.4-1.4h8.2v9H4.5c-.8 0-1.3.5-1.3 1.2 0 .8.5 1.3 1.3 1.3h1M12.8 11v2.5H10"/><path d="M6.3 11.2V15l1.4-1 1.4 1v-3.8"/>"#,
    ),
    ("run", r#"<circle cx="8" cy="8" r="5.9"/><path d="M6.7 5.6v4.8L10.6 8z"/>"#),
    ("audit", r#"<path d="M3.5 2.2h9v11.6h-9zM6 5.4h4M6 8h4M6 10.6h2.2"/>"#),
    (
        "platform",
        r#"<circle cx="8" cy="3.4" r="1.5"/><path d="M8 4.9v9M5.4 7.2h5.2M2.4 9.2c.2 2.9 2.4 4.7 5.6 4.7s5.4-1.8 5.6-4.7"/>"#,
    ),
    ("search", r#"<circle cx="7" cy="7" r="4.3"/><path d="m10.3 10.3 3.4 3.4"/>"#),
    ("menu", r#"<path d="M2.5 4.2h11M2.5 8h11M2.5 11.8h11"/>"#),
    ("right", r#"<path d="m6 3.5 4.5 4.5L6 12.5"/>"#),
    ("down", r#"<path d="M3.5 6 8 10.5 12.5 6"/>"#),
    ("up", r#"<path d="M3.5 10 8 5.5l4.5 4.5"/>"#),
    ("arrow", r#"<path d="M2.8 8h10.4M9 3.8 13.2 8 9 12.2"/>"#),
    ("back", r#"<path d="M13.2 8H2.8M7 3.8 2.8 8 7 12.2"/>"#),
    ("check", r#"<path d="m3 8.4 3.4 3.4L13 4.8"/>"#),
    ("done", r#"<circle cx="8" cy="8" r="5.9"/><path d="m5.4 8.2 1.9 1.9 3.4-3.9"/>"#),
    ("failed", r#"<circle cx="8" cy="8" r="5.9"/><path d="m5.9 5.9 4.2 4.2M10.1 5.9l-4.2 4.2"/>"#),
    ("close", r#"<path d="m3.8 3.8 8.4 8.4M12.2 3.8l-8.4 8.4"/>"#),
    ("warning", r#"<path d="M8 2.3 14.2 13H1.8zM8 6.4v3.1M8 11.3v.1"/>"#),
    ("info", r#"<circle cx="8" cy="8" r="5.9"/><path d="M8 7.4v3.4M8 5.2v.1"/>"#),
    ("clock", r#"<circle cx="8" cy="8" r="5.9"/><path d="M8 4.8V8l2.2 1.6"/>"#),
    ("spin", r#"<path d="M8 2.1A5.9 5.9 0 1 1 2.1 8"/>"#),
    ("skip", r#"<circle cx="8" cy="8" r="5.9"/><path d="M5.4 8h5.2"/>"#),
    ("undo", r#"<path d="M5.4 2.8 2.4 5.7l3 2.9"/><path d="M2.6 5.7h6.6a4 4 0 0 1 0 8H6"/>"#),
    ("copy", r#"<path d="M5.5 5.5h8v8h-8z"/><path d="M10.5 5.5v-3h-8v8h3"/>"#),
    ("external", r#"<path d="M6.5 3H3v10h10V9.5M9.3 2.7h4v4M13 3 7.4 8.6"/>"#),
    (
        "link",
        r#"<path d="M6.6 9.4 9.4 6.6M7.2 4.6l1.6-1.6a3 3 0 0 1 4.2 4.2l-1.6 1.6M8.8 11.4 7.2 13A3 3 0 0 1 3 8.8l1.6-1.6"/>"#,
    ),
    ("file", r#"<path d="M3.7 1.9h5.5l3.1 3.1v9.1H3.7z"/><path d="M9 2.1v3.1h3.1"/>"#),
    ("folder", r#"<path d="M1.9 12.8V3.4h4.3l1.5 1.8h6.4v7.6z"/>"#),
    ("submodule", r#"<path d="M1.9 12.8V3.4h4.3l1.5 1.8h6.4v7.6z"/><path d="M8 7.5v3M6.5 9h3"/>"#),
    (
        "branch",
        r#"<circle cx="4.5" cy="3.6" r="1.6"/><circle cx="4.5" cy="12.4" r="1.6"/><circle cx="11.5" cy="5.2" r="1.6"/><path d="M4.5 5.2v5.6M11.5 6.8c0 2.4-3.6 2.2-5.9 3.4"/>"#,
    ),
    ("commit", r#"<circle cx="8" cy="8" r="2.6"/><path d="M1.5 8h3.9M10.6 8h3.9"/>"#),
    (
        "user",
        r#"<circle cx="8" cy="5.2" r="2.7"/><path d="M2.8 13.8c.5-2.9 2.4-4.4 5.2-4.4s4.7 1.5 5.2 4.4"/>"#,
    ),
    (
        "group",
        r#"<circle cx="6" cy="5.4" r="2.3"/><path d="M1.6 13.2c.4-2.5 2-3.9 4.4-3.9s4 1.4 4.4 3.9M10.2 3.3a2.3 2.3 0 0 1 0 4.3M11.6 9.6c1.6.5 2.5 1.7 2.8 3.6"/>"#,
    ),
    ("key", r#"<circle cx="5" cy="11" r="2.9"/><path d="m7.1 8.9 6.2-6.2M10.6 5.4l2.2 2.2"/>"#),
    ("exit", r#"<path d="M6.5 2.5h-4v11h4M6.5 8h7M10.5 5l3 3-3 3"/>"#),
    (
        "component",
        r#"<path d="m8 1.9 5.3 3v6.2L8 14.1l-5.3-3V4.9z"/><path d="M2.9 5 8 7.9 13.1 5M8 7.9v6"/>"#,
    ),
    (
        "api",
        r#"<path d="M5.8 2.5c-3 0-.8 5-3.6 5.5 2.8.5.6 5.5 3.6 5.5M10.2 2.5c3 0 .8 5 3.6 5.5-2.8.5-.6 5.5-3.6 5.5"/>"#,
    ),
    (
        "resource",
        r#"<ellipse cx="8" cy="3.9" rx="5" ry="1.9"/><path d="M3 3.9v8.2c0 1 2.2 1.9 5 1.9s5-.9 5-1.9V3.9M3 8c0 1 2.2 1.9 5 1.9S13 9 13 8"/>"#,
    ),
    ("system", r#"<path d="M2 2h12v12H2zM5 5h2.4v2.4H5zM8.9 8.8h2.4v2.4H8.9zM7.4 6.2h2.7v2.6"/>"#),
    ("domain", r#"<circle cx="8" cy="8" r="5.9"/><path d="m10.7 5.3-1.5 3.9-3.9 1.5 1.5-3.9z"/>"#),
    (
        "template",
        r#"<circle cx="3.6" cy="12.4" r="1.6"/><circle cx="12.4" cy="3.6" r="1.6"/><path d="M5.2 12.4h4.4a2.2 2.2 0 0 0 0-4.4H6.4a2.2 2.2 0 0 1 0-4.4h4.4"/>"#,
    ),
    (
        "location",
        r#"<path d="M8 14.2S3.4 10 3.4 6.4a4.6 4.6 0 0 1 9.2 0C12.6 10 8 14.2 8 14.2z"/><circle cx="8" cy="6.4" r="1.6"/>"#,
    ),
    (
        "class",
        r#"<path d="M2.2 4.6h11.6M2.2 11.4h11.6"/><circle cx="5.6" cy="4.6" r="1.7"/><circle cx="10.4" cy="11.4" r="1.7"/>"#,
    ),
    ("entity", r#"<path d="M8 2.2 13.8 8 8 13.8 2.2 8z"/>"#),
    (
        "graph",
        r#"<circle cx="3.6" cy="8" r="1.7"/><circle cx="12.2" cy="3.8" r="1.7"/><circle cx="12.2" cy="12.2" r="1.7"/><path d="m5.2 7.3 5.4-2.7M5.2 8.7l5.4 2.7"/>"#,
    ),
    ("list", r#"<path d="M5.5 4h8M5.5 8h8M5.5 12h8M2.5 4h.1M2.5 8h.1M2.5 12h.1"/>"#),
    (
        "refresh",
        r#"<path d="M13.3 6.5A5.6 5.6 0 0 0 3 5.3M2.7 2.4v3h3M2.7 9.5A5.6 5.6 0 0 0 13 10.7M13.3 13.6v-3h-3"/>"#,
    ),
    ("tag", r#"<path d="M2.4 2.4h5.4l5.8 5.8-5.4 5.4-5.8-5.8zM5.4 5.4h.1"/>"#),
    ("message", r#"<path d="M2 3.2h12v8.2H8.2L5 14v-2.6H2z"/>"#),
    (
        "book",
        r#"<path d="M8 4.2C6.6 3 4.8 2.6 2.2 2.6v9.6c2.6 0 4.4.4 5.8 1.6 1.4-1.2 3.2-1.6 5.8-1.6V2.6C11.2 2.6 9.4 3 8 4.2zM8 4.2v9.6"/>"#,
    ),
    ("lock", r#"<path d="M3.4 7.2h9.2v6.4H3.4zM5.3 7.2V5a2.7 2.7 0 0 1 5.4 0v2.2"/>"#),
    ("star", r#"<path d="m8 2 1.8 3.8 4.1.5-3 2.9.8 4.1L8 11.3l-3.7 2 .8-4.1-3-2.9 4.1-.5z"/>"#),
    ("terminal", r#"<path d="M1.9 2.9h12.2v10.2H1.9zM4.5 6l2 2-2 2M8.5 10.2h3"/>"#),
    ("diff", r#"<path d="M8 2.5v6M5 5.5h6M5 12.5h6"/>"#),
    (
        "edit",
        r#"<path d="M9.8 3.6 2.6 10.8v2.6h2.6l7.2-7.2zM8.4 5l2.6 2.6M9.8 3.6l1-1a1.1 1.1 0 0 1 1.6 0l1 1a1.1 1.1 0 0 1 0 1.6l-1 1"/>"#,
    ),
    ("promote", r#"<path d="M2.5 13.5 13 3M6.4 3H13v6.6"/>"#),
    ("rollback", r#"<path d="M2.7 2.6v3.7h3.7"/><path d="M3 6.1a5.5 5.5 0 1 1-.4 3.2"/>"#),
    ("deploy", r#"<path d="M8 10.6V2.4M4.6 5.8 8 2.4l3.4 3.4M2.5 10.2v3.3h11v-3.3"/>"#),
    (
        "money",
        r#"<circle cx="8" cy="8" r="5.9"/><path d="M10 5.6A3 3 0 1 0 10 10.400M4.600 7.300h4M4.600 8.800h3.600"/>"#,
    ),
    ("box", r#"<path d="M2.2 5.2h11.600v8.300H2.200zM3.400 2.500h9.200l1.200 2.700H2.200zM6.500 8h3"/>"#),
    ("sort", r#"<path d="M5 3v10M2.500 10.500 5 13l2.500-2.500M11 13V3M8.500 5.500 11 3l2.500 2.500"/>"#),
    ("dot", r#"<circle cx="8" cy="8" r="3" fill="currentColor" stroke="none"/>"#),
    ("play", r#"<path d="M4.500 2.800v10.400L13 8z"/>"#),
];

#[cfg(test)]
mod tests {
    use super::{icon, of_kind, symbols};

    #[test]
    fn a_page_carries_only_the_drawings_it_uses() {
        let page = icon(of_kind("Component")).into_string();
        let carried = symbols(&page, false).into_string();
        assert!(carried.contains("i-component"));
        assert!(!carried.contains("i-home"));
    }
}
