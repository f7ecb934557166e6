//! The actions that need nothing but a world to look at.

mod catalog;
mod debug;
mod fetch;
mod fetch_cookiecutter;
mod fetch_template;
mod files;
mod input;
mod notification;
mod publish;

use crate::action::Action;

/// Every built-in action.
pub(crate) fn all() -> Vec<Box<dyn Action>> {
    vec![
        Box::new(fetch::FetchPlain),
        Box::new(fetch::FetchPlainFile),
        Box::new(fetch_template::FetchTemplateFolder),
        Box::new(fetch_template::FetchTemplateFile),
        Box::new(fetch_cookiecutter::FetchCookiecutter),
        Box::new(publish::PublishGit),
        Box::new(publish::PublishGithub),
        Box::new(catalog::CatalogRegister),
        Box::new(catalog::CatalogWrite),
        Box::new(catalog::CatalogFetch),
        Box::new(files::FsDelete),
        Box::new(files::FsRename),
        Box::new(files::FsReaddir),
        Box::new(debug::DebugLog),
        Box::new(debug::DebugWait),
        Box::new(notification::NotificationSend),
    ]
}
