//! Each format comes to the same model, and nothing that is written by somebody hostile gets past its bounds.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

use base64::Engine as _;
use fairway_domain::finding::Severity;
use fairway_supply::{Evidence, EvidenceKind, Format, SupplyError, read};
use serde_json::json;

fn of(value: &serde_json::Value) -> Evidence {
    read(value.to_string().as_bytes()).unwrap()
}

fn names(evidence: &Evidence) -> Vec<String> {
    evidence.components.iter().map(|it| format!("{}@{}", it.name, it.version)).collect()
}

#[test]
fn cyclonedx_in_json_with_nested_components_and_vulnerabilities() {
    let evidence = of(&json!({
        "bomFormat": "CycloneDX", "specVersion": "1.6", "serialNumber": "urn:uuid:1",
        "metadata": {
            "timestamp": "2026-11-01T10:00:00Z",
            "tools": {"components": [{"name": "syft", "version": "1.2"}]},
            "component": {"name": "shop", "purl": format!("pkg:oci/shop@sha256%3A{}", "a".repeat(64))}
        },
        "components": [
            {"bom-ref": "a", "group": "org.apache.logging.log4j", "name": "log4j-core", "version": "2.14.1",
             "purl": "pkg:maven/org.apache.logging.log4j/log4j-core@2.14.1",
             "licenses": [{"license": {"id": "Apache-2.0"}}],
             "components": [{"name": "inner", "version": "1"}]},
            {"name": "", "purl": "pkg:npm/%40angular/core@17.0.1", "licenses": [{"expression": "MIT OR ISC"}]}
        ],
        "vulnerabilities": [
            {"id": "CVE-2021-44228", "ratings": [{"score": 10.0, "method": "CVSSv31", "severity": "critical"}],
             "affects": [{"ref": "a"}], "description": "remote code"},
            {"id": "CVE-1", "analysis": {"state": "not_affected"}, "affects": [{"ref": "a"}]}
        ],
        "unknown": {"future": [1, 2]}
    }));
    assert_eq!((evidence.kind, evidence.format), (EvidenceKind::Sbom, Format::CycloneDx));
    assert_eq!(
        names(&evidence),
        ["inner@1", "org.apache.logging.log4j/log4j-core@2.14.1", "@angular/core@17.0.1"]
    );
    assert_eq!(evidence.tool.as_deref(), Some("syft 1.2"));
    let expected = format!("sha256:{}", "a".repeat(64));
    assert_eq!(evidence.subjects[0].digest.as_deref(), Some(expected.as_str()));
    assert_eq!(evidence.vulnerabilities.len(), 1, "what does not affect the artefact is no weakness of it");
    let weak = &evidence.vulnerabilities[0];
    assert_eq!(
        (weak.severity, weak.cvss, weak.version.as_str()),
        (Some(Severity::Critical), Some(10.0), "2.14.1")
    );
}

#[test]
fn cyclonedx_in_xml_says_the_same() {
    let xml = r#"<?xml version="1.0"?>
        <bom xmlns="http://cyclonedx.org/schema/bom/1.5" version="1">
          <metadata><timestamp>2026-11-01T10:00:00Z</timestamp>
            <tools><components><component><name>syft</name></component></components></tools>
            <component type="application"><name>shop</name></component></metadata>
          <components>
            <component type="library"><group>org.acme</group><name>a &amp; b</name><version>2.1</version>
              <licenses><license><id>MIT</id></license></licenses>
              <purl>pkg:maven/org.acme/ab@2.1</purl>
              <components><component><name>inner</name><version>1</version></component></components>
            </component>
          </components>
        </bom>"#;
    let evidence = read(xml.as_bytes()).unwrap();
    assert_eq!(names(&evidence), ["inner@1", "org.acme/a & b@2.1"]);
    assert_eq!(evidence.components[1].licences, ["MIT"]);
    assert_eq!(evidence.subjects[0].name, "shop");
    assert!(evidence.created_at.is_some());
}

#[test]
fn spdx_in_json_and_as_tag_value_say_the_same() {
    let from_json = of(&json!({
        "spdxVersion": "SPDX-2.3", "name": "shop", "documentDescribes": ["SPDXRef-shop"],
        "creationInfo": {"created": "2026-11-01T10:00:00Z", "creators": ["Organization: Acme", "Tool: syft-1.2"]},
        "packages": [
            {"SPDXID": "SPDXRef-shop", "name": "shop", "versionInfo": "0.1",
             "checksums": [{"algorithm": "SHA256", "checksumValue": "ab"}]},
            {"SPDXID": "SPDXRef-1", "name": "openssl", "versionInfo": "3.0.11", "licenseConcluded": "NOASSERTION",
             "licenseDeclared": "Apache-2.0",
             "externalRefs": [{"referenceCategory": "PACKAGE-MANAGER", "referenceType": "purl",
                               "referenceLocator": "pkg:deb/debian/openssl@3.0.11"}]}
        ]
    }));
    let from_text = read(
        b"SPDXVersion: SPDX-2.3\nDocumentName: shop\nCreated: 2026-11-01T10:00:00Z\nCreator: Tool: syft-1.2\n\
          DocumentComment: <text>PackageName: not one\nnor this</text>\n\
          PackageName: shop\nSPDXID: SPDXRef-shop\nPackageVersion: 0.1\nPackageChecksum: SHA256: ab\n\
          PackageName: openssl\nSPDXID: SPDXRef-1\nPackageVersion: 3.0.11\nPackageLicenseConcluded: NOASSERTION\n\
          PackageLicenseDeclared: Apache-2.0\nExternalRef: PACKAGE-MANAGER purl pkg:deb/debian/openssl@3.0.11\n\
          FileName: ./x\nSPDXID: SPDXRef-file\nRelationship: SPDXRef-DOCUMENT DESCRIBES SPDXRef-shop\n",
    )
    .unwrap();
    assert_eq!(from_json, from_text);
    assert_eq!(names(&from_json), ["openssl@3.0.11"]);
    assert_eq!(from_json.components[0].licences, ["Apache-2.0"]);
    assert_eq!(from_json.subjects[0].digest.as_deref(), Some("sha256:ab"));
    let newer = read(b"{\"@context\": \"https://spdx.org/rdf/3.0.1/spdx-context.jsonld\", \"@graph\": []}");
    assert!(matches!(newer, Err(SupplyError::UnknownVersion { .. })), "{newer:?}");
}

#[test]
fn trivy_says_what_is_weak_and_never_what_a_secret_is() {
    let secret = format!("gh{}_{}", "p", "a1B2c3D4e".repeat(4));
    let evidence = of(&json!({
        "SchemaVersion": 2, "ArtifactName": "acme/shop:0.1", "CreatedAt": "2026-11-01T10:00:00.5+01:00",
        "Metadata": {"RepoDigests": [format!("acme/shop@sha256:{}", "b".repeat(64))]},
        "Results": [
            {"Target": "Cargo.lock", "Class": "lang-pkgs",
             "Packages": [{"Name": "time", "Version": "0.1.44", "Identifier": {"PURL": "pkg:cargo/time@0.1.44"}}],
             "Vulnerabilities": [{"VulnerabilityID": "CVE-2020-26235", "PkgName": "time", "InstalledVersion": "0.1.44",
                "FixedVersion": "0.2.23", "Severity": "HIGH", "Title": "segfault",
                "CVSS": {"nvd": {"V3Score": 7.5}, "ghsa": {"V3Score": 6.2}}}]},
            {"Target": "Dockerfile", "Misconfigurations": [
                {"ID": "DS002", "Title": "root", "Message": "runs as root", "Severity": "HIGH", "Status": "FAIL",
                 "CauseMetadata": {"StartLine": 3}},
                {"ID": "DS001", "Status": "PASS"}]},
            {"Target": ".env", "Secrets": [{"RuleID": "github-pat", "Title": "GitHub token", "Severity": "CRITICAL",
                "StartLine": 2, "Match": secret, "Code": {"Lines": [{"Content": secret}]}}]}
        ]
    }));
    assert_eq!(evidence.kind, EvidenceKind::Scan);
    let weak = &evidence.vulnerabilities[0];
    assert_eq!(
        (weak.fixed.as_deref(), weak.cvss, weak.severity),
        (Some("0.2.23"), Some(7.5), Some(Severity::High))
    );
    let results: Vec<_> =
        evidence.results.iter().map(|it| (it.rule.as_str(), it.line, it.is_secret)).collect();
    assert_eq!(results, [("DS002", Some(3), false), ("github-pat", Some(2), true)]);
    assert!(!format!("{evidence:?}").contains(&secret));
}

#[test]
fn sarif_says_what_still_holds() {
    let secret = format!("gh{}_{}", "p", "Zz9Yy8Xx7".repeat(4));
    let evidence = of(&json!({
        "version": "2.1.0",
        "runs": [{
            "tool": {"driver": {"name": "CodeQL", "semanticVersion": "2.0", "rules": [
                {"id": "js/sql", "properties": {"security-severity": "8.8"}},
                {"id": "js/style", "defaultConfiguration": {"level": "note"}}]}},
            "results": [
                {"ruleId": "js/sql", "ruleIndex": 0, "message": {"text": "a query"}, "locations": [
                    {"physicalLocation": {"artifactLocation": {"uri": "a.js"}, "region": {"startLine": 7,
                     "snippet": {"text": secret}}}}]},
                {"ruleId": "js/style", "message": {"text": format!("found {secret} here")}},
                {"ruleId": "js/sql", "message": {"text": "was looked at"}, "suppressions": [{"kind": "inSource"}]},
                {"ruleId": "js/sql", "message": {"text": "turned down"}, "suppressions": [{"status": "rejected"}]},
                {"ruleId": "js/sql", "baselineState": "absent", "message": {"text": "was mended"}},
                {"ruleId": "js/sql", "kind": "pass", "message": {"text": "fine"}}
            ]
        }]
    }));
    let said: Vec<_> = evidence.results.iter().map(|it| (it.message.as_str(), it.severity)).collect();
    assert_eq!(
        said,
        [
            ("a query", Some(Severity::High)),
            ("not shown, as it holds a secret", Some(Severity::Low)),
            ("turned down", Some(Severity::High)),
        ]
    );
    assert_eq!(evidence.results[0].file.as_deref(), Some("a.js"));
    assert!(!format!("{evidence:?}").contains(&secret));
}

#[test]
fn provenance_of_every_version_alone_and_in_an_envelope() {
    let subject = json!([{"name": "shop", "digest": {"sha256": "c".repeat(64)}}]);
    let newer = json!({
        "_type": "https://in-toto.io/Statement/v1", "subject": subject,
        "predicateType": "https://slsa.dev/provenance/v1",
        "predicate": {
            "buildDefinition": {"buildType": "https://actions.github.io/buildtypes/workflow/v1",
                "externalParameters": {"workflow": {"repository": "https://github.com/acme/shop", "ref": "refs/heads/main"}},
                "resolvedDependencies": [{"uri": "git+https://github.com/acme/shop@refs/heads/main",
                                          "digest": {"gitCommit": "deadbeef"}}]},
            "runDetails": {"builder": {"id": "https://github.com/actions/runner"},
                "metadata": {"invocationId": "run/1", "startedOn": "2026-11-01T10:00:00Z", "finishedOn": "2026-11-01T10:05:00Z"}}
        }
    });
    let older = json!({
        "_type": "https://in-toto.io/Statement/v0.1", "subject": subject,
        "predicateType": "https://slsa.dev/provenance/v0.2",
        "predicate": {
            "builder": {"id": "https://github.com/actions/runner"}, "buildType": "x",
            "invocation": {"configSource": {"uri": "https://github.com/acme/shop", "digest": {"sha1": "deadbeef"}}},
            "metadata": {"buildInvocationId": "run/1", "buildStartedOn": "2026-11-01T10:00:00Z"},
            "materials": [{"uri": "pkg:docker/rust", "digest": {"sha256": "d"}}]
        }
    });
    for statement in [&newer, &older] {
        let payload = base64::engine::general_purpose::STANDARD.encode(statement.to_string());
        let envelope = json!({"payloadType": "application/vnd.in-toto+json", "payload": payload,
                              "signatures": [{"sig": "eA=="}]});
        for evidence in [of(statement), of(&envelope)] {
            let build = &evidence.builds[0];
            assert_eq!(evidence.kind, EvidenceKind::Provenance);
            assert_eq!(build.builder, "https://github.com/actions/runner");
            assert_eq!(build.source.as_deref(), Some("https://github.com/acme/shop"));
            assert_eq!(build.commit.as_deref(), Some("deadbeef"));
            assert_eq!(build.invocation.as_deref(), Some("run/1"));
            assert!(build.started_at.is_some() && !build.materials.is_empty());
            assert_eq!(evidence.subjects[0].digest, Some(format!("sha256:{}", "c".repeat(64))));
        }
    }
}

#[test]
fn an_attested_bill_of_materials_is_one() {
    let evidence = of(&json!({
        "_type": "https://in-toto.io/Statement/v1", "subject": [{"name": "i", "digest": {"sha256": "e"}}],
        "predicateType": "https://cyclonedx.org/bom",
        "predicate": {"bomFormat": "CycloneDX", "components": [{"name": "a", "version": "1"}]}
    }));
    assert_eq!((evidence.kind, names(&evidence)), (EvidenceKind::Sbom, vec!["a@1".to_owned()]));
    assert_eq!(evidence.subjects[0].digest.as_deref(), Some("sha256:e"));
}

#[test]
fn hostile_documents_end_with_a_reason() {
    let deep = format!("{}{}", "{\"components\":[".repeat(300), "]}".repeat(300));
    let deep = format!("{{\"bomFormat\":\"CycloneDX\",\"components\":[{deep}]}}");
    let deep_xml = format!("<bom>{}", "<component>".repeat(500));
    let bomb = "<!DOCTYPE x [<!ENTITY a \"aaaa\">]><bom><components>&a;</components></bom>";
    for (what, document) in [
        ("nothing", ""),
        ("words", "hello there"),
        ("half an object", "{\"bomFormat\": \"CycloneDX\", "),
        ("another object", "{\"a\": 1}"),
        ("a list", "[1, 2]"),
        ("depth", deep.as_str()),
        ("depth in XML", deep_xml.as_str()),
        ("entities", bomb),
        ("half of an XML", "<bom><components>"),
        ("other XML", "<html><bom/></html>"),
        ("a wrong type", "{\"bomFormat\": \"CycloneDX\", \"components\": 3}"),
        ("an old SPDX", "{\"spdxVersion\": \"SPDX-1.2\"}"),
        ("an envelope of nothing", "{\"payloadType\": \"application/vnd.in-toto+json\", \"payload\": \"!\"}"),
        ("another SARIF", "{\"version\": \"3.0\", \"runs\": []}"),
    ] {
        let error = read(document.as_bytes()).expect_err(what).to_string();
        assert!(error.len() > 20 && error.len() < 600, "{what}: {error}");
    }
    assert!(matches!(
        read(&vec![b' '; fairway_supply::DOCUMENT_BYTES + 1]),
        Err(SupplyError::TooLarge { .. })
    ));
}
