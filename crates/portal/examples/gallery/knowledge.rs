//! Home, catalog, entity, graph, sources, search, failures.

use fairway_domain::fact::Record;
use fairway_domain::run::RunStatus;
use fairway_domain::{Actor, Diagnostic, Digest, Entity, Origin, SourceLocation};
use fairway_portal::HistoryView;
use fairway_portal::catalog::{Facet, FacetOption};
use fairway_portal::entity::{DeployedVersion, EntityDeployment, Provenance, RelatedEntity, RelationGroup};
use fairway_portal::history::{VersionDifference, VersionRow, VersionStanding};
use fairway_portal::*;
use serde_json::json;

use super::{before, chrome, reference};

const NAMES: [(&str, &str, &str, &str, &str); 14] = [
    (
        "component",
        "orders-api",
        "service",
        "checkout",
        "Takes orders, reserves stock and hands them to fulfilment",
    ),
    ("component", "basket", "service", "checkout", "What is in the basket, for a week"),
    ("component", "storefront", "website", "web", "The shop that customers see"),
    ("component", "payments-gateway", "service", "payments", "One way to every payment provider"),
    ("api", "orders", "openapi", "checkout", "Create, read and cancel orders"),
    ("api", "payments", "grpc", "payments", "Authorise, capture and refund"),
    ("api", "order-events", "asyncapi", "checkout", "What happens to an order, as it happens"),
    ("resource", "orders-db", "database", "checkout", "PostgreSQL with orders and their lines"),
    ("system", "ordering", "product", "checkout", "From basket to parcel"),
    ("domain", "commerce", "business", "leadership", "Everything that earns money"),
    ("group", "checkout", "team", "leadership", "The people between basket and parcel"),
    ("user", "ada", "person", "checkout", "Ada Lovelace"),
    ("template", "python-service", "service", "platform", "A FastAPI service, ready for production"),
    ("environment", "staging", "environment", "platform", "Where every change is seen first"),
];

pub fn row(index: usize) -> EntityRow {
    let (kind, name, entity_type, owner, description) = NAMES[index % NAMES.len()];
    let mut letters = kind.chars();
    let own_kind: String = letters.next().into_iter().flat_map(char::to_uppercase).chain(letters).collect();
    EntityRow {
        description: Some(description.into()),
        entity_type: Some(entity_type.into()),
        lifecycle: (index % 3 != 2).then(|| "production".into()),
        owner: Some(reference(&format!("group:default/{owner}"))),
        errors: usize::from(index == 3),
        findings: if index == 1 { 2 } else { 0 },
        starred: index == 2,
        stale: (index == 4).then(|| before(200_000)),
        cells: vec![
            Cell::Text(format!("{own_kind} · {entity_type}")),
            Cell::Entity(reference(&format!("group:default/{owner}"))),
            Cell::Texts(vec!["rust".into(), "tier-1".into()]),
        ],
        ..EntityRow::new(reference(&format!("{kind}:default/{name}")), &own_kind)
    }
}

fn columns() -> Vec<ColumnView> {
    let all = [
        ("type", "Type", true),
        ("owner", "Owner", true),
        ("tags", "Tags", true),
        ("changed", "Changed", false),
    ];
    let column = |(name, title, shown): (&str, &str, bool)| ColumnView {
        name: name.into(),
        title: title.into(),
        sort: (name != "tags").then(|| name.into()),
        shown,
    };
    all.into_iter().map(column).collect()
}

fn long_row(index: usize) -> EntityRow {
    EntityRow {
        title: format!("a-service-whose-name-is-exactly-as-long-as-names-may-be-63-{index:04}"),
        description: (index % 2 == 0)
            .then(|| "A description that goes on and on, longer than anybody reads, ".repeat(4)),
        owner: (index % 3 != 0)
            .then(|| reference("group:default/the-team-with-the-longest-name-of-all-teams-in-the-company")),
        errors: usize::from(index % 5 == 0) * 12,
        ..row(index)
    }
}

pub fn run_row(title: &str, status: RunStatus, ago: i64) -> RunRow {
    RunRow {
        id: "01900000-0000-7000-8000-000000000001".into(),
        title: title.into(),
        status,
        actor: "ada".into(),
        started_at: before(ago),
        ended_at: status.is_settled().then(|| before(ago - 2)),
        done: 4,
        total: 6,
    }
}

pub fn template(name: &str, title: &str, recommended: bool) -> TemplateRow {
    TemplateRow {
        reference: reference(&format!("template:default/{name}")),
        title: title.into(),
        description: Some(
            "A service with tests, pipeline, SBOM and signature, metrics, traces, docs and a runbook.".into(),
        ),
        template_type: if name.contains("site") { "website".into() } else { "service".into() },
        owner: Some(reference("group:default/platform")),
        tags: vec!["recommended".into(), "fastapi".into(), "kubernetes".into(), "postgres".into()],
        recommended,
        runs: if recommended { 12 } else { 0 },
    }
}

fn home_view() -> HomeView {
    HomeView {
        attention: vec![
            Attention {
                tone: Tone::Bad,
                what: "Broken file".into(),
                title: "payments-gateway cannot be read: spec.owner is missing".into(),
                detail: Some("acme/payments-gateway catalog-info.yaml:9:3".into()),
                url: "/catalog/default/component/payments-gateway?tab=errors".into(),
                at: Some(before(240)),
            },
            Attention {
                tone: Tone::Bad,
                what: "Failed run".into(),
                title: "Create invoice-mailer stopped at the third of six steps".into(),
                detail: Some("The repository acme/invoice-mailer exists already".into()),
                url: "/runs/x".into(),
                at: Some(before(7_300)),
            },
            Attention {
                tone: Tone::Warning,
                what: "Finding".into(),
                title: "basket runs without a memory limit in staging".into(),
                detail: Some("Containers have limits".into()),
                url: "/guardrails?service=basket".into(),
                at: Some(before(86_400 * 3)),
            },
        ],
        teams: vec!["Checkout".into()],
        promotions: vec![Attention {
            tone: Tone::Info,
            what: "In Staging for 3 d".into(),
            title: "basket 1.4.0 may move to Production".into(),
            detail: None,
            url: "/environments/services/basket".into(),
            at: None,
        }],
        owned: (0..9).map(row).collect(),
        owned_total: 14,
        owned_url: "/catalog?owner=group:default/checkout".into(),
        starred: (0..3).map(row).collect(),
        recent: (2..6).map(row).collect(),
        runs: vec![
            run_row("Create orders-api", RunStatus::Running, 4),
            run_row("Promote basket 1.4.0 to production", RunStatus::Completed, 3_600),
            run_row("Create invoice-mailer", RunStatus::Failed, 7_300),
            run_row("Roll back storefront to 2.0.1 in production", RunStatus::Undone, 200_000),
        ],
        starts: vec![
            template("python-service", "Python service", true),
            template("node-service", "Node.js service", false),
            template("rust-service", "Rust service", false),
        ],
        entities: 41,
    }
}

fn facet(name: &str, label: &str, values: &[(&str, usize)]) -> Facet {
    let options = values
        .iter()
        .enumerate()
        .map(|(index, (value, count))| FacetOption {
            value: (*value).into(),
            label: (*value).into(),
            count: *count,
            selected: index == 0 && name == "type",
        })
        .collect();
    Facet { name: name.into(), label: label.into(), options }
}

fn catalog_view() -> CatalogView {
    CatalogView {
        query: CatalogQuery {
            entity_type: vec!["service".into()],
            sort: "name".into(),
            page: 1,
            ..CatalogQuery::default()
        },
        rows: (0..14).map(row).collect(),
        columns: columns(),
        views: vec![SavedViewRow {
            id: "v1".into(),
            name: "Services in production".into(),
            shared: true,
            removable: true,
        }],
        may_share: true,
        matching: 214,
        total: 241,
        per_page: 50,
        facets: vec![
            facet(
                "kind",
                "Kind",
                &[
                    ("Component", 120),
                    ("API", 61),
                    ("Resource", 30),
                    ("System", 12),
                    ("Domain", 4),
                    ("Group", 9),
                    ("User", 44),
                    ("Template", 4),
                    ("Environment", 2),
                    ("Location", 9),
                ],
            ),
            facet("type", "Type", &[("service", 96), ("website", 14), ("library", 8)]),
            facet("owner", "Owner", &[("checkout", 41), ("payments", 33), ("platform", 21), ("web", 12)]),
            facet("lifecycle", "Lifecycle", &[("production", 140), ("experimental", 22), ("deprecated", 3)]),
            facet("tag", "Tag", &[("rust", 40), ("python", 31)]),
        ],
        title: None,
        columns_of: String::new(),
        drafts: 1,
        hidden: 0,
        error: None,
    }
}

pub fn graph_view(wide: bool) -> GraphView {
    let node = |text: &str, kind: &str| GraphNode {
        missing: text.contains("ghost"),
        ..GraphNode::new(reference(text), kind)
    };
    let edge = |from: &str, relation: &str, to: &str| GraphEdge {
        from: reference(from),
        to: reference(to),
        relation: relation.into(),
    };
    let mut view = GraphView {
        root: Some(reference("component:default/orders-api")),
        nodes: vec![
            node("component:default/orders-api", "Component"),
            node("component:default/storefront", "Component"),
            node("api:default/orders", "API"),
            node("api:default/payments", "API"),
            node("resource:default/orders-db", "Resource"),
            node("resource:default/ghost-queue", "Resource"),
            node("system:default/ordering", "System"),
            node("group:default/checkout", "Group"),
        ],
        edges: vec![
            edge("component:default/orders-api", "providesApi", "api:default/orders"),
            edge("component:default/storefront", "consumesApi", "api:default/orders"),
            edge("component:default/orders-api", "consumesApi", "api:default/payments"),
            edge("component:default/orders-api", "dependsOn", "resource:default/orders-db"),
            edge("component:default/orders-api", "dependsOn", "resource:default/ghost-queue"),
            edge("component:default/orders-api", "partOf", "system:default/ordering"),
            edge("component:default/orders-api", "ownedBy", "group:default/checkout"),
        ],
        omitted: 0,
    };
    if wide {
        for index in 0..50 {
            let from = format!("component:default/service-{index}");
            view.nodes.push(node(&from, "Component"));
            let to = format!("component:default/service-{}", index / 3);
            if index > 0 {
                view.edges.push(edge(&from, ["dependsOn", "consumesApi", "partOf"][index % 3], &to));
            }
            if index % 7 == 0 {
                view.edges.push(edge(&from, "ownedBy", "group:default/checkout"));
            }
        }
    }
    view
}

pub fn diagnostic() -> Diagnostic {
    let place = SourceLocation { file: "catalog-info.yaml".into(), line: 12, column: 10 };
    Diagnostic::error("entity-reference", "spec.owner is not an entity reference: \"team checkout\"")
        .at(place, Some("  owner: team checkout".into()))
        .with_hint("Write the team's reference, for example group:default/checkout")
}

pub fn yaml() -> SafeHtml {
    let lines = [
        "<span class=\"hl-a\">apiVersion</span>: <span class=\"hl-s\">backstage.io/v1alpha1</span>",
        "<span class=\"hl-a\">kind</span>: <span class=\"hl-s\">Component</span>",
        "<span class=\"hl-a\">metadata</span>:",
        "  <span class=\"hl-a\">name</span>: <span class=\"hl-s\">orders-api</span> <span class=\"hl-c\"># the service</span>",
        "<span class=\"hl-a\">spec</span>:",
        "  <span class=\"hl-a\">replicas</span>: <span class=\"hl-n\">3</span>",
        "  <span class=\"hl-a\">owner</span>: <span class=\"hl-s\">group:default/checkout</span>",
    ];
    SafeHtml::vouched(lines.join("\n"))
}

pub fn record(sequence: i64) -> Record {
    Record {
        sequence,
        at: before(sequence * 700),
        actor: Actor::User { reference: reference("user:default/ada") },
        origin: Origin::Portal,
        address: Some("127.0.0.1".into()),
        reason: (sequence % 3 == 0).then(|| "The new checkout".into()),
        kind: ["catalog.entity", "run", "plan", "delivery.deployment"]
            [usize::try_from(sequence).unwrap() % 4]
            .into(),
        subject: "component:default/orders-api".into(),
        body: Some(json!({"kind": "Component", "metadata": {"name": "orders-api"}})),
        erased: sequence % 5 == 0,
        body_digest: Digest::of(b"a"),
        previous: Digest::of(b"b"),
        hash: Digest::of(b"c"),
    }
}

fn history_view() -> HistoryView {
    let version = |sequence: i64| VersionRow {
        sequence,
        at: before((9 - sequence) * 90_000),
        who: "ada".into(),
        origin: "git".into(),
        reason: (sequence == 4).then(|| "The new checkout".into()),
        standing: if sequence == 3 { VersionStanding::Erased } else { VersionStanding::Present },
        revision: Some(("3f0c2a91d7".into(), Some("/repositories/acme/orders-api/commit/3f0c2a91d7".into()))),
        changed: if sequence % 2 == 0 {
            vec!["/spec/owner".into(), "/metadata/tags/1".into()]
        } else {
            vec![]
        },
        errors: 0,
    };
    HistoryView {
        versions: (1..9).rev().map(version).collect(),
        difference: Some(VersionDifference {
            from: Some(7),
            to: 8,
            before: "spec:\n  type: service\n  owner: payments\n".into(),
            after: "spec:\n  type: service\n  owner: checkout\n".into(),
        }),
        may_restore: true,
        ..HistoryView::default()
    }
}

pub fn entity_view(tab: EntityTab, broken: bool) -> EntityView {
    let entity: Entity = serde_json::from_value(json!({
        "apiVersion": "backstage.io/v1alpha1", "kind": "Component",
        "metadata": {"name": "orders-api", "title": "Orders API", "description": "Takes orders, reserves stock and hands them to fulfilment", "tags": ["rust", "postgres", "tier-1"]},
        "spec": {"type": "service", "lifecycle": "production", "owner": "checkout", "system": "ordering"}
    }))
    .unwrap();
    let related = |text: &str, description: &str| RelatedEntity {
        reference: reference(text),
        title: reference(text).name().into(),
        description: (!description.is_empty()).then(|| description.into()),
        missing: text.contains("ghost"),
    };
    let group =
        |relation: &str, entities: Vec<RelatedEntity>| RelationGroup { relation: relation.into(), entities };
    let deployed = |version: &str, kind, ago| {
        Some(DeployedVersion { version: version.into(), at: before(ago), kind, run: "r".into() })
    };
    EntityView {
        entity,
        tab,
        owner_title: Some("Checkout".into()),
        relations: vec![
            group("dependsOn", vec![related("resource:default/orders-db", "PostgreSQL with orders"), related("resource:default/ghost-queue", "")]),
            group("providesApi", vec![related("api:default/orders", "Create, read and cancel orders")]),
            group("consumesApi", vec![related("api:default/payments", "Authorise, capture and refund")]),
            group("apiConsumedBy", vec![related("component:default/storefront", "The shop that customers see")]),
        ],
        graph: graph_view(false),
        links: vec![
            Link { title: "Dashboard".into(), url: "https://grafana.acme.example/d/orders".into(), icon: None },
            Link { title: "Runbook".into(), url: "https://docs.acme.example/orders".into(), icon: None },
        ],
        deployments: vec![
            EntityDeployment { environment: "staging".into(), title: "Staging".into(), production: false, deployed: deployed("1.5.0", fairway_domain::delivery::DeliveryKind::Deploy, 3_600), promotable: None },
            EntityDeployment { environment: "production".into(), title: "Production".into(), production: true, deployed: deployed("1.4.2", fairway_domain::delivery::DeliveryKind::Promotion, 86_400 * 4), promotable: Some(("1.5.0".into(), "Staging".into())) },
        ],
        last_run: Some(run_row("Create orders-api", RunStatus::Completed, 86_400 * 30)),
        diagnostics: if broken { vec![diagnostic(), Diagnostic::warning("tags", "The tag \"Tier 1\" is not in lower case").with_hint("Write tier-1")] } else { vec![] },
        last_good_at: broken.then(|| before(1_200)),
        provenance: Provenance {
            source: Some("git-orders".into()),
            target: "acme/orders-api".into(),
            path: "catalog-info.yaml".into(),
            url: Some("/repositories/acme/orders-api/blob/main/catalog-info.yaml".into()),
            seen_at: Some(before(30)),
        },
        repository: Some("acme/orders-api".parse().unwrap()),
        clone_url: Some("http://127.0.0.1:7007/git/acme/orders-api.git".into()),
        findings: if broken { vec![] } else { super::path::findings().into_iter().skip(1).collect() },
        waivers: vec![],
        team: None,
        icon: icon::of_kind("component"),
        supply: fairway_portal::supply::EntitySupplyView::default(),
        starred: Some(broken),
        pending: vec![],
        editable: true,
        may_deliver: true,
        definition: DefinitionView::default(),
        yaml: yaml(),
        history: history_view(),
        readme: Some(SafeHtml::vouched("<h2>Orders API</h2><p>Takes orders. See <a href=\"/x\">the docs</a>.</p><div class=\"admonition warning\"><p class=\"admonition-title\">Take care</p><p>Cancelling is <code>final</code>.</p></div><ul><li>one</li><li>two</li></ul>".into())),
    }
}

fn api_view(definition: DefinitionView) -> EntityView {
    let text = include_str!("../../../../examples/acme/apis/definitions/payments.openapi.yaml");
    let mut view = entity_view(EntityTab::Api, false);
    view.entity = serde_json::from_value(json!({
        "apiVersion": "backstage.io/v1alpha1", "kind": "API",
        "metadata": {"name": "payments-api", "title": "Payments API", "description": "Authorise, capture and refund payments"},
        "spec": {"type": "openapi", "lifecycle": "production", "owner": "checkout", "definition": text}
    }))
    .unwrap();
    view.definition = match definition {
        DefinitionView::Unread => {
            let read = fairway_docs::api_document(fairway_docs::ApiFormat::OpenApi, text).unwrap();
            DefinitionView::Document(Box::new(read), String::new())
        }
        other => other,
    };
    view
}

fn source(target: &str, errors: usize, failure: Option<&str>) -> SourceRow {
    SourceRow {
        id: "s1".into(),
        kind: "git".into(),
        target: target.into(),
        synced_at: Some(before(40)),
        entities: 12,
        errors,
        failure: failure.map(Into::into),
        paused: false,
        discovered: None,
        proposes: failure.is_some(),
        may_manage: true,
    }
}

/// A discovery with trouble in one repository, and a budget that is nearly spent.
fn discovery() -> SourceView {
    let row = SourceRow {
        discovered: Some((2, 1)),
        paused: false,
        ..source(
            "github-discovery:https://github.com/acme-outfitters-international/*/blob/-/**/catalog-info.yaml?topic=live",
            0,
            None,
        )
    };
    let moment = |minutes: i64, text: &str, tone| SourceMoment {
        sequence: 40,
        at: before(minutes * 60),
        by: "fairway".into(),
        text: text.into(),
        tone,
    };
    SourceView {
        row,
        registered: ("ada".into(), before(86_400)),
        checked_at: Some(before(300)),
        next_at: Some(before(-1_500)),
        interval_seconds: Some(1_800),
        has_interval: true,
        revision: Some("214 repositories".into()),
        credential: Some("acme".into()),
        budget: Some(BudgetView {
            host: "github.com".into(),
            left: Some((412, 5_000)),
            resets_at: Some(before(-900)),
            blocked_until: None,
            sent: 4_588,
            unchanged: 3_120,
        }),
        children: source_rows(),
        parent: None,
        entities: vec![reference("component:default/orders-api"), reference("api:default/orders")],
        conflicts: vec![ConflictRow {
            reference: reference("component:default/basket"),
            place: "services/basket/catalog-info.yaml:1".into(),
            wins: true,
            other: Some(("s2".into(), "https://git.acme.example/acme/monolith".into())),
        }],
        history: vec![
            moment(5, "12 entities", Tone::Good),
            moment(90, "github.com takes no more requests for now; what was read stays as it was", Tone::Bad),
        ],
        blocked: None,
    }
}

fn import_plan() -> ImportView {
    let row = |kind, text: &str, known| ImportRow {
        kind,
        text: text.into(),
        from: "catalog.locations.0 (line 12)".into(),
        known,
    };
    ImportView {
        config: "catalog:\n  locations: []\n".into(),
        plan: Some(ImportPlanView {
            digest: "sha256:0".into(),
            items: vec![
                row("Credential", "github-com for github.com, from env:GITHUB_TOKEN", true),
                row("Source", "github-org:https://github.com/acme", false),
            ],
            notes: vec![(
                "catalog.providers.awsS3 (line 30)".into(),
                "this provider has no counterpart here".into(),
            )],
        }),
        ..ImportView::default()
    }
}

pub fn source_rows() -> Vec<SourceRow> {
    vec![
        source("examples/acme", 0, None),
        source("http://127.0.0.1:7007/repositories/acme/orders-api/blob/main/catalog-info.yaml", 1, None),
        source(
            "https://github.com/acme/legacy/blob/main/catalog-info.yaml",
            0,
            Some("GET answered 404 after 3 tries; the last good version is shown"),
        ),
    ]
}

pub fn pages() -> Vec<(&'static str, String)> {
    let home_chrome = chrome("Home", Section::Home, &[]);
    let catalog_chrome = chrome("Catalog", Section::Catalog, &[]);
    let entity_chrome = chrome(
        "Orders API",
        Section::Catalog,
        &[("Catalog", "/catalog"), ("Components", "/catalog?kind=component"), ("orders-api", "")],
    );
    let mut empty_chrome = home_chrome.clone();
    empty_chrome.caller.guest = true;
    empty_chrome.caller.name = "guest".into();
    empty_chrome.running = 0;
    empty_chrome.notices.push(Notice {
        tone: Tone::Info,
        message: "You are a guest on this machine and may look around.".into(),
        action: Some(("Sign in".into(), "/sign-in".into())),
    });
    let overfull = CatalogView {
        rows: (0..50).map(long_row).collect(),
        matching: 10_000,
        total: 10_000,
        query: CatalogQuery { page: 3, ..CatalogQuery::default() },
        ..catalog_view()
    };
    let no_match = CatalogView {
        rows: vec![],
        matching: 0,
        query: CatalogQuery { q: "nothing like this".into(), ..CatalogQuery::default() },
        ..catalog_view()
    };
    let draft = DraftRow {
        source: "acme/payments-gateway".into(),
        file: "catalog-info.yaml".into(),
        url: Some("/repositories/acme/payments-gateway/blob/main/catalog-info.yaml".into()),
        entity: Some(reference("component:default/payments-gateway")),
        diagnostics: vec![diagnostic()],
        since: Some(before(240)),
        last_good: true,
    };
    let hit = |title: &str, kind: &str, hint: &str| SearchHit {
        title: title.into(),
        kind: kind.into(),
        url: "/x".into(),
        hint: hint.into(),
        ..SearchHit::default()
    };
    vec![
        ("home", home(&home_chrome, &home_view())),
        ("home-empty", home(&empty_chrome, &HomeView::default())),
        ("catalog", catalog(&catalog_chrome, &catalog_view())),
        ("catalog-empty", catalog(&catalog_chrome, &CatalogView::default())),
        ("catalog-overfull", catalog(&catalog_chrome, &overfull)),
        ("catalog-no-match", catalog(&catalog_chrome, &no_match)),
        ("entity", entity(&entity_chrome, &entity_view(EntityTab::Overview, false))),
        ("entity-broken", entity(&entity_chrome, &entity_view(EntityTab::Overview, true))),
        ("entity-errors", entity(&entity_chrome, &entity_view(EntityTab::Errors, true))),
        ("entity-yaml", entity(&entity_chrome, &entity_view(EntityTab::Yaml, false))),
        ("entity-api", entity(&entity_chrome, &api_view(DefinitionView::Unread))),
        (
            "entity-api-broken",
            entity(
                &entity_chrome,
                &api_view(DefinitionView::Broken(SafeHtml::default(), Box::new(diagnostic()))),
            ),
        ),
        ("entity-history", entity(&entity_chrome, &entity_view(EntityTab::History, false))),
        (
            "graph",
            graph(
                &chrome("Graph", Section::Catalog, &[("Catalog", "/catalog"), ("Graph", "")]),
                &GraphPageView {
                    graph: graph_view(true),
                    query: GraphQuery {
                        roots: vec![reference("component:default/orders-api")],
                        depth: 2,
                        ..GraphQuery::default()
                    },
                    all_relations: vec!["dependsOn".into(), "ownedBy".into()],
                    all_kinds: vec!["component".into(), "api".into()],
                    roots: vec![],
                },
            ),
        ),
        (
            "drafts",
            drafts(
                &chrome("Broken files", Section::Catalog, &[("Catalog", "/catalog"), ("Broken files", "")]),
                &DraftsView { drafts: vec![draft], files: 88 },
            ),
        ),
        (
            "sources",
            sources(
                &chrome("Sources", Section::Catalog, &[("Catalog", "/catalog"), ("Sources", "")]),
                &SourcesView { sources: source_rows(), ..SourcesView::default() },
            ),
        ),
        (
            "source",
            fairway_portal::source(
                &chrome(
                    "A source",
                    Section::Catalog,
                    &[("Catalog", "/catalog"), ("Sources", "/sources"), ("A source", "")],
                ),
                &discovery(),
            ),
        ),
        (
            "source-failing",
            fairway_portal::source(
                &chrome(
                    "A source",
                    Section::Catalog,
                    &[("Catalog", "/catalog"), ("Sources", "/sources"), ("A source", "")],
                ),
                &SourceView {
                    row: source("https://github.com/acme/legacy", 0, Some("GET answered 404")),
                    entities: Vec::new(),
                    children: Vec::new(),
                    budget: None,
                    blocked: Some("You may look, and not change".into()),
                    ..discovery()
                },
            ),
        ),
        (
            "source-removal",
            source_removal(
                &chrome(
                    "Remove a source",
                    Section::Catalog,
                    &[("Catalog", "/catalog"), ("Sources", "/sources")],
                ),
                &SourceRemovalView {
                    row: discovery().row,
                    children: 2,
                    entities: discovery().entities,
                    blocked: None,
                },
            ),
        ),
        (
            "source-import",
            source_import(
                &chrome(
                    "Import from Backstage",
                    Section::Catalog,
                    &[("Catalog", "/catalog"), ("Sources", "/sources")],
                ),
                &import_plan(),
            ),
        ),
        (
            "search",
            search(
                &chrome("Search", Section::Elsewhere, &[]),
                &SearchView {
                    query: "ord".into(),
                    hits: vec![
                        hit("orders-api", "Component", "Takes orders · checkout"),
                        hit("Create a service", "Action", "Open the gallery"),
                        hit("acme/orders-api", "Repository", "Last commit 2 h ago"),
                    ],
                    total: 1,
                    ..SearchView::default()
                },
            ),
        ),
        (
            "failure-404",
            failure(
                &chrome("Not found", Section::Elsewhere, &[]),
                &FailureView {
                    status: 404,
                    title: "There is no component “ordrs-api”".into(),
                    message: "Nothing in the catalog has the reference component:default/ordrs-api.".into(),
                    nearest: vec![Link {
                        title: "orders-api".into(),
                        url: "/catalog/default/component/orders-api".into(),
                        icon: None,
                    }],
                    ..FailureView::default()
                },
            ),
        ),
        (
            "failure-500",
            failure(
                &chrome("Failure", Section::Elsewhere, &[]),
                &FailureView {
                    status: 500,
                    title: "The journal could not be written".into(),
                    message: "Appending 3 facts failed: the disk is full.".into(),
                    hint: Some(
                        "Free some space on the data folder and try again; nothing was changed".into(),
                    ),
                    request_id: Some("01JD3".into()),
                    ..FailureView::default()
                },
            ),
        ),
    ]
}
