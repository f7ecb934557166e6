//! What a workload renders to, in a plain environment and in production.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stderr
)]

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use fairway_domain::EntityRef;
use fairway_domain::environment::{Environment, ResourceClass};
use fairway_workload::{RenderRequest, RenderedWorkload, parse_score, render};
use serde_json::{Value, json};

const SCORE: &str = r#"
apiVersion: score.dev/v1b1
metadata:
  name: orders
  annotations:
    acme.example/tier: gold
    fairway.dev/metrics-port: web
service:
  ports:
    web: {port: 80, targetPort: 8080}
    grpc: {port: 9000}
containers:
  main:
    image: .
    before:
      migrate: {ready: complete}
      proxy: {ready: healthy}
    variables:
      GREETING: "hello from ${metadata.name} for $${price}"
      DATABASE_URL: "postgres://${resources.db.username}:${resources.db.password}@${resources.db.host}:${resources.db.port}/${resources.db.name}"
      DATABASE_PASSWORD: ${resources.db.password}
      PUBLIC_URL: ${resources.dns.url}
    files:
      /etc/orders/config.ini:
        content: "name=${metadata.name}\n"
        mode: "0440"
      /etc/orders/raw.txt: {content: "${not.expanded}", noExpand: true}
      /etc/orders/key.bin: {binaryContent: AP8=}
      /etc/orders/password: {content: "${resources.db.password}"}
    resources:
      requests: {cpu: 200m, memory: 1Gi}
    livenessProbe:
      httpGet: {path: /live, port: 8080, host: orders.internal}
    readinessProbe:
      httpGet: {path: /ready, port: 8080}
  migrate:
    image: acme/migrate:1.2.3
    command: [/migrate, "--up"]
  proxy:
    image: acme/proxy@sha256:0000000000000000000000000000000000000000000000000000000000000000
    readinessProbe: {exec: {command: [/ready]}}
resources:
  db: {type: postgres, params: {size: small}}
  dns: {type: dns}
  route: {type: route, params: {host: "${resources.dns.host}", port: 80, path: /api}}
"#;

fn environment(production: bool) -> Environment {
    let spec = json!({
        "owner": "group:default/platform", "order": 10, "production": production,
        "delivery": {"repository": "platform/environments", "path": "staging"},
        "namespace": "${{ workload.owner }}-staging", "domain": "staging.acme.example",
        "registry": "registry.acme.example",
        "resources": {"requests": {"cpu": "100m", "memory": "128Mi"}, "limits": {"memory": "256Mi", "cpu": "1"}},
    });
    Environment {
        name: "staging".into(),
        title: "Staging".into(),
        spec: serde_json::from_value(spec).unwrap(),
    }
}

fn postgres() -> ResourceClass {
    let spec = json!({
        "owner": "group:default/platform", "type": "postgres", "provider": "cloudnative-pg",
        "sizes": {
            "small": {"instances": 1, "storage": "5Gi", "monthly": 24.0},
            "medium": {"instances": 3, "storage": "20Gi"},
        },
        "defaultSize": "small",
        "manifests": [{
            "apiVersion": "postgresql.cnpg.io/v1", "kind": "Cluster",
            "metadata": {"name": "${{ workload.name }}-${{ resource.name }}"},
            "spec": {"instances": "${{ size.instances }}", "storage": {"size": "${{ size.storage }}"}},
        }],
        "outputs": {
            "host": "${{ workload.name }}-${{ resource.name }}-rw", "port": "5432", "name": "app",
            "username": {"secret": "${{ workload.name }}-${{ resource.name }}-app", "key": "username"},
            "password": {"secret": "${{ workload.name }}-${{ resource.name }}-app", "key": "password"},
        },
    });
    ResourceClass {
        name: "postgres-cnpg".into(),
        title: "PostgreSQL".into(),
        spec: serde_json::from_value(spec).unwrap(),
    }
}

fn rendered(text: &str, production: bool) -> Result<RenderedWorkload, String> {
    let score = parse_score("score.yaml", text).map_err(|problems| format!("{problems:?}"))?;
    let owner = EntityRef::new("group", "default", "team-a");
    render(&RenderRequest {
        score: &score,
        service: "orders",
        owner: &owner,
        system: Some(&EntityRef::new("system", "default", "shop")),
        version: "1.4.0",
        image_repository: "acme/orders",
        environment: &environment(production),
        classes: &[postgres()],
    })
    .map_err(|problems| problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))
}

fn object<'a>(workload: &'a RenderedWorkload, file: &str) -> &'a Value {
    let found = workload.objects.iter().find(|(path, _)| path.as_str() == file);
    &found.unwrap_or_else(|| panic!("{file} is not among {:?}", files(workload))).1
}

fn files(workload: &RenderedWorkload) -> Vec<&str> {
    workload.files.iter().map(|(path, _)| path.as_str()).collect()
}

#[test]
fn a_workload_becomes_locked_down_objects() {
    let workload = rendered(SCORE, false).unwrap();
    assert_eq!(workload.namespace, "team-a-staging");
    assert_eq!(
        files(&workload),
        [
            "db-cluster.yaml",
            "deployment.yaml",
            "horizontal-pod-autoscaler.yaml",
            "main-config-map.yaml",
            "network-policy.yaml",
            "route-ingress.yaml",
            "service-account.yaml",
            "service-monitor.yaml",
            "service.yaml",
        ]
    );
    assert_eq!(workload.warnings, Vec::<String>::new());
    let deployment = object(&workload, "deployment.yaml");
    let pod = &deployment["spec"]["template"]["spec"];
    let main = &pod["containers"][0];
    assert_eq!(main["image"], "registry.acme.example/acme/orders:1.4.0");
    assert_eq!(main["securityContext"]["readOnlyRootFilesystem"], true);
    assert_eq!(main["securityContext"]["capabilities"]["drop"], json!(["ALL"]));
    assert_eq!(pod["automountServiceAccountToken"], false);
    assert_eq!(main["resources"]["limits"], json!({"cpu": "1", "memory": "1Gi"}), "raised to the request");
    assert_eq!(main["livenessProbe"]["httpGet"]["httpHeaders"][0]["value"], "orders.internal");
    assert_eq!(deployment["spec"].get("replicas"), None, "the autoscaler counts");
    assert_eq!(
        deployment["spec"]["template"]["metadata"]["annotations"],
        json!({"acme.example/tier": "gold"})
    );

    let first: Vec<&Value> = pod["initContainers"].as_array().unwrap().iter().collect();
    assert_eq!((first[0]["name"].as_str(), first[1]["name"].as_str()), (Some("migrate"), Some("proxy")));
    assert_eq!((first[0].get("restartPolicy"), first[1]["restartPolicy"].as_str()), (None, Some("Always")));
    assert!(first[1]["startupProbe"].is_object());

    let labels = &object(&workload, "db-cluster.yaml")["metadata"]["labels"];
    assert_eq!(labels["fairway.dev/owner"], "team-a");
    assert_eq!(labels["app.kubernetes.io/part-of"], "shop");
    assert_eq!(object(&workload, "db-cluster.yaml")["spec"]["instances"], 1);
    assert_eq!(workload.resources.len(), 2);
    assert_eq!(workload.resources[0].size.as_deref(), Some("small"));
    assert_eq!(
        object(&workload, "route-ingress.yaml")["spec"]["rules"][0]["host"],
        "orders.staging.acme.example"
    );
}

#[test]
fn secrets_are_references_and_never_text() {
    let workload = rendered(SCORE, false).unwrap();
    let variables = object(&workload, "deployment.yaml")["spec"]["template"]["spec"]["containers"][0]["env"]
        .as_array()
        .unwrap()
        .clone();
    let value = |name: &str| variables.iter().find(|it| it["name"] == name).unwrap().clone();
    assert_eq!(value("GREETING")["value"], "hello from orders for ${price}");
    assert_eq!(
        value("DATABASE_PASSWORD")["valueFrom"]["secretKeyRef"],
        json!({"name": "orders-db-app", "key": "password"})
    );
    let url = value("DATABASE_URL")["value"].as_str().unwrap().to_owned();
    let reference = |key: &str| {
        let position = variables.iter().position(|it| {
            it["valueFrom"]["secretKeyRef"]["key"] == key
                && it["name"].as_str().unwrap().starts_with("__ref_")
        });
        assert!(position.unwrap() < 2, "references come before the texts that use them");
        format!("$({})", variables[position.unwrap()]["name"].as_str().unwrap())
    };
    assert_eq!(
        url,
        format!("postgres://{}:{}@orders-db-rw:5432/app", reference("username"), reference("password"))
    );
    let config = object(&workload, "main-config-map.yaml");
    assert_eq!(config["data"]["file-0"], "name=orders\n");
    assert_eq!(config["data"]["file-3"], "${not.expanded}");
    assert_eq!(config["binaryData"]["file-1"], "AP8=");
    let volumes = object(&workload, "deployment.yaml")["spec"]["template"]["spec"]["volumes"].to_string();
    assert!(volumes.contains("\"secretName\":\"orders-db-app\""), "{volumes}");
}

#[test]
fn production_is_stricter() {
    let workload = rendered(SCORE, true).unwrap();
    let autoscaler = object(&workload, "horizontal-pod-autoscaler.yaml");
    assert_eq!(
        (&autoscaler["spec"]["minReplicas"], &autoscaler["spec"]["maxReplicas"]),
        (&json!(2), &json!(4))
    );
    assert_eq!(object(&workload, "pod-disruption-budget.yaml")["spec"]["maxUnavailable"], 1);
}

#[test]
fn who_opens_the_way_out_says_so_on_the_object() {
    let score = SCORE.replace("    fairway.dev/metrics-port: web\n", "    fairway.dev/egress: internet\n");
    let open = rendered(&score, false).unwrap();
    let metadata = &object(&open, "network-policy.yaml")["metadata"];
    assert_eq!(metadata["annotations"]["fairway.dev/deviation"], "egress-internet");
    let closed = rendered(SCORE, false).unwrap();
    assert!(object(&closed, "network-policy.yaml")["metadata"].get("annotations").is_none());
}

#[test]
fn the_same_request_gives_the_same_bytes() {
    assert_eq!(rendered(SCORE, true).unwrap().files.digest(), rendered(SCORE, true).unwrap().files.digest());
}

#[test]
fn volumes_of_one_writer_hold_the_workload_at_one_replica() {
    let text = "apiVersion: score.dev/v1b1\nmetadata: {name: orders}\ncontainers:\n  main:\n    image: x:1\n    volumes:\n      /data: {source: \"${resources.data}\", path: /sub}\n      /cache: {source: cache}\nresources:\n  data: {type: volume, params: {size: 5Gi}}\n";
    let workload = rendered(text, true).unwrap();
    let deployment = object(&workload, "deployment.yaml");
    assert_eq!(deployment["spec"]["replicas"], 1);
    assert_eq!(deployment["spec"]["strategy"]["type"], "Recreate");
    assert_eq!(
        object(&workload, "data-persistent-volume-claim.yaml")["spec"]["resources"]["requests"]["storage"],
        "5Gi"
    );
    let mounts = deployment["spec"]["template"]["spec"]["containers"][0]["volumeMounts"].to_string();
    assert!(mounts.contains(r#"{"name":"volume-data","mountPath":"/data","subPath":"sub"}"#), "{mounts}");
    assert_eq!(workload.warnings.len(), 2, "{:?}", workload.warnings);
}

#[test]
fn problems_say_where_and_what_to_do() {
    let start = "apiVersion: score.dev/v1b1\nmetadata: {name: orders}\nservice: {ports: {web: {port: 80}}}\ncontainers:\n  main:\n    image: x:1\n";
    for (rest, expected) in [
        (
            "resources: {queue: {type: rabbit}}",
            &["nothing provides the type \"rabbit\"", "on offer are: dns, postgres, route"][..],
        ),
        ("resources: {db: {type: postgres, params: {size: huge}}}", &["no size \"huge\"", "small"]),
        ("    variables: {A: '${resources.db.host}'}", &["score.yaml:7:", "no resource \"db\""]),
        ("    variables: {A: '${metadata.nmae}'}", &["metadata has no \"nmae\"; it has: name"]),
        ("    files: {/a: {source: a.txt}}", &["score.yaml:7:", "put its text under \"content\""]),
        ("    before: {other: {ready: started}}", &["no container \"other\""]),
        ("    resources: {requests: {cpu: \"2\"}, limits: {cpu: \"1\"}}", &["request 2 exceeds its limit 1"]),
        ("resources: {web: {type: route, params: {port: 81}}}", &["the service has no port 81", "web (80)"]),
        (
            "resources:\n  one: {type: volume, params: {x: '${resources.two.source}'}}\n  two: {type: volume, params: {x: '${resources.one.source}'}}",
            &["in a circle: one, two"],
        ),
        ("resources: {db: {type: postgres}}\n", &[]),
    ] {
        let outcome = rendered(&format!("{start}{rest}\n"), false);
        let text = outcome.err().unwrap_or_default();
        for part in expected {
            assert!(text.contains(part), "{rest}:\n{text}");
        }
        assert_eq!(text.is_empty(), expected.is_empty(), "{rest}: {text}");
    }
}

const VALIDATE: &str = "
import json, sys
try:
    import kubernetes_validate as validator
except ImportError:
    sys.exit(77)
for line in sys.stdin:
    document = json.loads(line)
    try:
        validator.validate(document, '1.35', strict=True)
    except validator.SchemaNotFoundError:
        print('no schema for', document['kind'], file=sys.stderr)
    except validator.ValidationError as error:
        print(document['kind'], error.message, list(error.path))
";

/// Needs the package `kubernetes-validate`, which `scripts/setup-tests.sh` installs.
#[test]
fn objects_are_valid_by_the_schemas_of_kubernetes() {
    let mut lines = String::new();
    for production in [false, true] {
        for (_, object) in rendered(SCORE, production).unwrap().objects {
            lines.push_str(&object.to_string());
            lines.push('\n');
        }
    }
    let own = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/.venv/bin/python");
    let python = if own.exists() { own } else { PathBuf::from("python3") };
    let child = Command::new(python)
        .args(["-c", VALIDATE])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn();
    let Ok(mut child) = child else {
        eprintln!("skipped: there is no python3");
        return;
    };
    drop(child.stdin.take().map(|mut pipe| pipe.write_all(lines.as_bytes())));
    let output = child.wait_with_output().unwrap();
    if output.status.code() == Some(77) {
        eprintln!("skipped: kubernetes-validate is not installed");
        return;
    }
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(String::from_utf8_lossy(&output.stdout), "");
}

#[test]
fn the_monitor_is_valid_by_its_definition() {
    let cases = std::env::var_os("FAIRWAY_CASES").map_or_else(
        || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/cases"),
        PathBuf::from,
    );
    let path = cases.join("crds/prometheus-operator/monitoring.coreos.com_servicemonitors.yaml");
    let Ok(text) = std::fs::read_to_string(&path) else {
        eprintln!("skipped: {} is missing", path.display());
        return;
    };
    let definition = fairway_yaml::read("crd.yaml", &text, &fairway_yaml::Limits::default());
    let schema = definition.documents[0].value["spec"]["versions"][0]["schema"]["openAPIV3Schema"].clone();
    let workload = rendered(SCORE, false).unwrap();
    let monitor = object(&workload, "service-monitor.yaml");
    if let Err(error) = jsonschema::validate(&schema, monitor) {
        panic!("{error}");
    }
}
