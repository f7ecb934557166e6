//! Waivers from asking to their end, told by a shop whose deployment has no cost centre.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

use std::sync::{Arc, Mutex};

use fairway_app::guardrails::FindingFilter;
use fairway_app::waivers::{Breadth, WaiverEnd, WaiverFilter, WaiverRequest, WaiverSubject};
use fairway_app::{App, AppConfig, access};
use fairway_domain::repository::{BranchName, RepositoryRef};
use fairway_domain::tree::{FileMode, TreeFile};
use fairway_domain::waiver::{WaiverScope, WaiverStanding};
use fairway_domain::{Actor, Caller, Clock, EntityRef, Origin, Role, Timestamp};
use fairway_remote::{CommitRequest, Forge, NewRepository};
use jiff::SignedDuration;

const BASE: &str = "http://127.0.0.1:7007";

const CATALOG: &str = r#"
apiVersion: backstage.io/v1alpha1
kind: Group
metadata: {name: checkout}
spec: {type: team, children: [], members: [ada, grace]}
---
apiVersion: backstage.io/v1alpha1
kind: Group
metadata: {name: security}
spec: {type: team, children: [], members: [sam, ada]}
---
apiVersion: backstage.io/v1alpha1
kind: Component
metadata: {name: shop}
spec: {type: service, lifecycle: production, owner: checkout}
---
apiVersion: fairway.dev/v1
kind: Environment
metadata: {name: staging, title: Staging}
spec:
  owner: group:default/security
  order: 1
  delivery: {repository: acme/delivery, path: staging}
  namespace: shop
  domain: staging.acme.example
  registry: registry.acme.example
---
apiVersion: templates.gatekeeper.sh/v1
kind: ConstraintTemplate
metadata:
  name: costcentre
  annotations:
    fairway.dev/title: Every workload says who pays
    fairway.dev/waiver-approvers: security
    fairway.dev/waiver-maximum-days: "60"
spec:
  crd: {spec: {names: {kind: CostCentre}}}
  targets:
    - target: admission.k8s.gatekeeper.sh
      rego: |
        package costcentre
        violation[{"msg": msg, "details": {"path": "metadata.labels"}}] {
          not input.review.object.metadata.labels["acme.example/cost-centre"]
          msg := sprintf("%v has no cost centre", [input.review.object.metadata.name])
        }
---
apiVersion: constraints.gatekeeper.sh/v1beta1
kind: CostCentre
metadata: {name: who-pays}
spec:
  match:
    kinds: [{apiGroups: [apps], kinds: [Deployment]}]
"#;

const DEPLOYMENT: &str = "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: shop\n  namespace: shop\n  labels: \
                          {app.kubernetes.io/name: shop, fairway.dev/environment: staging}\n";

/// A clock that is moved by hand.
#[derive(Clone)]
struct Hands(Arc<Mutex<Timestamp>>);

impl Clock for Hands {
    fn now(&self) -> Timestamp {
        *self.0.lock().unwrap()
    }
}

struct Shop {
    app: App,
    forge: Forge,
    hands: Hands,
    _folder: tempfile::TempDir,
}

fn person(name: &str) -> Caller {
    let reference = EntityRef::new("user", "default", name);
    let guest = access::guest(Origin::Portal, None);
    Caller { actor: Actor::User { reference }, role: Role::Member, ..guest }
}

impl Shop {
    async fn open() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().join("data");
        let hands = Hands(Arc::new(Mutex::new("2027-01-01T08:00:00Z".parse().unwrap())));
        let app = App::open(AppConfig::new(&data, BASE), Arc::new(hands.clone())).await.unwrap();
        let forge = Forge::open(&data.join("repositories")).await.unwrap();
        let shop = Self { app, forge, hands, _folder: folder };
        shop.commit("catalog", "catalog-info.yaml", CATALOG).await;
        shop.app.register_source(&person("sam"), &format!("{BASE}/git/acme/catalog.git")).await.unwrap();
        shop.commit("delivery", "staging/shop/deployment.yaml", DEPLOYMENT).await;
        shop
    }

    async fn commit(&self, name: &str, path: &str, text: &str) {
        let repository = RepositoryRef::new("acme", name).unwrap();
        if !self.forge.exists(&repository).await.unwrap() {
            let new = NewRepository {
                repository: repository.clone(),
                description: String::new(),
                default_branch: BranchName::main(),
                created_by: "test".to_owned(),
            };
            self.forge.create(&new).await.unwrap();
        }
        let request = CommitRequest {
            parent: self.forge.head(&repository, &BranchName::main()).await.unwrap(),
            repository,
            branch: BranchName::main(),
            message: "Change".to_owned(),
            author_name: "Eve".to_owned(),
            author_email: "eve@acme.test".to_owned(),
            at: self.app.now(),
            changes: vec![(
                path.parse().unwrap(),
                Some(TreeFile { mode: FileMode::Regular, bytes: text.as_bytes().to_vec().into() }),
            )],
        };
        self.forge.commit(&request).await.unwrap();
    }

    fn days_pass(&self, days: i64) {
        *self.hands.0.lock().unwrap() += SignedDuration::from_hours(24 * days);
    }

    async fn finding(&self) -> fairway_app::guardrails::FoundFinding {
        let found = self.app.findings(&person("ada"), &FindingFilter::default()).await.unwrap();
        assert_eq!(found.len(), 1, "{found:#?}");
        found[0].clone()
    }

    async fn request(&self, caller: &Caller, days: i64) -> Result<String, String> {
        let subject = WaiverSubject::Finding {
            finding: self.finding().await.id,
            plan: None,
            breadth: Breadth::Object,
            environments: None,
        };
        let reason = "Finance names the cost centre in March".to_owned();
        let request = WaiverRequest { subject, reason, end: WaiverEnd::Days(days) };
        let asked = self.app.request_waiver(caller, request).await;
        asked.map(|it| it.waiver.id).map_err(|error| error.to_string())
    }

    /// What the people of a team were told, the newest first.
    fn told(&self, name: &str) -> Vec<String> {
        self.app.home(&person(name)).unwrap().notifications.into_iter().map(|it| it.title).collect()
    }
}

#[tokio::test]
async fn an_owner_asks_an_approver_allows_and_time_ends_it() {
    let shop = Shop::open().await;
    let ada = person("ada");
    assert!(shop.finding().await.finding.blocks());

    let refused = shop.request(&person("eve"), 30).await.unwrap_err();
    assert!(refused.contains("shop belongs to group:default/checkout"), "{refused}");
    let refused = shop.request(&ada, 61).await.unwrap_err();
    assert!(refused.contains("at most 60 days"), "{refused}");
    let id = shop.request(&ada, 60).await.unwrap();
    assert!(shop.request(&ada, 30).await.unwrap_err().contains("about the same"));
    assert!(shop.told("sam")[0].contains("asks for a waiver of \"Every workload says who pays\" on shop"));
    assert!(shop.finding().await.finding.blocks(), "asking changes nothing");

    // Ada is an approver, and asked herself; Grace owns the shop, and is none.
    let refused = shop.app.approve_waiver(&ada, &id, None).await.unwrap_err().to_string();
    assert!(refused.contains("whoever asked"), "{refused}");
    let refused = shop.app.approve_waiver(&person("grace"), &id, None).await.unwrap_err().to_string();
    assert!(refused.contains("its approvers are group:default/security"), "{refused}");
    let approved = shop.app.approve_waiver(&person("sam"), &id, None).await.unwrap();
    assert_eq!(approved.standing, WaiverStanding::Active);

    // The same finding, visible and not in the way: over the fleet, and on files.
    let found = shop.finding().await;
    assert!(!found.finding.blocks());
    assert_eq!(found.finding.waiver.as_ref().unwrap().id, id);
    let file = [("deployment.yaml".to_owned(), DEPLOYMENT.to_owned())];
    let checked = shop.app.check(&ada, file.to_vec()).await.unwrap();
    assert!(checked.findings.iter().all(|finding| finding.waiver.is_some()), "{:#?}", checked.findings);
    let elsewhere = [("deployment.yaml".to_owned(), DEPLOYMENT.replace("staging", "production"))];
    assert!(
        shop.app.check(&ada, elsewhere.to_vec()).await.unwrap().findings[0].blocks(),
        "it is for staging only"
    );

    // Fourteen and three days before its end the owner is told, once each.
    let mut next = shop.app.settle_waivers().await.unwrap().unwrap();
    let mut warnings = Vec::new();
    for days in [45, 1, 1, 11, 1] {
        shop.days_pass(days);
        let before = shop.told("grace").len();
        next = shop.app.settle_waivers().await.unwrap().unwrap();
        warnings.push(shop.told("grace").len() - before);
    }
    assert_eq!(warnings, [0, 1, 0, 1, 0], "on the days 45, 46, 47, 58 and 59");
    assert_eq!(next, "2027-03-02T08:00:00Z".parse().unwrap());
    assert!(shop.told("grace")[0].contains("ends on 2 March 2027"), "{:?}", shop.told("grace"));

    // Its end counts at once; noting it is another matter.
    shop.days_pass(1);
    assert!(shop.finding().await.finding.blocks());
    assert_eq!(shop.app.waiver(&ada, &id).unwrap().standing, WaiverStanding::Expired);
    assert_eq!(shop.app.settle_waivers().await.unwrap(), None);
    assert!(shop.told("grace")[0].contains("has ended"));
    assert!(shop.app.approve_waiver(&person("sam"), &id, None).await.is_err());
}

#[tokio::test]
async fn a_waiver_taken_back_lets_nothing_pass_and_a_scope_names_what_is_there() {
    let shop = Shop::open().await;
    let (ada, sam) = (person("ada"), person("sam"));
    let id = shop.request(&ada, 7).await.unwrap();
    assert!(shop.app.reject_waiver(&sam, &id, " ").await.is_err(), "a rejection says why");
    shop.app.reject_waiver(&sam, &id, "Finance has named it already").await.unwrap();
    assert!(shop.finding().await.finding.blocks());

    let id = shop.request(&ada, 7).await.unwrap();
    shop.app.approve_waiver(&sam, &id, Some("until Monday")).await.unwrap();
    assert!(shop.app.revoke_waiver(&person("eve"), &id, None).await.is_err());
    shop.app.revoke_waiver(&person("grace"), &id, Some("It is named now")).await.unwrap();
    assert!(shop.finding().await.finding.blocks());
    let filter = WaiverFilter { standing: Some(WaiverStanding::Revoked), ..WaiverFilter::default() };
    assert_eq!(shop.app.waivers(&ada, &filter).unwrap().len(), 1);

    let scope = |policy: &str, service: Option<&str>| WaiverScope {
        policy: policy.to_owned(),
        kind: None,
        namespace: None,
        name: None,
        service: service.map(str::to_owned),
        environments: Vec::new(),
        path: None,
    };
    let ask = async |scope: WaiverScope| {
        let reason = "Finance names the cost centre in March".to_owned();
        let subject = WaiverSubject::Scope(scope);
        shop.app.request_waiver(&ada, WaiverRequest { subject, reason, end: WaiverEnd::Days(7) }).await
    };
    assert!(ask(scope("CostCenter/who-pays", Some("shop"))).await.is_err(), "there is no such policy");
    assert!(ask(scope("CostCentre/who-pays", None)).await.is_err(), "everything is no scope");
    assert!(ask(scope("CostCentre/who-pays", Some("pay"))).await.is_err(), "ada does not own it");
    let whole = ask(scope("CostCentre/who-pays", Some("shop"))).await.unwrap();
    shop.app.approve_waiver(&sam, &whole.waiver.id, None).await.unwrap();
    assert!(!shop.finding().await.finding.blocks());
}

#[tokio::test]
async fn the_fleets_audit_notes_changes_and_since_when_findings_stand() {
    let shop = Shop::open().await;
    let (ada, sam) = (person("ada"), person("sam"));
    assert_eq!(shop.app.audit_fleet().await.unwrap(), 2, "the day, and the shop");
    assert_eq!(shop.app.audit_fleet().await.unwrap(), 0, "nothing changed");
    let since = shop.finding().await.since.unwrap();
    assert_eq!(since, "2027-01-01T08:00:00Z".parse().unwrap());

    shop.days_pass(2);
    let id = shop.request(&ada, 7).await.unwrap();
    shop.app.approve_waiver(&sam, &id, None).await.unwrap();
    shop.app.audit_fleet().await.unwrap();
    assert_eq!(shop.finding().await.since, Some(since), "a waived finding is as old as before");
    let trend = shop.app.trend(&ada, "CostCentre/who-pays", 5).unwrap();
    let counts: Vec<_> = trend.iter().map(|day| day.counts.map(|it| (it.open, it.waived))).collect();
    assert_eq!(trend[4].day, "2027-01-03");
    assert_eq!(counts, [None, None, Some((1, 0)), Some((1, 0)), Some((0, 1))]);

    let mended = DEPLOYMENT.replace("{app", "{acme.example/cost-centre: web, app");
    shop.commit("delivery", "staging/shop/deployment.yaml", &mended).await;
    shop.app.audit_fleet().await.unwrap();
    shop.days_pass(1);
    shop.commit("delivery", "staging/shop/deployment.yaml", DEPLOYMENT).await;
    shop.app.audit_fleet().await.unwrap();
    assert_ne!(shop.finding().await.since, Some(since), "what came again stands since it came");
    let policies = shop.app.policy_list(&ada).await.unwrap();
    assert_eq!((policies[0].waivers.maximum_days, policies[0].counts.waived), (60, 1));
}
