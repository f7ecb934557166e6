//! Change requests of the embedded forge: the list, and one with what was said, checked and changed.

use fairway_domain::change_request::{ChangeRequest, ChangeState, Comment, Review, Verdict};
use fairway_domain::{Diagnostic, EntityRef, Timestamp};
use maud::{Markup, html};

use crate::chrome::{Chrome, Tone};
use crate::commit::{CommitRow, FileDiffView, commit_list, file_diff};
use crate::icon::icon;
use crate::measure::{ago, count};
use crate::part::{blocked, empty, entity_link, headline, section, state};
use crate::repository::{RepositoryHead, head};
use crate::safe::SafeHtml;
use crate::shell::document;
use crate::{address, code};

/// The page `/changes/requests`, or `…/changes` of one repository.
#[derive(Clone, Debug, Default)]
pub struct ChangeRequestsView {
    /// The repository; `None` for all.
    pub head: Option<RepositoryHead>,
    /// The change requests of the chosen state, the newest first.
    pub requests: Vec<ChangeRequest>,
    /// `open`, `merged` or `closed`.
    pub state: String,
    /// How many there are of each state, in the order open, merged, closed.
    pub counts: [usize; 3],
    /// The branches for which one can be opened.
    pub branches: Vec<String>,
    /// What is wrong with what was sent.
    pub error: Option<String>,
    /// Why this person may not open one.
    pub blocked: Option<String>,
}

/// The part of the page that is open, `?tab=`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ChangeTab {
    /// What was said, and what comes next.
    #[default]
    Conversation,
    /// `files`: the diff.
    Files,
    /// `commits`
    Commits,
}

impl ChangeTab {
    /// The tab of an address.
    pub fn parse(text: &str) -> Self {
        match text {
            "files" => Self::Files,
            "commits" => Self::Commits,
            _ => Self::Conversation,
        }
    }
}

/// A check of a change request.
#[derive(Clone, Debug)]
pub struct CheckRow {
    /// Its name.
    pub name: String,
    /// How it ended.
    pub tone: Tone,
    /// One line.
    pub summary: String,
    /// What is wrong.
    pub diagnostics: Vec<Diagnostic>,
}

/// The page `…/changes/{number}`.
#[derive(Clone, Debug)]
pub struct ChangeRequestView {
    /// The repository.
    pub head: RepositoryHead,
    /// The change request.
    pub request: ChangeRequest,
    /// The open tab.
    pub tab: ChangeTab,
    /// The description, rendered.
    pub description: SafeHtml,
    /// The comments' texts, rendered, in their order.
    pub comments: Vec<SafeHtml>,
    /// The reviews' texts, rendered, in their order.
    pub reviews: Vec<SafeHtml>,
    /// Its commits, the newest first.
    pub commits: Vec<CommitRow>,
    /// The changed files.
    pub files: Vec<FileDiffView>,
    /// How many changed files there are in all.
    pub changed: usize,
    /// What the checks say.
    pub checks: Vec<CheckRow>,
    /// Why it cannot be merged now.
    pub obstacles: Vec<String>,
    /// Why this person may not say or do anything.
    pub blocked: Option<String>,
    /// What is wrong with what was sent.
    pub error: Option<String>,
}

/// The address of a change request.
pub fn change_address(request: &ChangeRequest) -> String {
    format!("{}/changes/{}", address::repository(&request.repository), request.number)
}

/// The state in icon and word.
fn state_mark(request: &ChangeRequest) -> Markup {
    match request.state {
        ChangeState::Open => state(Tone::Info, "Open"),
        ChangeState::Merged { .. } => state(Tone::Good, "Merged"),
        ChangeState::Closed { .. } => html! { span.state.quiet { (icon("close")) "Closed" } },
    }
}

/// Renders the list.
pub fn change_requests(chrome: &Chrome, view: &ChangeRequestsView) -> String {
    let base = match &view.head {
        Some(head) => format!("{}/changes", address::repository(&head.repository)),
        None => "/change-requests".to_owned(),
    };
    let tab = |word: &str, title: &str, number: usize| {
        html! {
            a href=(address::query(&base, &[("state", word)])) aria-current=[(view.state == word).then_some("page")] {
                (title) " " span.count { (number) }
            }
        }
    };
    let [open, merged, closed] = view.counts;
    document(
        chrome,
        html! {
            @match &view.head {
                Some(repository) => (head(repository, "changes")),
                None => (headline("Change requests", Some(&html! { "What waits to be merged in the repositories of the embedded forge." }), None)),
            }
            @if let Some(error) = &view.error { p.notice.bad role="alert" { (icon("failed")) span { (error) } } }
            nav.tabs aria-label="States" {
                (tab("open", "Open", open)) (tab("merged", "Merged", merged)) (tab("closed", "Closed", closed))
            }
            @if view.requests.is_empty() {
                (empty("branch", "No change requests here", &html! { "Push a branch, then open one for it; or edit an entity on its page." }, None))
            } @else { (list(view, chrome.now)) }
            @if let Some(repository) = &view.head { (opening(view, repository)) }
        },
    )
}

fn list(view: &ChangeRequestsView, now: Timestamp) -> Markup {
    html! {
        ul.rows {
            @for request in &view.requests {
                li {
                    a.row-link.with-icon href=(change_address(request)) {
                        (icon("branch"))
                        span.row-main { (request.title) }
                        span.row-sub {
                            @if view.head.is_none() { (request.repository) }
                            "#" (request.number) " · " (request.author.name()) " · " (ago(now, request.updated_at))
                            @if !request.comments.is_empty() { " · " (count(request.comments.len(), "comment", "comments")) }
                            @if !request.approvals().is_empty() { " · approved" }
                            @if !request.objections().is_empty() { " · changes asked for" }
                        }
                    }
                }
            }
        }
    }
}

fn opening(view: &ChangeRequestsView, repository: &RepositoryHead) -> Markup {
    let form = html! {
        @match &view.blocked {
            Some(reason) => (blocked(reason)),
            None if view.branches.is_empty() => p.lead { "There is no other branch than " span.mono { (repository.default_branch) } ". Push one first." },
            None => form.form.panel action={ (address::repository(&repository.repository)) "/changes" } method="post" {
                div.field { label for="source" { "Branch" } select #source name="source" required { @for branch in &view.branches { option { (branch) } } } }
                div.field { label for="title" { "Title" } input #title name="title" required maxlength="200" autocomplete="off"; }
                div.field { label for="description" { "Description" } textarea #description name="description" rows="4" {} }
                div.actions { button.button.primary type="submit" { "Open a change request into " (repository.default_branch) } }
            }
        }
    };
    section("open-one", "Open one", None, &form)
}

/// Renders one change request.
pub fn change_request(chrome: &Chrome, view: &ChangeRequestView) -> String {
    let request = &view.request;
    let here = change_address(request);
    let tab = |tab: ChangeTab, name: &str, word: &str, number: Option<usize>| {
        html! {
            a href=(if name.is_empty() { here.clone() } else { format!("{here}?tab={name}") }) aria-current=[(tab == view.tab).then_some("page")] {
                (word) @if let Some(number) = number { " " span.count { (number) } }
            }
        }
    };
    let line = html! {
        (state_mark(request)) " "
        (entity_link(&request.author, request.author.name())) " asks to merge "
        span.mono { (request.source) } " into " span.mono { (request.target) }
        ", opened " (ago(chrome.now, request.opened_at)) "."
    };
    document(
        chrome,
        html! {
            (head(&view.head, "changes"))
            (headline(&format!("{} #{}", request.title, request.number), Some(&line), None))
            @if let Some(error) = &view.error { p.notice.bad role="alert" { (icon("failed")) span { (error) } } }
            nav.tabs aria-label="Parts of the change request" {
                (tab(ChangeTab::Conversation, "", "Conversation", None))
                (tab(ChangeTab::Files, "files", "Files", Some(view.changed)))
                (tab(ChangeTab::Commits, "commits", "Commits", Some(view.commits.len())))
            }
            @match view.tab {
                ChangeTab::Conversation => (conversation(chrome.now, view)),
                ChangeTab::Files => (files(chrome.now, view)),
                ChangeTab::Commits => (commit_list(&view.head.repository, &view.commits, chrome.now)),
            }
        },
    )
}

/// One thing that happened, for the order of the conversation.
enum Remark<'a> {
    Comment(&'a Comment, &'a SafeHtml),
    Review(&'a Review, &'a SafeHtml),
}

impl Remark<'_> {
    const fn at(&self) -> Timestamp {
        match self {
            Self::Comment(comment, _) => comment.at,
            Self::Review(review, _) => review.at,
        }
    }
}

fn conversation(now: Timestamp, view: &ChangeRequestView) -> Markup {
    let request = &view.request;
    let comments = request.comments.iter().zip(&view.comments).map(|(it, html)| Remark::Comment(it, html));
    let reviews = request.reviews.iter().zip(&view.reviews).map(|(it, html)| Remark::Review(it, html));
    let mut remarks: Vec<Remark<'_>> = comments.chain(reviews).collect();
    remarks.sort_by_key(Remark::at);
    html! {
        div.split {
            div {
                @if !view.description.as_str().is_empty() { div.panel.prose { (view.description) } }
                @if !request.fields.is_empty() { (field_changes(view)) }
                @for remark in &remarks {
                    @match remark {
                        Remark::Comment(comment, html) => (said(now, view, comment, html)),
                        Remark::Review(review, html) => (reviewed(now, request, review, html)),
                    }
                }
                @if view.description.as_str().is_empty() && remarks.is_empty() && request.fields.is_empty() {
                    p.lead { "Nobody has said anything yet." }
                }
                (ended(now, request))
                (say(view))
            }
            div { (outcome(view)) (checks(view)) }
        }
    }
}

fn field_changes(view: &ChangeRequestView) -> Markup {
    let entity = view.request.entity.as_ref();
    let table = html! {
        table.table {
            thead { tr { th { "Field" } th { "Now" } th { "After the merge" } } }
            tbody { @for change in &view.request.fields { tr {
                th scope="row" { code { (change.field) } }
                td { @match &change.before { Some(value) => (value), None => span.muted { "–" } } }
                td { @match &change.after { Some(value) => strong { (value) }, None => span.muted { "taken away" } } }
            } } }
        }
    };
    let side = html! { @if let Some(entity) = entity { (entity_link(entity, entity.name())) } };
    section("fields", "What changes", Some(&side), &table)
}

fn remark_head(now: Timestamp, author: &EntityRef, at: Timestamp, words: &Markup) -> Markup {
    html! { p.remark-head { (entity_link(author, author.name())) " " (words) " " span.muted { (ago(now, at)) } } }
}

fn said(now: Timestamp, view: &ChangeRequestView, comment: &Comment, text: &SafeHtml) -> Markup {
    let words = html! {
        @if let Some(place) = &comment.place {
            "on " a.mono href={ (change_address(&view.request)) "?tab=files" } { (place.path) ":" (place.line) }
            @if place.commit != view.request.head { " " span.chip { "older commit" } }
        }
    };
    html! {
        article.remark id={ "comment-" (comment.number) } {
            (remark_head(now, &comment.author, comment.at, &words))
            div.prose { (text) }
        }
    }
}

fn reviewed(now: Timestamp, request: &ChangeRequest, review: &Review, text: &SafeHtml) -> Markup {
    let (tone, word) = match review.verdict {
        Verdict::Approve => (Tone::Good, "approved"),
        Verdict::RequestChanges => (Tone::Bad, "asks for changes"),
    };
    let words = html! {
        (state(tone, word)) " at " span.mono { (review.commit.short()) }
        @if review.commit != request.head { " " span.chip { "older commit" } }
    };
    html! {
        article.remark {
            (remark_head(now, &review.author, review.at, &words))
            @if !text.as_str().is_empty() { div.prose { (text) } }
        }
    }
}

fn ended(now: Timestamp, request: &ChangeRequest) -> Markup {
    html! {
        @match &request.state {
            ChangeState::Open => {},
            ChangeState::Merged { commit, by, at } => p.notice.good {
                (icon("done")) span { "Merged by " (by.name()) " " (ago(now, *at)) " as " a.mono href=(address::commit(&request.repository, commit.as_str())) { (commit.short()) } "." }
            },
            ChangeState::Closed { by, at } => p.notice.quiet { (icon("close")) span { "Closed by " (by.name()) " " (ago(now, *at)) "." } },
        }
    }
}

fn say(view: &ChangeRequestView) -> Markup {
    let request = &view.request;
    if let Some(reason) = &view.blocked {
        return blocked(reason);
    }
    let own = view.blocked.is_none() && request.is_open();
    html! {
        form.form.panel action={ (change_address(request)) "/remark" } method="post" {
            input type="hidden" name="commit" value=(request.head);
            div.field { label for="text" { "Say something" } textarea #text name="text" rows="4" placeholder="Markdown" {} }
            div.actions {
                button.button type="submit" name="verdict" value="comment" { "Comment" }
                @if own {
                    button.button type="submit" name="verdict" value="request-changes" { (icon("failed")) "Ask for changes" }
                    button.button.primary type="submit" name="verdict" value="approve" { (icon("check")) "Approve" }
                }
            }
        }
    }
}

fn outcome(view: &ChangeRequestView) -> Markup {
    let request = &view.request;
    let here = change_address(request);
    let word = |open: bool| if open { "Reopen" } else { "Close" };
    html! {
        section.panel aria-labelledby="outcome-heading" {
            h2 #outcome-heading { "Merge" }
            @if request.is_open() {
                @if view.obstacles.is_empty() {
                    p { (state(Tone::Good, "Nothing is in the way")) }
                } @else {
                    ul.obstacles { @for obstacle in &view.obstacles { li { (icon("failed")) span { (obstacle) } } } }
                }
                @if request.approvals().is_empty() { p.muted { "Nobody has approved this commit yet." } }
            } @else { p { (state_mark(request)) } }
            @if view.blocked.is_none() {
                div.actions {
                    @if request.is_open() {
                        form action={ (here) "/merge" } method="post" {
                            input type="hidden" name="commit" value=(request.head);
                            button.button.primary type="submit" disabled[!view.obstacles.is_empty()] { (icon("commit")) "Merge into " (request.target) }
                        }
                    }
                    @if !matches!(request.state, ChangeState::Merged { .. }) {
                        form action={ (here) "/state" } method="post" {
                            input type="hidden" name="open" value=(if request.is_open() { "no" } else { "yes" });
                            button.button type="submit" { (word(!request.is_open())) }
                        }
                    }
                }
            }
        }
    }
}

fn checks(view: &ChangeRequestView) -> Markup {
    html! {
        @if !view.checks.is_empty() {
            section.panel aria-labelledby="checks-heading" {
                h2 #checks-heading { "Checks" }
                @for check in &view.checks {
                    p { (state(check.tone, &check.name)) " " span.muted { (check.summary) } }
                    @for diagnostic in check.diagnostics.iter().take(20) { (code::diagnostic(diagnostic, None)) }
                    @if check.diagnostics.len() > 20 { p.muted { (check.diagnostics.len() - 20) " more" } }
                }
            }
        }
    }
}

fn files(now: Timestamp, view: &ChangeRequestView) -> Markup {
    let request = &view.request;
    html! {
        p.muted { (count(view.changed, "file", "files")) " changed" }
        @for file in &view.files {
            (file_diff(file))
            @for (comment, text) in request.comments.iter().zip(&view.comments) {
                @if comment.place.as_ref().is_some_and(|place| place.path == file.path) { (said(now, view, comment, text)) }
            }
            @if view.blocked.is_none() {
                details.more {
                    summary { "Comment on a line" }
                    form.form.panel action={ (change_address(request)) "/remark" } method="post" {
                        input type="hidden" name="commit" value=(request.head);
                        input type="hidden" name="path" value=(file.path);
                        input type="hidden" name="verdict" value="comment";
                        div.field { label { "Line " input type="number" name="line" min="1" max="1000000" required; } }
                        div.field { label { "Comment" textarea name="text" rows="3" required {} } }
                        div.actions { button.button type="submit" { "Comment" } }
                    }
                }
            }
        }
        @if view.changed > view.files.len() { p.lead { (count(view.changed - view.files.len(), "more file is", "more files are")) " not shown here." } }
    }
}
