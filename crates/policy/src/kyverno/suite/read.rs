//! Reads a test and the files that it names.

use serde_json::Value;

use super::ReadFiles;
use super::expressions::Expressions;
use super::values::Values;
use crate::kyverno::exception::Exception;
use crate::kyverno::policy::Policy;
use crate::kyverno::request::User;
use crate::set::PolicyDocument;

/// A test with everything that it names.
pub(crate) struct Suite {
    pub(crate) policies: Vec<Policy>,
    pub(crate) expressions: Expressions,
    /// Policies of languages that are not read here: kind and name.
    pub(crate) others: Vec<(String, String)>,
    /// Files of objects that could not be read, and why.
    pub(crate) missing: Vec<String>,
    pub(crate) exceptions: Vec<Exception>,
    pub(crate) objects: Vec<Value>,
    /// What stands for the cluster.
    pub(crate) outside: Vec<Value>,
    pub(crate) values: Values,
    pub(crate) user: User,
    pub(crate) expectations: Vec<Expectation>,
}

/// One entry of `results`.
#[derive(Clone, Debug, Default)]
pub(crate) struct Expectation {
    pub(crate) policy: String,
    pub(crate) rule: String,
    pub(crate) kind: String,
    pub(crate) namespace: String,
    pub(crate) resources: Vec<String>,
    pub(crate) result: String,
    pub(crate) patched: Option<Vec<Value>>,
    pub(crate) generated: Option<Vec<Value>>,
}

fn text(value: &Value, key: &str) -> String {
    value.get(key).and_then(Value::as_str).unwrap_or_default().to_owned()
}

fn texts(value: &Value, key: &str) -> Vec<String> {
    let list = value.get(key).and_then(Value::as_array).into_iter().flatten();
    list.filter_map(Value::as_str).map(str::to_owned).collect()
}

/// A path beside a file, without `.` and `..` where that is possible.
fn beside(file: &str, path: &str) -> String {
    let folder = file.rsplit_once('/').map_or("", |(folder, _)| folder);
    let rooted = path.starts_with('/') || (folder.starts_with('/') && !path.starts_with('/'));
    let joined = if path.starts_with('/') { path.to_owned() } else { format!("{folder}/{path}") };
    let mut parts: Vec<&str> = Vec::new();
    for part in joined.split('/') {
        match part {
            "" | "." => {}
            ".." if parts.last().is_some_and(|last| *last != "..") => {
                parts.pop();
            }
            other => parts.push(other),
        }
    }
    format!("{}{}", if rooted { "/" } else { "" }, parts.join("/"))
}

/// The documents of a text.
fn documents(file: &str, text: &str) -> Result<Vec<Value>, String> {
    let reading = fairway_yaml::read(file, text, &fairway_yaml::Limits::default());
    if let Some(problem) = reading.diagnostics.iter().find(|problem| problem.is_error()) {
        return Err(problem.to_string());
    }
    Ok(reading.documents.into_iter().map(|it| it.value).filter(|value| !value.is_null()).collect())
}

struct Reader<'r> {
    file: &'r str,
    files: &'r ReadFiles<'r>,
}

impl Reader<'_> {
    fn read(&self, path: &str) -> Result<Vec<(String, Value)>, String> {
        let path = beside(self.file, path);
        let mut found = Vec::new();
        for (name, text) in (self.files)(&path).map_err(|error| format!("{path}: {error}"))? {
            for value in documents(&name, &text)? {
                match value.get("items").and_then(Value::as_array) {
                    Some(items) if self::text(&value, "kind").ends_with("List") => {
                        found.extend(items.iter().map(|item| (name.clone(), item.clone())));
                    }
                    _ => found.push((name.clone(), value)),
                }
            }
        }
        Ok(found)
    }

    fn objects(&self, paths: &[String]) -> Result<Vec<Value>, String> {
        let mut objects = Vec::new();
        for path in paths {
            objects.extend(self.read(path)?.into_iter().map(|(_, value)| normal(value)));
        }
        Ok(objects)
    }
}

/// An object as the command line takes it: in the namespace `default` where it names none.
pub(crate) fn normal(mut object: Value) -> Value {
    if text(&object, "kind") != "Namespace"
        && let Some(metadata) = object.get_mut("metadata").and_then(Value::as_object_mut)
        && metadata.get("namespace").and_then(Value::as_str).unwrap_or_default().is_empty()
    {
        metadata.insert("namespace".to_owned(), "default".into());
    }
    object
}

impl Suite {
    pub(crate) fn read(file: &str, source: &str, files: &ReadFiles<'_>) -> Result<Self, String> {
        let test = documents(file, source)?.into_iter().next().unwrap_or_default();
        let reader = Reader { file, files };
        let (mut policies, mut others, mut missing) = (Vec::new(), Vec::new(), Vec::new());
        let mut expressions = Expressions::default();
        for path in texts(&test, "policies") {
            for (name, value) in reader.read(&path)? {
                let document = PolicyDocument { value, file: Some(name) };
                if expressions.take(&document) {
                    continue;
                }
                let PolicyDocument { value, file } = document;
                if !Policy::is_one(&value) {
                    let own = value.get("metadata").map(|metadata| text(metadata, "name"));
                    others.push((text(&value, "kind"), own.unwrap_or_default()));
                    continue;
                }
                let document = PolicyDocument { value, file };
                // A rule that cannot be read says so itself when it is asked.
                policies.extend(Policy::read(&document, &mut Vec::new()));
            }
        }
        let mut exceptions = Vec::new();
        for path in texts(&test, "exceptions").iter().chain(&texts(&test, "policyExceptions")) {
            for (name, value) in reader.read(path)? {
                if Exception::is_one(&value) {
                    exceptions.push(Exception::read(&value).map_err(|error| error.to_string())?);
                } else {
                    expressions.take(&PolicyDocument { value, file: Some(name) });
                }
            }
        }
        if let Some(path) = test.get("context").and_then(Value::as_str) {
            for (_, context) in reader.read(path)? {
                expressions.surround(&context);
            }
        }
        let mut values = Values::default();
        if let Some(inline) = test.get("values") {
            values.add(inline);
            expressions.settle(inline);
        }
        for key in ["variables", "valuesFile"] {
            if let Some(path) = test.get(key).and_then(Value::as_str) {
                for (_, value) in reader.read(path)? {
                    values.add(&value);
                    expressions.settle(&value);
                }
            }
        }
        let mut user = User::default();
        for path in ["userinfo", "userInfo"].iter().filter_map(|key| test.get(*key)).filter_map(Value::as_str)
        {
            for (_, value) in reader.read(path)? {
                let info = value.get("userInfo").cloned().unwrap_or_default();
                user = User {
                    name: text(&info, "username"),
                    groups: texts(&info, "groups"),
                    roles: texts(&value, "roles"),
                    cluster_roles: texts(&value, "clusterRoles"),
                    roles_are_known: true,
                };
            }
        }
        let mut objects: Vec<Value> = Vec::new();
        let mut given = Vec::new();
        for path in texts(&test, "resources") {
            // What is not there is passed over; the rows about it say so.
            match reader.objects(std::slice::from_ref(&path)) {
                Ok(found) => given.extend(found),
                Err(problem) => missing.push(problem),
            }
        }
        for object in given {
            // Of what is there twice the first counts.
            let identity = |it: &Value| {
                let metadata = it.get("metadata").cloned().unwrap_or_default();
                (
                    text(it, "kind"),
                    text(it, "apiVersion"),
                    text(&metadata, "name"),
                    text(&metadata, "namespace"),
                )
            };
            if !objects.iter().any(|known| identity(known) == identity(&object)) {
                objects.push(object);
            }
        }
        let mut outside = reader.objects(&texts(&test, "targetResources"))?;
        let mut expectations = Vec::new();
        for entry in test.get("results").and_then(Value::as_array).into_iter().flatten() {
            let some = |keys: &[&str]| keys.iter().map(|key| text(entry, key)).find(|it| !it.is_empty());
            let file = |keys: &[&str]| {
                some(keys).map(|path| reader.objects(std::slice::from_ref(&path))).transpose()
            };
            if let Some(sources) = file(&["cloneSourceResource"])? {
                outside.extend(sources);
            }
            let mut resources = texts(entry, "resources");
            resources.extend(some(&["resource"]).filter(|_| resources.is_empty()));
            for spec in entry.get("resourceSpecs").and_then(Value::as_array).into_iter().flatten() {
                resources.push(format!("{}/{}", text(spec, "namespace"), text(spec, "name")));
            }
            expectations.push(Expectation {
                policy: text(entry, "policy"),
                rule: text(entry, "rule"),
                kind: text(entry, "kind"),
                namespace: text(entry, "namespace"),
                resources,
                result: some(&["result", "status"]).unwrap_or_default(),
                patched: file(&["patchedResources", "patchedResource"])?,
                generated: file(&["generatedResource"])?,
            });
        }
        Ok(Self {
            policies,
            expressions,
            others,
            missing,
            exceptions,
            objects,
            outside,
            values,
            user,
            expectations,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::beside;

    #[test]
    fn paths_beside_a_file() {
        assert_eq!(beside("a/b/kyverno-test.yaml", "../p.yaml"), "a/p.yaml");
        assert_eq!(beside("/a/b/t.yaml", "./x.yaml"), "/a/b/x.yaml");
        assert_eq!(beside("t.yaml", "../../x.yaml"), "../../x.yaml");
        assert_eq!(beside("a/t.yaml", "/x.yaml"), "/x.yaml");
    }
}
