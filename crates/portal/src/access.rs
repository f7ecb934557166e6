//! Tokens, and signing in.

use fairway_domain::{Permission, Timestamp};
use maud::{Markup, html};

use crate::address;
use crate::chrome::Chrome;
use crate::icon::icon;
use crate::measure::ago;
use crate::part::{blocked, chip, copyable, empty, headline, section};
use crate::shell::{Document, document, document_with};

/// A token, never its secret.
#[derive(Clone, Debug)]
pub struct TokenRow {
    /// Its public identifier.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Who made it.
    pub owner: String,
    /// What it may; `None` for all that its owner may.
    pub scopes: Option<Vec<Permission>>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it ends.
    pub expires_at: Option<Timestamp>,
    /// When it was last used.
    pub used_at: Option<Timestamp>,
}

/// A token that was just made; its secret is shown this once.
#[derive(Clone)]
pub struct IssuedToken {
    /// Its name.
    pub name: String,
    /// The secret.
    pub secret: fairway_domain::Secret<String>,
}

/// The page `/tokens`. POST /tokens {name, scope…, days}; POST /tokens/{id}/revoke.
#[derive(Clone, Default)]
pub struct TokensView {
    /// The tokens that are valid.
    pub tokens: Vec<TokenRow>,
    /// The one that was just made.
    pub issued: Option<IssuedToken>,
    /// What may be granted: the permissions of this person.
    pub grantable: Vec<Permission>,
    /// What was typed, when it was refused.
    pub name: String,
    /// Why it was refused.
    pub error: Option<String>,
    /// Why this person may not have tokens.
    pub blocked: Option<String>,
    /// The address of this Fairway, for the example command.
    pub base_url: String,
}

/// The page `/sign-in`. POST /sign-in {code, return_to}.
#[derive(Clone, Debug, Default)]
pub struct SignInView {
    /// Where to go afterwards.
    pub return_to: String,
    /// Why the last attempt was refused.
    pub error: Option<String>,
    /// Whether one may look around without signing in.
    pub guest_allowed: bool,
}

fn permission_word(permission: Permission) -> (&'static str, &'static str) {
    match permission {
        Permission::Read => ("read", "Read everything"),
        Permission::Create => ("create", "Plan and apply golden paths"),
        Permission::Deliver => ("deliver", "Deploy, promote and roll back"),
        Permission::Push => ("push", "Push to repositories"),
        Permission::ManageCatalog => ("manage-catalog", "Register and refresh sources"),
        Permission::Audit => ("audit", "Read the audit log"),
        Permission::Administer => ("administer", "Administer the platform"),
    }
}

/// Renders the page.
pub fn tokens(chrome: &Chrome, view: &TokensView) -> String {
    let line =
        html! { "For the command line, for Git, and for programs. A token may do at most what you may." };
    document(
        chrome,
        html! {
            (headline("Tokens", Some(&line), None))
            @if let Some(issued) = &view.issued { (issued_token(issued, &view.base_url)) }
            div.split {
                (section("tokens", "Valid tokens", None, &token_list(view, chrome.now)))
                (new_token(view))
            }
        },
    )
}

fn issued_token(issued: &IssuedToken, base_url: &str) -> Markup {
    html! {
        div.notice.good role="status" data-testid="issued-token" {
            (icon("done"))
            div {
                p { strong { "The token “" (issued.name) "” was made." } " Copy it now: it is shown this once." }
                (copyable("Token", issued.secret.expose()))
                @if !base_url.is_empty() { p.muted { "Git asks for a user name and a password: any name, and the token. The command line reads " code { "FAIRWAY_TOKEN" } " with " code { "FAIRWAY_URL=" (base_url) } "." } }
            }
        }
    }
}

fn token_list(view: &TokensView, now: Timestamp) -> Markup {
    if view.tokens.is_empty() {
        return empty(
            "key",
            "No tokens yet",
            &html! { "Make one to push with Git or to use the command line." },
            None,
        );
    }
    html! {
        ul.rows {
            @for token in &view.tokens {
                li.token {
                    div {
                        strong { (token.name) } " " span.muted { "by " (token.owner) }
                        div.muted {
                            "Made " (ago(now, token.created_at)) " · "
                            @match token.used_at { Some(at) => { "used " (ago(now, at)) } None => "never used" } " · "
                            @match token.expires_at { Some(at) => { "ends " (ago(now, at)) } None => "does not end" }
                        }
                        div.chips {
                            @match &token.scopes {
                                Some(scopes) => { @for scope in scopes { (chip(permission_word(*scope).0)) } }
                                None => (chip("all that its owner may")),
                            }
                        }
                    }
                    form action={ "/tokens/" (address::encode(&token.id)) "/revoke" } method="post" {
                        button.button.small.danger type="submit" aria-label={ "Revoke " (token.name) } { "Revoke" }
                    }
                }
            }
        }
    }
}

fn new_token(view: &TokensView) -> Markup {
    html! {
        section.panel aria-labelledby="new-heading" {
            h2 #new-heading { "New token" }
            @if let Some(reason) = &view.blocked { (blocked(reason)) }
            @else {
                form.form action="/tokens" method="post" {
                    div.field.invalid[view.error.is_some()] {
                        label for="name" { "Name" }
                        input #name name="name" type="text" required maxlength="60" value=(view.name) autocomplete="off" placeholder="Laptop"
                            aria-describedby=[view.error.as_ref().map(|_| "name-error")];
                        @if let Some(error) = &view.error { p.error #name-error { (icon("failed")) (error) } }
                    }
                    div.field {
                        fieldset {
                            legend { "May" }
                            div.choices {
                                @for permission in &view.grantable {
                                    @let (value, word) = permission_word(*permission);
                                    label.choice { input name="scope" type="checkbox" value=(value) checked[matches!(permission, Permission::Read | Permission::Push)]; span { (word) } }
                                }
                            }
                        }
                    }
                    div.field {
                        label for="days" { "Ends after" }
                        select #days name="days" {
                            option value="7" { "7 days" } option value="30" selected { "30 days" } option value="90" { "90 days" } option value="365" { "1 year" }
                        }
                    }
                    button.button.primary type="submit" { "Make the token" }
                }
            }
        }
    }
}

/// Renders the page.
pub fn sign_in(chrome: &Chrome, view: &SignInView) -> String {
    document_with(
        chrome,
        Document { bare: true, ..Document::default() },
        html! {
            div.narrow {
                div.panel {
                    h1 { "Sign in" }
                    p.lead { "With a token, or with the admin code that was printed when Fairway first started." }
                    form.form action="/sign-in" method="post" {
                        input type="hidden" name="return_to" value=(view.return_to);
                        div.field.invalid[view.error.is_some()] {
                            label for="code" { "Token or admin code" }
                            input #code name="code" type="password" required autofocus autocomplete="current-password" spellcheck="false"
                                aria-describedby=[view.error.as_ref().map(|_| "code-error")];
                            @if let Some(error) = &view.error { p.error #code-error role="alert" { (icon("failed")) (error) } }
                        }
                        button.button.primary.wide-button type="submit" { "Sign in" }
                    }
                }
                @if view.guest_allowed { p.lead { "On this machine you can also " a href="/" { "look around as a guest" } "." } }
            }
        },
    )
}
