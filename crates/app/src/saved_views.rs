//! Questions to the catalog that people keep under a name, for themselves or for everybody.

use fairway_domain::fact::{NewFact, kind};
use fairway_domain::{Caller, EntityRef, Permission, Timestamp};
use serde::{Deserialize, Serialize};

use crate::effects::to_value;
use crate::{App, AppError, access};

/// Views that one person may keep.
const MOST: usize = 100;
/// Characters of a name, and bytes of a question.
const NAME: usize = 60;
const QUESTION: usize = 2_000;

/// A question with a name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SavedView {
    /// Its identifier.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Who keeps it.
    pub owner: EntityRef,
    /// Whether everybody sees it.
    pub shared: bool,
    /// The question as the catalog page's address has it, without the question mark.
    pub question: String,
    /// Since when.
    pub saved_at: Timestamp,
}

impl App {
    /// The caller's views and those that are shared, by name.
    pub fn saved_views(&self, caller: &Caller) -> Result<Vec<SavedView>, AppError> {
        caller.authorise(Permission::Read)?;
        let person = caller.actor.user();
        let view = self.view();
        let seen = view.saved_views.values().filter(|it| it.shared || it.owner == person);
        let mut seen: Vec<SavedView> = seen.map(|it| SavedView::clone(it)).collect();
        seen.sort_by(|one, other| (&one.name, &one.id).cmp(&(&other.name, &other.id)));
        Ok(seen)
    }

    /// Keeps a question under a name; one of the caller's that has this name is replaced. Sharing needs the permission to
    /// create.
    pub async fn save_view(
        &self,
        caller: &Caller,
        name: &str,
        question: &str,
        shared: bool,
    ) -> Result<SavedView, AppError> {
        caller.authorise(if shared { Permission::Create } else { Permission::Read })?;
        let name = name.trim();
        if name.is_empty() || name.chars().count() > NAME || name.chars().any(char::is_control) {
            return Err(AppError::invalid(format!("a view needs a name of 1 to {NAME} characters")));
        }
        if question.len() > QUESTION {
            return Err(AppError::invalid(format!("a view's question may have {QUESTION} bytes")));
        }
        let owner = caller.actor.user();
        let view = self.view();
        let own: Vec<_> = view.saved_views.values().filter(|it| it.owner == owner).collect();
        let same = own.iter().find(|it| it.name == name);
        if same.is_none() && own.len() >= MOST {
            return Err(AppError::Invalid {
                message: format!("{MOST} views are kept already"),
                hint: Some("remove one that is no longer used".to_owned()),
            });
        }
        let id = match same {
            Some(same) => same.id.clone(),
            None => access::random_text()?.chars().filter(char::is_ascii_alphanumeric).take(10).collect(),
        };
        let question = question.trim_start_matches('?').to_owned();
        let saved = SavedView {
            id: id.clone(),
            name: name.to_owned(),
            owner,
            shared,
            question,
            saved_at: self.now(),
        };
        self.append(vec![NewFact::by(caller, kind::VIEW, id, Some(to_value(&saved)?))]).await?;
        Ok(saved)
    }

    /// Gives up a view: one's own, or any for an administrator.
    pub async fn remove_view(&self, caller: &Caller, id: &str) -> Result<(), AppError> {
        caller.authorise(Permission::Read)?;
        let view = self.view();
        let found = view.saved_views.get(id).filter(|it| it.shared || it.owner == caller.actor.user());
        let Some(found) = found else {
            return Err(AppError::NotFound { what: "view", name: id.to_owned(), near: Vec::new() });
        };
        if found.owner != caller.actor.user() {
            caller.authorise(Permission::Administer)?;
        }
        self.append(vec![NewFact::by(caller, kind::VIEW, id, None)]).await
    }
}
