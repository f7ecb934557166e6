//! People and teams of a forge as entities: users with their names and pictures, groups with their members.

use std::collections::{BTreeMap, BTreeSet};

use fairway_domain::tree::{Tree, TreeFile, TreePath};
use fairway_remote::{Directory, DirectoryGroup, Provider};
use serde_json::{Map, Value, json};

use super::DirectoryTarget;
use crate::AppError;

/// The file that the entities of a directory are told to stand in.
const FILE: &str = "directory.yaml";

/// The entities of a directory as a file of a tree, so that they go the same way as any others.
pub(crate) fn directory_tree(
    target: &DirectoryTarget,
    directory: &Directory,
) -> Result<(Tree, TreePath), AppError> {
    let mut documents = Vec::new();
    let known: BTreeSet<&str> = directory.users.iter().map(|user| user.login.as_str()).collect();
    let top = name_of(target.organisation.rsplit('/').next().unwrap_or(&target.organisation));
    let mut profile = Map::new();
    profile
        .insert("displayName".to_owned(), json!(directory.title.as_deref().unwrap_or(&target.organisation)));
    documents.push(json!({
        "apiVersion": "backstage.io/v1alpha1",
        "kind": "Group",
        "metadata": {"name": top, "annotations": annotations(target, "org", &target.organisation)},
        "spec": {"type": "organization", "profile": profile, "children": []},
    }));
    let names = group_names(&directory.groups, &top);
    for group in &directory.groups {
        let Some(name) = names.get(group.slug.as_str()) else { continue };
        let parent = group.parent.as_deref().and_then(|parent| names.get(parent)).unwrap_or(&top);
        let members: BTreeSet<String> = group
            .members
            .iter()
            .filter(|login| known.contains(login.as_str()))
            .map(|login| name_of(login))
            .collect();
        let mut metadata = Map::new();
        metadata.insert("name".to_owned(), json!(name));
        if let Some(description) = &group.description {
            metadata.insert("description".to_owned(), json!(description));
        }
        let slug = format!("{}/{}", target.organisation, group.slug);
        metadata.insert("annotations".to_owned(), json!(annotations(target, "team-slug", &slug)));
        documents.push(json!({
            "apiVersion": "backstage.io/v1alpha1",
            "kind": "Group",
            "metadata": metadata,
            "spec": {
                "type": "team",
                "profile": {"displayName": group.name},
                "parent": parent,
                "children": [],
                "members": members,
            },
        }));
    }
    for user in &directory.users {
        let mut profile = Map::new();
        let said = [("displayName", &user.name), ("email", &user.email), ("picture", &user.picture)];
        for (field, value) in said {
            if let Some(value) = value {
                profile.insert(field.to_owned(), json!(value));
            }
        }
        documents.push(json!({
            "apiVersion": "backstage.io/v1alpha1",
            "kind": "User",
            "metadata": {
                "name": name_of(&user.login),
                "annotations": annotations(target, "user-login", &user.login),
            },
            "spec": {"profile": profile, "memberOf": [top]},
        }));
    }
    let path = TreePath::lenient(FILE).map_err(|error| AppError::Internal(error.to_string()))?;
    let mut tree = Tree::new();
    tree.insert(path.clone(), TreeFile::regular(fairway_yaml::write_documents(&documents).into_bytes()));
    Ok((tree, path))
}

/// The name of each group; a group that would take the organisation's own name is left to it.
fn group_names<'a>(groups: &'a [DirectoryGroup], top: &str) -> BTreeMap<&'a str, String> {
    let mut taken = BTreeSet::from([top.to_lowercase()]);
    let mut names = BTreeMap::new();
    for group in groups {
        let mut name = name_of(&group.slug);
        let mut number = 2;
        while !taken.insert(name.to_lowercase()) {
            name = name_of(&format!("{}-{number}", group.slug));
            number += 1;
        }
        names.insert(group.slug.as_str(), name);
    }
    names
}

fn annotations(target: &DirectoryTarget, what: &str, value: &str) -> Map<String, Value> {
    // Backstage's own annotation, whatever the address of the GitHub Enterprise Server is.
    let prefix = match target.place.provider {
        Provider::GitHub => "github.com".to_owned(),
        Provider::GitLab | Provider::Gitea => {
            target.place.host().split(':').next().unwrap_or_default().to_owned()
        }
    };
    Map::from_iter([(format!("{prefix}/{what}"), json!(value))])
}

/// A text as a name that an entity may have.
fn name_of(text: &str) -> String {
    let plain: String = text
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() || "-_.".contains(c) { c } else { '-' })
        .take(63)
        .collect();
    let trimmed = plain.trim_matches(['-', '_', '.']);
    if trimmed.is_empty() { "unnamed".to_owned() } else { trimmed.to_owned() }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing)]
    use fairway_remote::{Directory, DirectoryGroup, DirectoryUser};

    use super::{directory_tree, name_of};
    use crate::discovery::DirectoryTarget;

    #[test]
    fn people_and_teams_become_valid_entities() {
        let target = DirectoryTarget::parse("github-org:https://github.com/acme").unwrap().unwrap();
        let group = |slug: &str, parent: Option<&str>, members: &[&str]| DirectoryGroup {
            slug: slug.to_owned(),
            name: slug.to_uppercase(),
            description: Some("yes: \"no\"\n# not a comment".to_owned()),
            parent: parent.map(str::to_owned),
            members: members.iter().map(|&login| login.to_owned()).collect(),
        };
        let user = |login: &str| DirectoryUser { login: login.to_owned(), ..DirectoryUser::default() };
        let directory = Directory {
            title: Some("Acme".to_owned()),
            users: vec![user("ada"), user("_odd_")],
            groups: vec![
                group("shop", None, &["ada", "stranger"]),
                group("web", Some("shop"), &["_odd_"]),
                group("acme", None, &[]),
            ],
        };
        let (tree, root) = directory_tree(&target, &directory).unwrap();
        let info = fairway_catalog::SourceInfo {
            id: "x".to_owned(),
            location: target.to_string(),
            base: "https://github.com/acme/".to_owned(),
        };
        let ingestion = fairway_catalog::ingest(&tree, &root, &info, &fairway_catalog::Model::default());
        let errors: Vec<String> = ingestion.diagnostics().map(ToString::to_string).collect();
        assert!(errors.is_empty(), "{errors:?}");
        let names: Vec<String> = ingestion.entities.iter().map(|found| found.reference.to_string()).collect();
        assert_eq!(
            names,
            [
                "group:default/acme",
                "group:default/shop",
                "group:default/web",
                "group:default/acme-2",
                "user:default/ada",
                "user:default/odd"
            ]
        );
        let web = &ingestion.entities[2].entity();
        assert_eq!(web.spec_text("parent"), Some("shop"));
        assert_eq!(web.spec["members"][0], "odd");
        let shop = &ingestion.entities[1].entity();
        assert_eq!(shop.spec["members"].as_array().unwrap().len(), 1, "a stranger is no member");
    }

    #[test]
    fn odd_logins_become_names() {
        assert_eq!(name_of("dependabot[bot]"), "dependabot-bot");
        assert_eq!(name_of("...\u{301}"), "unnamed");
    }
}
