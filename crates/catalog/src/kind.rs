//! The kinds that are built in: which versions they have, and what their `spec` holds.

use serde_json::{Map, Value};

use crate::schema::{Field, Shape};

/// A kind and the shape of its `spec`.
pub(crate) struct Kind {
    pub(crate) name: &'static str,
    pub(crate) versions: &'static [&'static str],
    pub(crate) fields: &'static [Field],
}

const BACKSTAGE: &[&str] = &["backstage.io/v1alpha1", "backstage.io/v1beta1"];
const SCAFFOLDER: &[&str] = &["scaffolder.backstage.io/v1beta3"];
const FAIRWAY: &[&str] = &[fairway_domain::environment::API_VERSION];

const TYPE: Field = Field::required("type", Shape::Text);
const OWNER: Field = Field::required("owner", Shape::Text);
const LIFECYCLE: Field = Field::required("lifecycle", Shape::Text);
const SYSTEM: Field = Field::optional("system", Shape::Text);
const DEPENDS_ON: Field = Field::optional("dependsOn", Shape::Texts);
const DEPENDENCY_OF: Field = Field::optional("dependencyOf", Shape::Texts);
const PROFILE: Field = Field::optional(
    "profile",
    Shape::Object(&[
        Field::optional("displayName", Shape::Text),
        Field::optional("email", Shape::Text),
        Field::optional("picture", Shape::Text),
    ]),
);

const KINDS: &[Kind] = &[
    Kind {
        name: "Component",
        versions: BACKSTAGE,
        fields: &[
            TYPE,
            LIFECYCLE,
            OWNER,
            SYSTEM,
            Field::optional("subcomponentOf", Shape::Text),
            Field::optional("providesApis", Shape::Texts),
            Field::optional("consumesApis", Shape::Texts),
            DEPENDS_ON,
            DEPENDENCY_OF,
        ],
    },
    Kind {
        name: "API",
        versions: BACKSTAGE,
        fields: &[TYPE, LIFECYCLE, OWNER, SYSTEM, Field::required("definition", Shape::Text)],
    },
    Kind { name: "Resource", versions: BACKSTAGE, fields: &[TYPE, OWNER, SYSTEM, DEPENDS_ON, DEPENDENCY_OF] },
    Kind {
        name: "System",
        versions: BACKSTAGE,
        fields: &[OWNER, Field::optional("domain", Shape::Text), Field::optional("type", Shape::Text)],
    },
    Kind {
        name: "Domain",
        versions: BACKSTAGE,
        fields: &[OWNER, Field::optional("subdomainOf", Shape::Text), Field::optional("type", Shape::Text)],
    },
    Kind {
        name: "Group",
        versions: BACKSTAGE,
        fields: &[
            TYPE,
            Field::required("children", Shape::Texts),
            PROFILE,
            Field::optional("parent", Shape::Text),
            Field::optional("members", Shape::Texts),
        ],
    },
    Kind { name: "User", versions: BACKSTAGE, fields: &[Field::required("memberOf", Shape::Texts), PROFILE] },
    Kind {
        name: "Location",
        versions: BACKSTAGE,
        fields: &[
            Field::optional("type", Shape::Text),
            Field::optional("target", Shape::Text),
            Field::optional("targets", Shape::Texts),
            Field::optional("presence", Shape::OneOf(&["required", "optional"])),
        ],
    },
    Kind { name: "AiResource", versions: BACKSTAGE, fields: &[TYPE, LIFECYCLE, OWNER, SYSTEM] },
    Kind {
        name: "Template",
        versions: SCAFFOLDER,
        fields: &[
            TYPE,
            Field::required(
                "steps",
                Shape::Objects(&[
                    Field::required("action", Shape::Text),
                    Field::optional("id", Shape::Text),
                    Field::optional("name", Shape::Text),
                    Field::optional("input", Shape::Object(&[])),
                    Field::optional("if", Shape::TextOrBoolean),
                ]),
            ),
            Field::optional("parameters", Shape::ObjectOrObjects),
            Field::optional("output", Shape::Object(&[])),
            Field::optional("owner", Shape::Text),
            Field::optional("lifecycle", Shape::Text),
            Field::optional("presentation", Shape::Object(&[])),
        ],
    },
    Kind {
        name: "Environment",
        versions: FAIRWAY,
        fields: &[
            OWNER,
            Field::required("order", Shape::Integer),
            Field::required(
                "delivery",
                Shape::Object(&[
                    Field::required("repository", Shape::Text),
                    Field::required("path", Shape::Text),
                ]),
            ),
            Field::required("namespace", Shape::Text),
            Field::required("domain", Shape::Text),
            Field::required("registry", Shape::Text),
            Field::optional("promotesFrom", Shape::Text),
            Field::optional("production", Shape::Boolean),
            Field::optional(
                "replicas",
                Shape::Object(&[
                    Field::required("min", Shape::Integer),
                    Field::required("max", Shape::Integer),
                ]),
            ),
        ],
    },
    Kind {
        name: "ResourceClass",
        versions: FAIRWAY,
        fields: &[
            OWNER,
            TYPE,
            Field::required("provider", Shape::Text),
            Field::optional("class", Shape::Text),
            Field::optional("environments", Shape::Texts),
            Field::optional("sizes", Shape::Object(&[])),
            Field::optional("defaultSize", Shape::Text),
            Field::optional("sizeByEnvironment", Shape::Object(&[])),
            Field::optional("manifests", Shape::Objects(&[])),
            Field::optional("outputs", Shape::Object(&[])),
        ],
    },
];

/// An MCP server is an API that lists where it answers instead of a definition.
const MCP_SERVER_FIELDS: &[Field] =
    &[TYPE, LIFECYCLE, OWNER, SYSTEM, Field::required("remotes", Shape::Objects(&[]))];

/// The kind of this name and version.
pub(crate) fn find(api_version: &str, kind: &str) -> Option<&'static Kind> {
    KINDS.iter().find(|known| known.name == kind && known.versions.contains(&api_version))
}

/// The fields of `kind` for an entity with this `spec`.
pub(crate) fn fields(kind: &Kind, spec: &Map<String, Value>) -> &'static [Field] {
    let is_mcp_server = kind.name == "API" && spec.get("type").and_then(Value::as_str) == Some("mcp-server");
    if is_mcp_server && spec.contains_key("remotes") {
        return MCP_SERVER_FIELDS;
    }
    KINDS.iter().find(|known| known.name == kind.name).map_or(&[], |known| known.fields)
}

/// What somebody meant who wrote an unknown kind or version.
pub(crate) fn suggest(api_version: &str, kind: &str) -> Option<String> {
    if let Some(known) = KINDS.iter().find(|known| known.name == kind) {
        return Some(format!("the apiVersion of a {kind} is {}", known.versions.join(" or ")));
    }
    if let Some(known) = KINDS.iter().find(|known| known.name.eq_ignore_ascii_case(kind)) {
        return Some(format!("kinds are written in their own case; did you mean {}?", known.name));
    }
    let names: Vec<&str> =
        KINDS.iter().filter(|known| known.versions.contains(&api_version)).map(|known| known.name).collect();
    (!names.is_empty()).then(|| format!("the kinds of {api_version} are {}", names.join(", ")))
}

/// The names of the built-in kinds and the version that new entities take, in the order of the reference.
pub fn known_kinds() -> impl Iterator<Item = (&'static str, &'static str)> {
    KINDS.iter().filter_map(|kind| Some((kind.name, *kind.versions.first()?)))
}

/// Whether objects of this `apiVersion` are policies (Gatekeeper's templates and constraints). They live in
/// the catalog beside entities and keep the naming rules of Kubernetes.
pub fn is_policy(api_version: &str) -> bool {
    let group = api_version.split('/').next().unwrap_or_default();
    matches!(group, "templates.gatekeeper.sh" | "constraints.gatekeeper.sh")
}
