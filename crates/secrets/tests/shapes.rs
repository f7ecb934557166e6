//! Every known shape is found, told by its kind and place, and never shown. The secrets are made when the test runs,
//! so that the repository holds none.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

use fairway_secrets::{AllowList, SkipReason, rules, scan};

/// What a rule has to find: `{a32}` stands for 32 letters and digits, `h` for hexadecimal digits, `d` for digits,
/// `u` for capitals and the digits from 2 to 7, `l` for letters, `s` for small letters and digits, `k` for what is
/// in age keys and `U` for capitals and digits.
const SHAPES: [(&str, &str); 87] = [
    ("aws-access-key-id", "AKIA{u16}"),
    ("aws-secret-access-key", "aws_secret_access_key = {a40}"),
    ("alibaba-access-key-id", "LTAI{a20}"),
    ("azure-storage-key", "AccountName=acme;AccountKey={a86}=="),
    ("azure-shared-access-key", "SharedAccessKey={a43}="),
    ("azure-client-secret", "{l3}{d1}Q~{a34}"),
    ("azure-sas", "https://acme.blob/x?sv=2024&sig={a43}%3D"),
    ("gcp-api-key", "AIza{a35}"),
    ("gcp-oauth-secret", "GOCSPX-{a28}"),
    ("gcp-access-token", "ya29.{a80}"),
    ("digitalocean-token", "dop_v1_{h64}"),
    ("cloudflare-origin-key", "v1.0-{h24}-{h146}"),
    ("heroku-api-key", "HRKU-{a40}"),
    ("fly-token", "FlyV1 fm2_{a200}"),
    ("netlify-token", "nfp_{a36}"),
    ("yandex-api-key", "AQVN{a36}"),
    ("tailscale-key", "tskey-auth-{a12}-{a32}"),
    ("github-token", "ghp_{a36}"),
    ("github-fine-grained-token", "github_pat_{a22}_{a59}"),
    ("gitlab-token", "glpat-{a20}"),
    ("bitbucket-token", "ATBB{a32}"),
    ("atlassian-token", "ATATT3{a160}"),
    ("npm-token", "npm_{a36}"),
    ("npmrc-auth", "//registry.acme.dev/:_authToken={a36}"),
    ("pypi-token", "pypi-AgE{a100}"),
    ("rubygems-token", "rubygems_{h48}"),
    ("crates-io-token", "cio{a32}"),
    ("nuget-key", "oy2{s43}"),
    ("docker-token", "dckr_pat_{a27}"),
    ("docker-auth", "{\"auth\": \"{a40}\"}"),
    ("artifactory-token", "AKCp{a69}"),
    ("fairway-token", "fwy_{a12}_{a43}"),
    ("buildkite-token", "bkua_{h40}"),
    ("circleci-token", "CCIPAT_{a22}_{h40}"),
    ("terraform-token", "{a14}.atlasv1.{a67}"),
    ("vault-token", "hvs.{a90}"),
    ("pulumi-token", "pul-{h40}"),
    ("doppler-token", "dp.pt.{a43}"),
    ("databricks-token", "dapi{h32}"),
    ("grafana-token", "glsa_{a32}_{h8}"),
    ("grafana-cloud-token", "glc_eyJ{a80}"),
    ("newrelic-key", "NRAK-{U27}"),
    ("dynatrace-token", "dt0c01.{U24}.{U64}"),
    ("sentry-token", "sntryu_{h64}"),
    ("sonar-token", "squ_{h40}"),
    ("launchdarkly-key", "sdk-{h8}-{h4}-4{h3}-a{h3}-{h12}"),
    ("prefect-token", "pnu_{a36}"),
    ("sourcegraph-token", "sgp_{h40}"),
    ("postman-key", "PMAK-{h24}-{h34}"),
    ("planetscale-secret", "pscale_tkn_{a43}"),
    ("supabase-token", "sbp_{h40}"),
    ("onepassword-token", "ops_eyJ{a400}"),
    ("age-key", "AGE-SECRET-KEY-1{k58}"),
    ("slack-token", "xoxb-{d12}-{d13}-{a24}"),
    ("slack-configuration-token", "xoxe-1-{a150}"),
    ("slack-webhook", "https://hooks.slack.com/services/T{U9}/B{U9}/{a24}"),
    ("teams-webhook", "webhook.office.com/webhookb2/{h36}@{h36}/IncomingWebhook/{h32}/{h36}"),
    ("discord-webhook", "https://discord.com/api/webhooks/{d18}/{a68}"),
    ("telegram-token", "{d9}:AA{a33}"),
    ("stripe-live-key", "sk_live_{a24}"),
    ("stripe-test-key", "sk_test_{a24}"),
    ("webhook-signing-secret", "whsec_{a32}"),
    ("square-token", "sq0atp-{a22}"),
    ("braintree-token", "access_token$production${s16}${h32}"),
    ("shopify-token", "shpat_{h32}"),
    ("sendgrid-key", "SG.{a22}.{a43}"),
    ("brevo-key", "xkeysib-{h64}-{a16}"),
    ("mailgun-key", "key-{h32}"),
    ("mailchimp-key", "{h32}-us12"),
    ("twilio-key", "SK{h32}"),
    ("openai-key", "sk-proj-{a20}T3BlbkFJ{a20}"),
    ("anthropic-key", "sk-ant-api03-{a93}"),
    ("huggingface-token", "hf_{l34}"),
    ("groq-key", "gsk_{a52}"),
    ("replicate-token", "r8_{a37}"),
    ("perplexity-key", "pplx-{a48}"),
    ("linear-key", "lin_api_{a40}"),
    ("notion-token", "ntn_{d11}{a35}"),
    ("figma-token", "figd_{a40}"),
    ("airtable-token", "pat{a14}.{h64}"),
    ("typeform-token", "tfp_{a59}"),
    ("readme-token", "rdme_{s70}"),
    ("private-key", "-----BEGIN RSA PRIVATE KEY-----\\n{a64}\\n{a64}\\n-----END"),
    ("putty-key", "PuTTY-User-Key-File-3: ssh-ed25519\nComment: x\nPrivate-Lines: 1\n{a64}\n"),
    ("kubeconfig-key", "client-key-data: {a400}"),
    ("json-web-token", "eyJ{a30}.eyJ{a60}.{a43}"),
    ("authorization-header", "curl -H 'Authorization: Bearer {a40}'"),
];

struct Noise(u64);

impl Noise {
    fn pick(&mut self, alphabet: &str, count: usize) -> String {
        let letters: Vec<char> = alphabet.chars().collect();
        let mut next = || {
            self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            letters[(self.0 >> 33) as usize % letters.len()]
        };
        (0..count).map(|_| next()).collect()
    }

    fn fill(&mut self, shape: &str) -> String {
        let mut text = String::new();
        let mut rest = shape;
        while let Some(at) = rest.find('{') {
            text.push_str(&rest[..at]);
            let after = &rest[at + 1..];
            let end = after.find('}').unwrap_or(0);
            let (kind, count) = after.split_at(usize::from(end > 0));
            let Ok(count) = count[..end.saturating_sub(1)].parse::<usize>() else {
                text.push('{');
                rest = after;
                continue;
            };
            let alphabet = match kind {
                "a" => "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789",
                "h" => "0123456789abcdef",
                "d" => "0123456789",
                "u" => "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567",
                "U" => "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789",
                "l" => "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ",
                "s" => "abcdefghijklmnopqrstuvwxyz0123456789",
                "k" => "QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L",
                other => panic!("{other} is no alphabet"),
            };
            text.push_str(&self.pick(alphabet, count));
            rest = &after[end + 1..];
        }
        text.push_str(rest);
        text
    }
}

#[test]
fn every_rule_has_a_shape_here_that_it_finds_at_its_place() {
    let mut noise = Noise(7);
    for rule in rules() {
        let shapes: Vec<&str> = SHAPES.iter().filter(|(id, _)| *id == rule.id).map(|(_, it)| *it).collect();
        assert!(!shapes.is_empty(), "{} has no shape", rule.id);
        for shape in shapes {
            let secret = noise.fill(shape);
            let found =
                scan("src/main.txt", format!("one\nä  {secret} \n").as_bytes(), &AllowList::default());
            let kinds: Vec<&str> = found.findings.iter().map(|it| it.rule.as_str()).collect();
            assert!(kinds.contains(&rule.id), "{}: {secret} gave {kinds:?}", rule.id);
            let finding = found.findings.iter().find(|it| it.rule == rule.id).unwrap();
            assert!(finding.line > 2 || (finding.line == 2 && finding.column >= 4), "{finding:?}");
            let said = format!("{finding:?} {}", finding.diagnostic());
            let tail: String =
                secret.chars().rev().skip(4).take(10).collect::<String>().chars().rev().collect();
            assert!(!said.contains(&tail), "{} shows what it found", rule.id);
        }
    }
}

#[test]
fn what_is_allowed_with_a_reason_is_counted_and_not_told() {
    let mut noise = Noise(11);
    let secret = noise.fill("ghp_{a36}");
    let none = AllowList::default();
    let found = |text: &str, allow: &AllowList| scan("src/a.py", text.as_bytes(), allow);
    let plain = found(&format!("x = '{secret}'\n"), &none);
    assert_eq!((plain.findings.len(), plain.allowed), (1, 0));
    let fingerprint = &plain.findings[0].fingerprint;

    let beside = format!("x = '{secret}' # fairway:allow-secret made up for the test of our parser\n");
    assert_eq!(found(&beside, &none).allowed, 1);
    let above = format!("# fairway:allow-secret made up for the test\nx = '{secret}'\n");
    assert_eq!(found(&above, &none).allowed, 1);
    let silent = format!("x = '{secret}' # fairway:allow-secret\n");
    assert_eq!(found(&silent, &none).findings.len(), 1, "without a reason it allows nothing");

    for entry in [
        format!("fingerprint: \"{fingerprint}\""),
        "path: \"src/**\"".to_owned(),
        "regex: \"^ghp_\"".to_owned(),
        "path: \"src/*.py\"\n    rule: github-token".to_owned(),
    ] {
        let text = format!("allow:\n  - {entry}\n    reason: made up\n");
        let (list, problems) = AllowList::read(".fairway/secrets.yaml", &text);
        assert!(problems.is_empty(), "{problems:?}");
        assert_eq!(found(&format!("x = '{secret}'\n"), &list).allowed, 1, "{entry}");
    }
    for entry in ["path: \"docs/**\"\n    reason: other", "path: \"**\"", "rule: github-token\n    reason: x"]
    {
        let (list, problems) = AllowList::read("f", &format!("allow:\n  - {entry}\n"));
        assert_eq!(problems.is_empty(), entry.starts_with("path: \"docs"), "{entry}");
        assert_eq!(found(&format!("x = '{secret}'\n"), &list).findings.len(), 1, "{entry}");
    }
}

#[test]
fn examples_and_references_are_passed_over() {
    for text in [
        "aws_access_key_id = AKIAIOSFODNN7EXAMPLE",
        "token: ghp_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
        "-----BEGIN PRIVATE KEY-----\n...\n-----END PRIVATE KEY-----",
        "const HEADER: &str = \"-----BEGIN RSA PRIVATE KEY-----\";",
        "postgres://shop:${PASSWORD}@db/shop",
        "password: \"{{ .Values.password }}\"",
        "secretKeyRef: {name: shop-database, key: password}",
        "const tokenType = \"authorization_code_with_pkce\";",
        "Authorization: Bearer $TOKEN",
    ] {
        let found = scan("a.yaml", text.as_bytes(), &AllowList::default());
        assert!(found.findings.is_empty(), "{text}: {:?}", found.findings);
    }
}

#[test]
fn what_cannot_be_looked_at_is_said_so() {
    let none = AllowList::default();
    assert_eq!(scan("a.png", b"\x89PNG\0\0", &none).skipped, Some(SkipReason::Binary));
    let large = vec![b'a'; fairway_secrets::FILE_BYTES + 1];
    assert_eq!(scan("a.txt", &large, &none).skipped, Some(SkipReason::TooLarge));
    // Nothing but beginnings: it ends soon, and says that it did not look at everything.
    let dense = "-eyJ".repeat(500_000);
    assert_eq!(scan("a.txt", dense.as_bytes(), &none).skipped, Some(SkipReason::TooDense));
}
