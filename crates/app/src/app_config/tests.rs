#![allow(clippy::unwrap_used)]
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::files::{Surroundings, merge};
use super::{ImportPlan, read};
use crate::AppConfig;

fn plan(text: &str) -> ImportPlan {
    read(text, &AppConfig::new("/tmp/none", "http://127.0.0.1:7007")).unwrap()
}

fn targets(plan: &ImportPlan) -> Vec<&str> {
    plan.sources.iter().map(|source| source.target.as_str()).collect()
}

#[test]
fn locations_and_providers_become_sources() {
    let plan = plan(
        r"
integrations:
  github:
    - host: github.com
      token: ${GITHUB_TOKEN}
    - host: ghe.example
      apiBaseUrl: https://ghe.example/api/v3
      token: { $file: /run/secrets/ghe }
catalog:
  locations:
    - type: url
      target: https://github.com/acme/shop/blob/main/catalog-info.yaml
    - type: file
      target: /srv/org.yaml
    - type: github-org
      target: https://github.com/acme
  providers:
    github:
      everything:
        organization: acme
        catalogPath: /**/catalog-info.yaml
        filters:
          branch: main
          repository: ^service-.*$
          topic: { include: [live], exclude: [old] }
          allowForks: false
        schedule: { frequency: { minutes: 45 }, timeout: { minutes: 3 } }
      enterprise:
        host: ghe.example
        organization: acme
    gitlab:
      host: gitlab.com
      group: acme/shop
      orgEnabled: true
      schedule: { frequency: PT2H }
    githubOrg:
      - id: people
        githubUrl: https://github.com
        orgs: [acme, acme-labs]
",
    );
    assert_eq!(
        targets(&plan),
        [
            "https://github.com/acme/shop/blob/main/catalog-info.yaml",
            "file:/srv/org.yaml",
            "github-org:https://github.com/acme",
            "github-discovery:https://github.com/acme/service-*/blob/main/**/catalog-info.yaml?topic=live&without-topic=old&forks=false",
            "github-discovery:https://ghe.example/acme/*/blob/-/catalog-info.yaml?api=https%3A%2F%2Fghe.example%2Fapi%2Fv3",
            "gitlab-org:https://gitlab.com/acme/shop",
            "gitlab-discovery:https://gitlab.com/acme/shop/*/-/blob/-/catalog-info.yaml",
            "github-org:https://github.com/acme",
            "github-org:https://github.com/acme-labs",
        ]
    );
    let intervals: Vec<_> = plan.sources.iter().filter_map(|source| source.interval_seconds).collect();
    assert_eq!(intervals, [2_700, 7_200, 7_200]);
    let handles: Vec<String> =
        plan.credentials.iter().map(|it| format!("{}={}", it.name, it.secret)).collect();
    assert_eq!(handles, ["github-com=env:GITHUB_TOKEN", "ghe-example=file:/run/secrets/ghe"]);
    assert!(plan.notes.is_empty(), "{:?}", plan.notes);
}

#[test]
fn what_is_not_taken_over_is_told_and_a_literal_secret_is_not_repeated() {
    let plan = plan(
        r"
backend: { database: { connection: { password: hunter2 } } }
integrations:
  github: [{ host: github.com, token: ghp_hunter2 }]
  azure: [{ host: dev.azure.com }]
catalog:
  rules: [{ allow: [Component] }]
  orphanStrategy: keep
  locations:
    - type: file
      target: ../../examples/org.yaml
    - type: s3-discovery
      target: s3://bucket
    - type: url
      target: https://${HOST}/x.yaml
    - type: url
      target: https://u:hunter2@github.com/acme/shop
  providers:
    github: { organization: acme, filters: { repository: '[a-z]+', visibility: [internal] } }
    awsS3: {}
",
    );
    assert!(targets(&plan).is_empty(), "{:?}", plan.sources);
    let told = serde_json::to_string(&plan).unwrap();
    for expected in [
        "integrations.github.0.token (line 4)",
        "integrations.azure",
        "catalog.rules",
        "catalog.orphanStrategy",
        "catalog.locations.0",
        "s3-discovery",
        "catalog.locations.2.target",
        "catalog.locations.3",
        "catalog.providers.github.filters.repository",
        "catalog.providers.github.filters.visibility",
        "catalog.providers.awsS3",
        "backend",
    ] {
        assert!(told.contains(expected), "{expected} is not told: {told}");
    }
    assert!(!told.contains("hunter2"), "{told}");
}

struct Machine {
    files: BTreeMap<PathBuf, &'static str>,
}

impl Surroundings for Machine {
    fn variable(&self, name: &str) -> Option<String> {
        (name == "ORG").then(|| "acme".to_owned())
    }

    fn file(&self, path: &Path) -> Result<String, String> {
        self.files.get(path).map(|&text| text.to_owned()).ok_or_else(|| "it does not exist".to_owned())
    }

    fn exists(&self, path: &Path) -> bool {
        self.files.contains_key(path)
    }
}

#[test]
fn files_are_merged_and_filled_in_but_secrets_stay_where_they_are() {
    let base = r"
app: { title: Acme }
integrations:
  github: [{ host: github.com, token: '${GITHUB_TOKEN}' }]
catalog:
  locations:
    - { type: url, target: 'https://github.com/${ORG}/shop/blob/${BRANCH:-main}/x.yaml' }
    - { type: file, target: ../../examples/org.yaml }
    - $include: more.yaml#list.first
  providers: { github: { organization: nobody } }
";
    let machine = Machine {
        files: BTreeMap::from([
            ("/b/app-config.yaml".into(), base),
            (
                "/b/app-config.local.yaml".into(),
                "catalog: { providers: { github: { organization: { $env: ORG } } } }",
            ),
            (
                "/b/more.yaml".into(),
                "list: { first: { type: url, target: 'https://github.com/${ORG}/more' } }",
            ),
            ("/b/examples/org.yaml".into(), ""),
        ]),
    };
    let files = ["/b/app-config.yaml".into(), "/b/app-config.local.yaml".into()];
    let merged = merge(&files, &machine).unwrap();
    let plan = plan(&merged.to_string());
    assert_eq!(
        targets(&plan),
        [
            "https://github.com/acme/shop/blob/main/x.yaml",
            "file:/b/examples/org.yaml",
            "https://github.com/acme/more",
            "github-discovery:https://github.com/acme/*/blob/-/catalog-info.yaml",
        ]
    );
}
