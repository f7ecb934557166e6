//! `catalog.providers` of Backstage's configuration: discovery and people.

use serde_json::Value;
use url::form_urlencoded::Serializer;

use super::Reader;

impl Reader<'_> {
    pub(super) fn providers(&mut self, providers: &Value) {
        for (name, value) in providers.as_object().into_iter().flatten() {
            let pointer = format!("/catalog/providers/{name}");
            match name.as_str() {
                "github" => self.each(&pointer, value, "organization", Self::github),
                "gitlab" => self.each(&pointer, value, "group", Self::gitlab),
                "gitea" => self.each(&pointer, value, "organization", Self::gitea),
                "githubOrg" => self.each(&pointer, value, "githubUrl", Self::github_org),
                _ => self.note(&pointer, "this provider has no counterpart here"),
            }
        }
    }

    /// A provider is configured once, or several times under names (or in a list).
    fn each(&mut self, pointer: &str, value: &Value, mark: &str, read: fn(&mut Self, &str)) {
        match value {
            Value::Object(fields) if fields.contains_key(mark) || fields.contains_key("host") => {
                read(self, pointer);
            }
            Value::Object(fields) => {
                for name in fields.keys() {
                    let name = name.replace('~', "~0").replace('/', "~1");
                    read(self, &format!("{pointer}/{name}"));
                }
            }
            Value::Array(items) => {
                for index in 0..items.len() {
                    read(self, &format!("{pointer}/{index}"));
                }
            }
            _ => self.note(pointer, "an object was expected; it is left out"),
        }
    }

    fn optional(&mut self, pointer: &str) -> Option<String> {
        self.document.value.pointer(pointer)?;
        self.text(pointer)
    }

    fn flag(&self, pointer: &str) -> Option<bool> {
        self.document.value.pointer(pointer)?.as_bool()
    }

    fn texts(&self, pointer: &str) -> Vec<String> {
        let items = self.document.value.pointer(pointer).and_then(Value::as_array).into_iter().flatten();
        items.filter_map(|item| item.as_str().map(str::to_owned)).collect()
    }

    /// Tells about settings that are not looked at.
    fn known_only(&mut self, pointer: &str, known: &[&str]) {
        let fields = self.document.value.pointer(pointer).and_then(Value::as_object);
        let others: Vec<String> = fields
            .into_iter()
            .flat_map(|it| it.keys())
            .filter(|name| !known.contains(&name.as_str()))
            .cloned()
            .collect();
        for name in others {
            self.note(
                &format!("{pointer}/{name}"),
                "this setting has no counterpart here, and is not applied",
            );
        }
    }

    /// Adds the forge's own address of its API, and the filters, to an address.
    fn with_parameters(&self, address: String, host: &str, mut pairs: Vec<(&str, String)>) -> String {
        if let Some(api) = self.apis.get(host).and_then(Value::as_str)
            && !matches!(host, "github.com" | "gitlab.com")
        {
            pairs.push(("api", api.to_owned()));
        }
        if pairs.is_empty() {
            return address;
        }
        let mut query = Serializer::new(String::new());
        for (name, value) in pairs {
            query.append_pair(name, &value);
        }
        format!("{address}?{}", query.finish())
    }

    fn github(&mut self, pointer: &str) {
        self.known_only(
            pointer,
            &["organization", "catalogPath", "filters", "host", "schedule", "validateLocationsExist"],
        );
        let filters = format!("{pointer}/filters");
        self.known_only(&filters, &["branch", "repository", "topic", "allowForks", "allowArchived"]);
        let Some(owner) = self.text(&format!("{pointer}/organization")) else {
            self.note(pointer, "the organization is missing");
            return;
        };
        let host = self.optional(&format!("{pointer}/host")).unwrap_or_else(|| "github.com".to_owned());
        let path = self
            .optional(&format!("{pointer}/catalogPath"))
            .unwrap_or_else(|| "catalog-info.yaml".to_owned());
        let branch = self.optional(&format!("{filters}/branch"));
        let Some(repositories) = self.name_pattern(&format!("{filters}/repository")) else { return };
        let mut pairs: Vec<(&str, String)> = Vec::new();
        pairs.extend(self.texts(&format!("{filters}/topic/include")).into_iter().map(|it| ("topic", it)));
        pairs.extend(
            self.texts(&format!("{filters}/topic/exclude")).into_iter().map(|it| ("without-topic", it)),
        );
        if self.flag(&format!("{filters}/allowForks")) == Some(false) {
            pairs.push(("forks", "false".to_owned()));
        }
        if self.flag(&format!("{filters}/allowArchived")) == Some(true) {
            pairs.push(("archived", "true".to_owned()));
        }
        let branch = branch.map_or_else(|| "-".to_owned(), |branch| branch.replace('/', "%2F"));
        let path = path.trim_start_matches('/');
        let address = format!("github-discovery:https://{host}/{owner}/{repositories}/blob/{branch}/{path}");
        let target = self.with_parameters(address, &host, pairs);
        let interval = self.interval(&format!("{pointer}/schedule/frequency"));
        self.source(pointer, target, interval);
    }

    fn gitlab(&mut self, pointer: &str) {
        self.known_only(
            pointer,
            &[
                "host",
                "group",
                "branch",
                "entityFilename",
                "projectPattern",
                "skipForkedRepos",
                "includeArchivedRepos",
                "orgEnabled",
                "schedule",
            ],
        );
        let Some(group) = self.optional(&format!("{pointer}/group")) else {
            self.note(pointer, "discovery over all of GitLab needs a group here; name one");
            return;
        };
        let host = self.optional(&format!("{pointer}/host")).unwrap_or_else(|| "gitlab.com".to_owned());
        let interval = self.interval(&format!("{pointer}/schedule/frequency"));
        if self.flag(&format!("{pointer}/orgEnabled")) == Some(true) {
            let address = format!("gitlab-org:https://{host}/{group}");
            let target = self.with_parameters(address, &host, Vec::new());
            self.source(pointer, target, interval);
        }
        let file = self
            .optional(&format!("{pointer}/entityFilename"))
            .unwrap_or_else(|| "catalog-info.yaml".to_owned());
        let branch = self.optional(&format!("{pointer}/branch"));
        let Some(projects) = self.name_pattern(&format!("{pointer}/projectPattern")) else { return };
        let mut pairs = Vec::new();
        if self.flag(&format!("{pointer}/skipForkedRepos")) == Some(true) {
            pairs.push(("forks", "false".to_owned()));
        }
        if self.flag(&format!("{pointer}/includeArchivedRepos")) == Some(true) {
            pairs.push(("archived", "true".to_owned()));
        }
        let branch = branch.map_or_else(|| "-".to_owned(), |branch| branch.replace('/', "%2F"));
        let address = format!("gitlab-discovery:https://{host}/{group}/{projects}/-/blob/{branch}/{file}");
        let target = self.with_parameters(address, &host, pairs);
        self.source(pointer, target, interval);
    }

    fn gitea(&mut self, pointer: &str) {
        self.known_only(pointer, &["host", "organization", "branch", "catalogPath", "schedule"]);
        let owner = self.text(&format!("{pointer}/organization"));
        let (Some(owner), Some(host)) = (owner, self.text(&format!("{pointer}/host"))) else {
            self.note(pointer, "the host or the organization is missing");
            return;
        };
        let path = self
            .optional(&format!("{pointer}/catalogPath"))
            .unwrap_or_else(|| "catalog-info.yaml".to_owned());
        let branch = self.optional(&format!("{pointer}/branch")).unwrap_or_else(|| "-".to_owned());
        let path = path.trim_start_matches('/');
        let address =
            format!("gitea-discovery:https://{host}/{owner}/*/blob/{}/{path}", branch.replace('/', "%2F"));
        let target = self.with_parameters(address, &host, Vec::new());
        let interval = self.interval(&format!("{pointer}/schedule/frequency"));
        self.source(pointer, target, interval);
    }

    fn github_org(&mut self, pointer: &str) {
        self.known_only(pointer, &["id", "githubUrl", "orgs", "schedule"]);
        let url =
            self.optional(&format!("{pointer}/githubUrl")).unwrap_or_else(|| "https://github.com".to_owned());
        let interval = self.interval(&format!("{pointer}/schedule/frequency"));
        let organisations = self.texts(&format!("{pointer}/orgs"));
        if organisations.is_empty() {
            self.note(pointer, "the organisations (orgs) have to be named here");
        }
        for organisation in organisations {
            let address = format!("github-org:{}/{organisation}", url.trim_end_matches('/'));
            let host = url.trim_end_matches('/').rsplit('/').next().unwrap_or_default().to_owned();
            let target = self.with_parameters(address, &host, Vec::new());
            self.source(pointer, target, interval);
        }
    }

    /// Backstage's regular expression for names as a pattern of this catalog; a note when it says more than a
    /// pattern can.
    fn name_pattern(&mut self, pointer: &str) -> Option<String> {
        let Some(text) = self.optional(pointer) else { return Some("*".to_owned()) };
        let found = glob_of(&text);
        if found.is_none() {
            self.note(
                pointer,
                format!("the regular expression {text} cannot be written as a pattern; register the discovery by hand"),
            );
        }
        found
    }

    /// Seconds of a schedule's frequency: `{minutes: 30}` or `PT30M`.
    fn interval(&mut self, pointer: &str) -> Option<u64> {
        let value = self.document.value.pointer(pointer)?.clone();
        let seconds = match &value {
            Value::String(text) => text.parse::<jiff::Span>().ok().and_then(|span| {
                let duration = span.to_duration(jiff::SpanRelativeTo::days_are_24_hours()).ok()?;
                u64::try_from(duration.as_secs()).ok()
            }),
            Value::Object(fields) => {
                let unit = |name: &str| fields.get(name).and_then(Value::as_u64).unwrap_or(0);
                let known = ["seconds", "minutes", "hours", "days"];
                let plain = fields.keys().all(|name| known.contains(&name.as_str()));
                plain.then(|| {
                    unit("seconds") + 60 * unit("minutes") + 3_600 * unit("hours") + 86_400 * unit("days")
                })
            }
            _ => None,
        };
        if let Some(seconds @ 60..=604_800) = seconds {
            return Some(seconds);
        }
        self.note(pointer, "the source is read in its usual interval instead");
        None
    }
}

/// A regular expression over names as a glob, when it is that simple.
fn glob_of(expression: &str) -> Option<String> {
    let mut rest = expression.strip_prefix('^').unwrap_or(expression);
    rest = rest.strip_suffix('$').unwrap_or(rest);
    let mut glob = String::new();
    while let Some(next) = rest.chars().next() {
        let after = |count: usize| rest.get(count..).unwrap_or_default();
        rest = if let Some(after) = rest.strip_prefix("[\\s\\S]*") {
            glob.push('*');
            after
        } else if let Some(after) = rest.strip_prefix(".*") {
            glob.push('*');
            after
        } else if let Some(after) = rest.strip_prefix("\\.") {
            glob.push('.');
            after
        } else if let Some(after) = rest.strip_prefix("\\-") {
            glob.push('-');
            after
        } else if let Some((choices, after)) = rest.strip_prefix('(').and_then(|rest| rest.split_once(')')) {
            let choices: Vec<&str> = choices.split('|').collect();
            let plain = |text: &&str| text.chars().all(|c| c.is_ascii_alphanumeric() || "-_".contains(c));
            if !choices.iter().all(plain) || after.starts_with(['*', '+', '?', '{']) {
                return None;
            }
            glob.push('{');
            glob.push_str(&choices.join(","));
            glob.push('}');
            after
        } else if next.is_ascii_alphanumeric() || "-_".contains(next) {
            if after(1).starts_with(['*', '+', '?', '{']) {
                return None;
            }
            glob.push(next);
            after(1)
        } else {
            return None;
        };
    }
    (!glob.is_empty()).then_some(glob)
}

#[cfg(test)]
mod tests {
    use super::glob_of;

    #[test]
    fn simple_expressions_are_patterns_and_others_are_not_guessed() {
        for (expression, glob) in [
            (".*", "*"),
            ("^service-.*$", "service-*"),
            ("[\\s\\S]*", "*"),
            ("(shop|cart)-api", "{shop,cart}-api"),
            ("acme\\.github\\.io", "acme.github.io"),
        ] {
            assert_eq!(glob_of(expression).as_deref(), Some(glob), "{expression}");
        }
        for expression in ["a+", "service-[0-9]", "(a|b)*", "a|b", "(?!x).*", "a.b", ""] {
            assert_eq!(glob_of(expression), None, "{expression}");
        }
    }
}
