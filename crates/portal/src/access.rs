//! Tokens, and signing in.

use fairway_domain::{Permission, Timestamp};

use crate::chrome::Chrome;

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

/// Renders the page.
pub fn tokens(chrome: &Chrome, _view: &TokensView) -> String {
    crate::shell::document(chrome, maud::html! {})
}

/// Renders the page.
pub fn sign_in(chrome: &Chrome, _view: &SignInView) -> String {
    crate::shell::document(chrome, maud::html! {})
}
