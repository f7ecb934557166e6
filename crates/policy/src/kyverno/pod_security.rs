//! The Pod Security Standards of Kubernetes, baseline and restricted, with exclusions.

use serde_json::Value;

use super::image::{CONTAINER_LISTS, pod_pointer};
use super::jmespath::QueryError;
use super::wildcard;

/// `validate.podSecurity`: a level, a version and what is excluded.
#[derive(Clone, Debug)]
pub(crate) struct PodSecurity {
    is_restricted: bool,
    checks_nothing: bool,
    /// The minor version of Kubernetes whose standard counts.
    minor: u32,
    exclusions: Vec<Exclusion>,
}

/// A control, or one of its fields, that is let pass.
#[derive(Clone, Debug)]
pub(crate) struct Exclusion {
    control: String,
    images: Vec<String>,
    field: Option<String>,
    values: Vec<String>,
}

/// What is against the standard.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Violation {
    control: &'static str,
    /// With `[*]` for any item.
    field: String,
    image: Option<String>,
    values: Vec<Value>,
    pub(crate) path: Option<String>,
    pub(crate) reason: String,
}

const BASELINE_CAPABILITIES: [&str; 13] = [
    "AUDIT_WRITE",
    "CHOWN",
    "DAC_OVERRIDE",
    "FOWNER",
    "FSETID",
    "KILL",
    "MKNOD",
    "NET_BIND_SERVICE",
    "SETFCAP",
    "SETGID",
    "SETPCAP",
    "SETUID",
    "SYS_CHROOT",
];
/// Each with the minor version since which it is allowed.
const SYSCTLS: [(&str, u32); 12] = [
    ("kernel.shm_rmid_forced", 0),
    ("net.ipv4.ip_local_port_range", 0),
    ("net.ipv4.tcp_syncookies", 0),
    ("net.ipv4.ping_group_range", 0),
    ("net.ipv4.ip_unprivileged_port_start", 0),
    ("net.ipv4.ip_local_reserved_ports", 27),
    ("net.ipv4.tcp_keepalive_time", 29),
    ("net.ipv4.tcp_fin_timeout", 29),
    ("net.ipv4.tcp_keepalive_intvl", 29),
    ("net.ipv4.tcp_keepalive_probes", 29),
    ("net.ipv4.tcp_rmem", 32),
    ("net.ipv4.tcp_wmem", 32),
];
const VOLUMES: [&str; 9] = [
    "name",
    "configMap",
    "csi",
    "downwardAPI",
    "emptyDir",
    "ephemeral",
    "persistentVolumeClaim",
    "projected",
    "secret",
];
const APP_ARMOR: &str = "container.apparmor.security.beta.kubernetes.io/";

fn texts(value: Option<&Value>) -> Vec<String> {
    let list = value.and_then(Value::as_array).into_iter().flatten();
    list.map(|item| item.as_str().map_or_else(|| item.to_string(), str::to_owned)).collect()
}

impl PodSecurity {
    pub(crate) fn read(value: &Value) -> Result<Self, QueryError> {
        let text = |key: &str| value.get(key).and_then(Value::as_str).unwrap_or_default();
        let wrong = |what: &str| QueryError::Failed(format!("podSecurity: {what}"));
        let level = text("level");
        if !["privileged", "baseline", "restricted"].contains(&level) {
            return Err(wrong("the level must be privileged, baseline or restricted"));
        }
        let minor = match text("version") {
            "" | "latest" => u32::MAX,
            version => version
                .strip_prefix("v1.")
                .and_then(|minor| minor.parse().ok())
                .ok_or_else(|| wrong("the version must be latest or like v1.30"))?,
        };
        let exclusions = value.get("exclude").and_then(Value::as_array).into_iter().flatten();
        Ok(Self {
            is_restricted: level == "restricted",
            checks_nothing: level == "privileged",
            minor,
            exclusions: exclusions.map(Exclusion::read).collect(),
        })
    }

    /// What is against the standard and not excluded, by the policy or by an exception from it.
    pub(crate) fn violations(&self, object: &Value, eased: &[Exclusion]) -> Result<Vec<Violation>, String> {
        let kind = object.get("kind").and_then(Value::as_str).unwrap_or_default();
        let pointer = pod_pointer(kind).ok_or_else(|| format!("an object of kind {kind} holds no pod"))?;
        let nothing = Value::Null;
        let pod = object.pointer(pointer).unwrap_or(&nothing);
        if self.checks_nothing {
            return Ok(Vec::new());
        }
        let prefix = match pointer.trim_start_matches('/').replace('/', ".") {
            path if path.is_empty() => path,
            path => path + ".",
        };
        let mut findings = Findings { prefix, found: Vec::new() };
        self.baseline(pod, &mut findings);
        if self.is_restricted {
            self.restricted(pod, &mut findings);
        }
        findings
            .found
            .retain(|violation| !self.exclusions.iter().chain(eased).any(|it| it.covers(violation)));
        Ok(findings.found)
    }

    fn baseline(&self, pod: &Value, findings: &mut Findings) {
        for field in ["hostNetwork", "hostPID", "hostIPC"] {
            findings.check("Host Namespaces", pod, &["spec", field], |it| it != &Value::Bool(true));
        }
        let security = ["spec", "securityContext"];
        findings.each_level("HostProcess", pod, &["windowsOptions", "hostProcess"], |it| {
            it != &Value::Bool(true)
        });
        let types: &[&str] = if self.minor >= 31 {
            &["", "container_t", "container_init_t", "container_kvm_t", "container_engine_t"]
        } else {
            &["", "container_t", "container_init_t", "container_kvm_t"]
        };
        let listed = |allowed: &[&str], it: &Value| it.as_str().is_none_or(|it| allowed.contains(&it));
        findings.each_level("SELinux", pod, &["seLinuxOptions", "type"], |it| listed(types, it));
        for field in ["user", "role"] {
            findings.each_level("SELinux", pod, &["seLinuxOptions", field], |it| listed(&[""], it));
        }
        findings.each_level("AppArmor", pod, &["appArmorProfile", "type"], |it| {
            listed(&["RuntimeDefault", "Localhost"], it)
        });
        let annotations = pod.pointer("/metadata/annotations").and_then(Value::as_object);
        for (key, value) in annotations.into_iter().flatten().filter(|(key, _)| key.starts_with(APP_ARMOR)) {
            let profile = value.as_str().unwrap_or_default();
            if !(profile.is_empty() || profile == "runtime/default" || profile.starts_with("localhost/")) {
                let path = format!("metadata.annotations.{key}");
                findings.add("AppArmor", "metadata.annotations".into(), None, path, vec![value.clone()]);
            }
        }
        if !self.is_restricted || self.minor < 19 {
            findings.each_level("Seccomp", pod, &["seccompProfile", "type"], |it| {
                listed(&["RuntimeDefault", "Localhost"], it)
            });
        }
        findings.each_container("Privileged Containers", pod, &["securityContext", "privileged"], |it| {
            it != &Value::Bool(true)
        });
        let has_user_namespace =
            self.minor >= 35 && pod.pointer("/spec/hostUsers") == Some(&Value::Bool(false));
        if !has_user_namespace {
            findings.each_container("/proc Mount Type", pod, &["securityContext", "procMount"], |it| {
                listed(&["Default"], it)
            });
        }
        if !self.is_restricted || self.minor < 22 {
            findings.each_item("Capabilities", pod, &["securityContext", "capabilities", "add"], |it| {
                it.as_str().is_some_and(|it| BASELINE_CAPABILITIES.contains(&it))
            });
        }
        containers(pod, |list, index, container| {
            let image = Some(image_of(container));
            let ports = container.get("ports").and_then(Value::as_array);
            for (place, port) in ports.into_iter().flatten().enumerate() {
                if let Some(host) = port.get("hostPort").filter(|port| port.as_i64() != Some(0)) {
                    let path = format!("spec.{list}[{index}].ports[{place}].hostPort");
                    let field = format!("spec.{list}[*].ports[*].hostPort");
                    findings.add("Host Ports", field, image.clone(), path, vec![host.clone()]);
                }
            }
            if self.minor >= 34 {
                for handler in [
                    "livenessProbe",
                    "readinessProbe",
                    "startupProbe",
                    "lifecycle.postStart",
                    "lifecycle.preStop",
                ] {
                    for probe in ["httpGet", "tcpSocket"] {
                        let pointer = format!("/{}/{probe}/host", handler.replace('.', "/"));
                        let host = container.pointer(&pointer).filter(|it| it.as_str() != Some(""));
                        if let Some(host) = host.filter(|host| !host.is_null()) {
                            let path = format!("spec.{list}[{index}].{handler}.{probe}.host");
                            let field = format!("spec.{list}[*].{handler}.{probe}.host");
                            let control = "Host Probes / Lifecycle Hooks";
                            findings.add(control, field, image.clone(), path, vec![host.clone()]);
                        }
                    }
                }
            }
        });
        let volumes = pod.pointer("/spec/volumes").and_then(Value::as_array);
        for (index, volume) in volumes.into_iter().flatten().enumerate() {
            if let Some(host) = volume.get("hostPath").filter(|it| !it.is_null()) {
                let path = format!("spec.volumes[{index}].hostPath");
                findings.add(
                    "HostPath Volumes",
                    "spec.volumes[*].hostPath".into(),
                    None,
                    path,
                    vec![host.clone()],
                );
            }
        }
        let sysctls = pod.pointer("/spec/securityContext/sysctls").and_then(Value::as_array);
        for (index, sysctl) in sysctls.into_iter().flatten().enumerate() {
            let name = sysctl.get("name").and_then(Value::as_str).unwrap_or_default();
            if !SYSCTLS.iter().any(|(known, since)| *known == name && *since <= self.minor) {
                let path = format!("{}.sysctls[{index}].name", security.join("."));
                let field = format!("{}.sysctls[*].name", security.join("."));
                findings.add("Sysctls", field, None, path, vec![name.into()]);
            }
        }
    }

    fn restricted(&self, pod: &Value, findings: &mut Findings) {
        let is_windows =
            self.minor >= 25 && pod.pointer("/spec/os/name").and_then(Value::as_str) == Some("windows");
        let volumes = pod.pointer("/spec/volumes").and_then(Value::as_array);
        for (index, volume) in volumes.into_iter().flatten().enumerate() {
            let members = volume.as_object().into_iter().flatten();
            for (key, value) in
                members.filter(|(key, value)| !VOLUMES.contains(&key.as_str()) && !value.is_null())
            {
                let path = format!("spec.volumes[{index}].{key}");
                findings.add(
                    "Volume Types",
                    "spec.volumes[*]".into(),
                    None,
                    path,
                    vec![format!("spec.volumes[*].{key}").into(), value.clone()],
                );
            }
        }
        if !is_windows && self.minor >= 8 {
            findings.each_container(
                "Privilege Escalation",
                pod,
                &["securityContext", "allowPrivilegeEscalation"],
                |it| it == &Value::Bool(false),
            );
        }
        required(pod, findings, "Running as Non-root", &["runAsNonRoot"], |it| it == &Value::Bool(true));
        if self.minor >= 23 {
            findings.each_level("Running as Non-root user", pod, &["runAsUser"], |it| it.as_i64() != Some(0));
        }
        if self.minor >= 19 && !is_windows {
            required(pod, findings, "Seccomp", &["seccompProfile", "type"], |it| {
                matches!(it.as_str(), Some("RuntimeDefault" | "Localhost"))
            });
        } else if self.minor >= 19 {
            findings.each_level("Seccomp", pod, &["seccompProfile", "type"], |it| {
                it.as_str() != Some("Unconfined")
            });
        }
        if self.minor >= 22 && !is_windows {
            findings.each_container(
                "Capabilities",
                pod,
                &["securityContext", "capabilities", "drop"],
                |it| it.as_array().is_some_and(|items| items.iter().any(|item| item.as_str() == Some("ALL"))),
            );
            findings.each_item("Capabilities", pod, &["securityContext", "capabilities", "add"], |it| {
                it.as_str() == Some("NET_BIND_SERVICE")
            });
        }
    }
}

fn image_of(container: &Value) -> String {
    container.get("image").and_then(Value::as_str).unwrap_or_default().to_owned()
}

fn containers<'v>(pod: &'v Value, mut each: impl FnMut(&'static str, usize, &'v Value)) {
    for list in CONTAINER_LISTS {
        let found = pod.get("spec").and_then(|spec| spec.get(list)).and_then(Value::as_array);
        for (index, container) in found.into_iter().flatten().enumerate() {
            each(list, index, container);
        }
    }
}

fn below<'v>(value: &'v Value, steps: &[&str]) -> Option<&'v Value> {
    steps.iter().try_fold(value, |at, step| at.get(*step)).filter(|found| !found.is_null())
}

/// A field that the pod or each container has to set, and that neither may set otherwise.
fn required(
    pod: &Value,
    findings: &mut Findings,
    control: &'static str,
    steps: &[&str],
    fits: impl Fn(&Value) -> bool,
) {
    let in_pod = [&["spec", "securityContext"], steps].concat();
    let own = below(pod, &in_pod);
    if let Some(value) = own.filter(|value| !fits(value)) {
        let path = in_pod.join(".");
        findings.add(control, path.clone(), None, path, vec![value.clone()]);
    }
    let is_set = own.is_some_and(&fits);
    containers(pod, |list, index, container| {
        let inner = [&["securityContext"], steps].concat();
        let found = below(container, &inner);
        if found.map_or(is_set, &fits) {
            return;
        }
        let joined = inner.join(".");
        let path = format!("spec.{list}[{index}].{joined}");
        let values = vec![found.cloned().unwrap_or_default()];
        findings.add(control, format!("spec.{list}[*].{joined}"), Some(image_of(container)), path, values);
    });
}

struct Findings {
    prefix: String,
    found: Vec<Violation>,
}

impl Findings {
    fn add(
        &mut self,
        control: &'static str,
        field: String,
        image: Option<String>,
        place: impl std::fmt::Display,
        values: Vec<Value>,
    ) {
        let path = format!("{}{place}", self.prefix);
        let shown = values.first().filter(|value| !value.is_null());
        let shown = shown.map_or_else(|| "is not set".to_owned(), |value| format!("must not be {value}"));
        let reason = format!("{control}: {path} {shown}");
        self.found.push(Violation { control, field, image, values, path: Some(path), reason });
    }

    fn check(&mut self, control: &'static str, pod: &Value, steps: &[&str], fits: impl Fn(&Value) -> bool) {
        if let Some(value) = below(pod, steps).filter(|value| !fits(value)) {
            let path = steps.join(".");
            self.add(control, path.clone(), None, path, vec![value.clone()]);
        }
    }

    /// In the security context of the pod and of each container, where it is set.
    fn each_level(
        &mut self,
        control: &'static str,
        pod: &Value,
        steps: &[&str],
        fits: impl Fn(&Value) -> bool,
    ) {
        self.check(control, pod, &[&["spec", "securityContext"], steps].concat(), &fits);
        let inner = [&["securityContext"], steps].concat();
        self.each_container(control, pod, &inner, |value| value.is_null() || fits(value));
    }

    /// In each container; what is not set is null.
    fn each_container(
        &mut self,
        control: &'static str,
        pod: &Value,
        steps: &[&str],
        fits: impl Fn(&Value) -> bool,
    ) {
        containers(pod, |list, index, container| {
            let value = below(container, steps).unwrap_or(&Value::Null);
            if !fits(value) {
                let joined = steps.join(".");
                let path = format!("spec.{list}[{index}].{joined}");
                let values = match value {
                    Value::Array(items) => items.clone(),
                    other => vec![other.clone()],
                };
                self.add(
                    control,
                    format!("spec.{list}[*].{joined}"),
                    Some(image_of(container)),
                    path,
                    values,
                );
            }
        });
    }

    /// In each container, each item of a list.
    fn each_item(
        &mut self,
        control: &'static str,
        pod: &Value,
        steps: &[&str],
        fits: impl Fn(&Value) -> bool,
    ) {
        containers(pod, |list, index, container| {
            let items = below(container, steps).and_then(Value::as_array);
            let bad: Vec<Value> = items.into_iter().flatten().filter(|item| !fits(item)).cloned().collect();
            if !bad.is_empty() {
                let joined = steps.join(".");
                let path = format!("spec.{list}[{index}].{joined}");
                self.add(control, format!("spec.{list}[*].{joined}"), Some(image_of(container)), path, bad);
            }
        });
    }
}

impl Exclusion {
    pub(crate) fn read(value: &Value) -> Self {
        Self {
            control: value.get("controlName").and_then(Value::as_str).unwrap_or_default().to_owned(),
            images: texts(value.get("images")),
            field: value.get("restrictedField").and_then(Value::as_str).map(str::to_owned),
            values: texts(value.get("values")),
        }
    }

    /// What a container does is excluded by its image, what the pod does by an exclusion without images.
    fn covers(&self, violation: &Violation) -> bool {
        let placed = match &violation.image {
            Some(image) => self.images.iter().any(|pattern| wildcard::fits(pattern, image)),
            None => self.images.is_empty(),
        };
        let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        let field_fits = self.field.as_ref().is_none_or(|field| *field == violation.field)
            && (self.values.is_empty()
                || violation
                    .values
                    .iter()
                    .all(|value| self.values.iter().any(|allowed| wildcard::fits(allowed, &text(value)))));
        placed && self.control == violation.control && field_fits
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use serde_json::{Value, json};

    use super::PodSecurity;

    fn controls(standard: &Value, spec: &Value) -> Vec<&'static str> {
        let pod = json!({"kind": "Pod", "spec": spec});
        let found = PodSecurity::read(standard).unwrap().violations(&pod, &[]).unwrap();
        found.iter().map(|violation| violation.control).collect()
    }

    #[test]
    fn levels_and_exclusions() {
        let bad = json!({"hostPID": true, "containers": [{"image": "a:1", "securityContext": {"privileged": true}}]});
        let baseline = json!({"level": "baseline", "version": "latest"});
        assert_eq!(controls(&baseline, &bad), ["Host Namespaces", "Privileged Containers"]);
        let eased = json!({"level": "baseline", "exclude": [
            {"controlName": "Host Namespaces"},
            {"controlName": "Privileged Containers", "images": ["a:*"]},
        ]});
        assert_eq!(controls(&eased, &bad), Vec::<&str>::new());
        let good = json!({
            "securityContext": {"runAsNonRoot": true, "seccompProfile": {"type": "RuntimeDefault"}},
            "containers": [{"image": "a", "securityContext": {
                "allowPrivilegeEscalation": false, "capabilities": {"drop": ["ALL"]},
            }}],
        });
        let restricted = json!({"level": "restricted"});
        assert_eq!(controls(&restricted, &good), Vec::<&str>::new());
        assert_eq!(
            controls(&restricted, &json!({"containers": [{}]})),
            ["Privilege Escalation", "Running as Non-root", "Seccomp", "Capabilities"]
        );
    }
}
