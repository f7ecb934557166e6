//! Who asks, from where, and what they may do.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::EntityRef;

/// What a caller wants to do. A use case names the one that it needs and checks it itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Permission {
    /// Read the catalog, plans, runs, findings, repositories.
    Read,
    /// Plan and apply a golden path; undo one's own run.
    Create,
    /// Deploy, promote and roll back.
    Deliver,
    /// Push to repositories of the embedded forge.
    Push,
    /// Register, refresh and remove catalog sources.
    ManageCatalog,
    /// Read the audit log and verify it.
    Audit,
    /// Issue and revoke other people's tokens, undo other people's runs, erase personal data.
    Administer,
}

/// A set of permissions with a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Looks.
    Reader,
    /// A product developer: looks, creates, delivers.
    Member,
    /// The platform team.
    Admin,
}

impl Role {
    /// Every role, least first.
    pub const ALL: [Self; 3] = [Self::Reader, Self::Member, Self::Admin];

    /// Whether the role includes the permission.
    pub const fn allows(self, permission: Permission) -> bool {
        match self {
            Self::Reader => matches!(permission, Permission::Read),
            Self::Member => !matches!(permission, Permission::Administer),
            Self::Admin => true,
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Reader => "reader",
            Self::Member => "member",
            Self::Admin => "admin",
        })
    }
}

/// Who acts.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "kebab-case")]
pub enum Actor {
    /// Nobody signed in, on the same machine.
    Guest,
    /// A person.
    User {
        /// For example `user:default/ada`.
        reference: EntityRef,
    },
    /// A token, on behalf of the person who made it.
    Token {
        /// The token's public identifier.
        id: String,
        /// Its name.
        name: String,
        /// Who made it.
        owner: EntityRef,
    },
    /// Fairway itself, for example when it resumes a run.
    System,
}

impl Actor {
    /// The person who acts or on whose behalf something acts.
    pub fn user(&self) -> EntityRef {
        match self {
            Self::Guest => EntityRef::new("user", "default", "guest"),
            Self::User { reference } | Self::Token { owner: reference, .. } => reference.clone(),
            Self::System => EntityRef::new("user", "default", "fairway"),
        }
    }
}

impl fmt::Display for Actor {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Token { name, .. } => write!(formatter, "{} (token {name})", self.user().name()),
            _ => formatter.write_str(self.user().name()),
        }
    }
}

/// Through which face a caller came.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Origin {
    /// The portal.
    Portal,
    /// The REST API.
    Api,
    /// The command line.
    Cli,
    /// Git over HTTP.
    Git,
    /// Fairway itself.
    System,
}

impl fmt::Display for Origin {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Portal => "portal",
            Self::Api => "api",
            Self::Cli => "cli",
            Self::Git => "git",
            Self::System => "system",
        })
    }
}

/// Who asks, through which face, from which address, with which rights, and why. Every use case takes one
/// first and authorises itself with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caller {
    /// Who acts.
    pub actor: Actor,
    /// Through which face.
    pub origin: Origin,
    /// The address the request came from, as text.
    pub address: Option<String>,
    /// The role that bounds what the caller may do.
    pub role: Role,
    /// If set, only these permissions of the role are granted (a token's scopes).
    pub scopes: Option<Vec<Permission>>,
    /// Why, in the caller's own words.
    pub reason: Option<String>,
}

/// The answer to a caller who may not.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{actor} may not do this: it needs the permission \"{permission}\", and {why}")]
pub struct Forbidden {
    /// Who asked.
    pub actor: String,
    /// What was needed.
    pub permission: String,
    /// What they have instead.
    pub why: String,
}

impl Caller {
    /// Fairway itself.
    pub fn system() -> Self {
        Self {
            actor: Actor::System,
            origin: Origin::System,
            address: None,
            role: Role::Admin,
            scopes: None,
            reason: None,
        }
    }

    /// Whether the caller has the permission.
    pub fn may(&self, permission: Permission) -> bool {
        self.role.allows(permission) && self.scopes.as_ref().is_none_or(|scopes| scopes.contains(&permission))
    }

    /// Refuses a caller who lacks the permission.
    pub fn authorise(&self, permission: Permission) -> Result<(), Forbidden> {
        if self.may(permission) {
            return Ok(());
        }
        let name = serde_json::to_value(permission).ok();
        let why = if self.role.allows(permission) {
            "the token's scopes leave it out".to_owned()
        } else {
            format!("the role \"{}\" does not have it", self.role)
        };
        Err(Forbidden {
            actor: self.actor.to_string(),
            permission: name.as_ref().and_then(serde_json::Value::as_str).unwrap_or("unknown").to_owned(),
            why,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::{Caller, Permission, Role};

    #[test]
    fn a_scope_narrows_a_role_and_never_widens_it() {
        let caller = |role, scopes| Caller { role, scopes, ..Caller::system() };
        assert!(caller(Role::Member, None).may(Permission::Create));
        assert!(!caller(Role::Member, None).may(Permission::Administer));
        assert!(!caller(Role::Member, Some(vec![Permission::Read])).may(Permission::Create));
        assert!(!caller(Role::Reader, Some(vec![Permission::Create])).may(Permission::Create));
    }
}
