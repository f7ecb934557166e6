//! The known kinds of secrets. Sources of the shapes: what their makers document, and what they look like in use.

use fairway_domain::finding::Severity::{Critical, High, Medium};

use crate::rule::Rule;

fn is_alphanumeric(byte: u8) -> bool {
    byte.is_ascii_alphanumeric()
}

fn is_digit(byte: u8) -> bool {
    byte.is_ascii_digit()
}

fn is_hex(byte: u8) -> bool {
    matches!(byte, b'0'..=b'9' | b'a'..=b'f')
}

fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-')
}

fn is_entra(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'~' | b'.' | b'-')
}

/// Every rule for a known shape, from the most specific.
pub fn rules() -> &'static [Rule] {
    &RULES
}

static RULES: [Rule; 87] = [
    Rule::token("aws-access-key-id", "an AWS access key id", High, &["AKIA", "ASIA", "ABIA", "ACCA"], r"((?:AKIA|ASIA|ABIA|ACCA)[A-Z2-7]{16})\b"),
    Rule::token("aws-secret-access-key", "an AWS secret access key", Critical, &["secret_access_key", "secretaccesskey", "aws_secret_key", "secret-access-key"], r#"(?i:secret_access_key|secretaccesskey|aws_secret_key|secret-access-key)["'`\]]{0,2}\s{0,4}(?:=>|:=|=|:)\s{0,4}["'`]?([A-Za-z0-9/+]{40})(?:[^A-Za-z0-9/+=]|\z)"#).in_any_case().with_entropy(3.8),
    Rule::token("alibaba-access-key-id", "an Alibaba Cloud access key id", High, &["LTAI"], r"(LTAI[A-Za-z0-9]{20})\b").with_entropy(3.2),
    Rule::token("azure-storage-key", "an Azure storage account key", Critical, &["AccountKey=", "accountKey="], r"[Aa]ccountKey=([A-Za-z0-9+/]{86}==)").anywhere().with_entropy(4.0),
    Rule::token("azure-shared-access-key", "an Azure shared access key", Critical, &["SharedAccessKey="], r"SharedAccessKey=([A-Za-z0-9+/]{43}=)").anywhere().with_entropy(3.8),
    Rule::token("azure-client-secret", "a Microsoft Entra client secret", Critical, &["Q~"], r"([A-Za-z0-9_~.\-]{3}[0-9]Q~[A-Za-z0-9_~.\-]{31,34})(?:[^A-Za-z0-9_~.\-]|\z)").with_lead(is_entra, 4, 4),
    Rule::token("azure-sas", "an Azure shared access signature", High, &["sig="], r"sig=([A-Za-z0-9%+/]{40,60}(?:%3D|=))").with_entropy(4.0),
    Rule::token("gcp-api-key", "a Google API key", High, &["AIza"], r"(AIza[0-9A-Za-z_\-]{35})(?:[^0-9A-Za-z_\-]|\z)").with_entropy(3.2),
    Rule::token("gcp-oauth-secret", "a Google OAuth client secret", Critical, &["GOCSPX-"], r"(GOCSPX-[A-Za-z0-9_\-]{28})(?:[^A-Za-z0-9_\-]|\z)"),
    Rule::token("gcp-access-token", "a Google access token", High, &["ya29."], r"(ya29\.[0-9A-Za-z_\-]{40,400})").with_entropy(3.5),
    Rule::token("digitalocean-token", "a DigitalOcean token", Critical, &["dop_v1_", "doo_v1_", "dor_v1_"], r"(do[opr]_v1_[a-f0-9]{64})\b").with_entropy(3.0),
    Rule::token("cloudflare-origin-key", "a Cloudflare origin CA key", Critical, &["v1.0-"], r"(v1\.0-[a-f0-9]{24}-[a-f0-9]{146})\b").with_entropy(3.0),
    Rule::token("heroku-api-key", "a Heroku API key", Critical, &["HRKU-"], r"(HRKU-[A-Za-z0-9_\-]{36,70})").with_entropy(3.2),
    Rule::token("fly-token", "a Fly.io token", Critical, &["FlyV1 fm"], r"(FlyV1 fm[12][ar]?_[A-Za-z0-9+/=,_]{60,3000})").with_window(4096).with_entropy(4.0),
    Rule::token("netlify-token", "a Netlify token", High, &["nfp_", "nfc_", "nfo_"], r"(nf[pco]_[A-Za-z0-9]{36})\b"),
    Rule::token("yandex-api-key", "a Yandex Cloud key", High, &["AQVN"], r"(AQVN[A-Za-z0-9_\-]{35,38})(?:[^A-Za-z0-9_\-]|\z)").with_entropy(3.5),
    Rule::token("tailscale-key", "a Tailscale key", Critical, &["tskey-"], r"(tskey-(?:auth|api|client|scim|webhook)-[A-Za-z0-9]{8,20}-[A-Za-z0-9]{20,40})\b"),
    Rule::token("github-token", "a GitHub token", Critical, &["ghp_", "gho_", "ghu_", "ghs_", "ghr_"], r"(gh[pousr]_[A-Za-z0-9]{36})\b"),
    Rule::token("github-fine-grained-token", "a GitHub fine-grained token", Critical, &["github_pat_"], r"(github_pat_[A-Za-z0-9]{22}_[A-Za-z0-9]{59})\b"),
    Rule::token("gitlab-token", "a GitLab token", Critical, &["glpat-", "gldt-", "glrt-", "glcbt-", "glptt-", "glsoat-", "glft-", "glagent-", "gloas-"], r"(gl(?:pat|dt|rt|cbt|ptt|soat|ft|agent|oas)-[A-Za-z0-9_\-.]{20,70})"),
    Rule::token("bitbucket-token", "a Bitbucket app password", Critical, &["ATBB"], r"(ATBB[A-Za-z0-9]{32})\b").with_entropy(3.2),
    Rule::token("atlassian-token", "an Atlassian API token", Critical, &["ATATT3"], r"(ATATT3[A-Za-z0-9_\-]{60,240}(?:=[A-F0-9]{8})?)").with_entropy(3.5),
    Rule::token("npm-token", "an npm token", Critical, &["npm_"], r"(npm_[A-Za-z0-9]{36})\b").with_entropy(3.2),
    Rule::token("npmrc-auth", "a registry's password in .npmrc", Critical, &[":_authToken=", ":_auth=", ":_password="], r#"(?::_authToken|:_auth|:_password)=["']?([A-Za-z0-9_\-+/=]{16,300})"#).anywhere().with_entropy(3.0),
    Rule::token("pypi-token", "a PyPI token", Critical, &["pypi-AgE"], r"(pypi-AgE[A-Za-z0-9_\-]{50,300})").with_entropy(3.5),
    Rule::token("rubygems-token", "a RubyGems key", Critical, &["rubygems_"], r"(rubygems_[a-f0-9]{48})\b").with_entropy(2.8),
    Rule::token("crates-io-token", "a crates.io token", Critical, &["cio"], r"(cio[A-Za-z0-9]{32})\b").with_entropy(3.8),
    Rule::token("nuget-key", "a NuGet key", Critical, &["oy2"], r"(oy2[a-z0-9]{43})\b").with_entropy(3.6),
    Rule::token("docker-token", "a Docker Hub token", Critical, &["dckr_pat_", "dckr_oat_"], r"(dckr_[po]at_[A-Za-z0-9_\-]{27,40})"),
    Rule::token("docker-auth", "a registry's password in Docker's settings", Critical, &["\"auth\""], r#""auth"\s{0,4}:\s{0,4}"([A-Za-z0-9+/]{20,400}={0,2})""#).anywhere().with_entropy(3.5),
    Rule::token("artifactory-token", "an Artifactory key", Critical, &["AKCp"], r"(AKCp[A-Za-z0-9]{69})\b").with_entropy(3.5),
    Rule::token("fairway-token", "a Fairway token", Critical, &["fwy_"], r"(fwy_[A-Za-z0-9\-]{4,40}_[A-Za-z0-9_\-]{20,100})").with_entropy(3.2),
    Rule::token("buildkite-token", "a Buildkite token", High, &["bkua_", "bkaa_"], r"(bk[ua]a_[a-f0-9]{40})\b").with_entropy(2.8),
    Rule::token("circleci-token", "a CircleCI token", High, &["CCIPAT_", "CCIPRJ_"], r"(CCIP(?:AT|RJ)_[A-Za-z0-9]{22}_[a-f0-9]{40})\b"),
    Rule::token("terraform-token", "a HCP Terraform token", Critical, &[".atlasv1."], r"([A-Za-z0-9]{14}\.atlasv1\.[A-Za-z0-9_\-=]{60,80})").with_lead(is_alphanumeric, 14, 14),
    Rule::token("vault-token", "a Vault token", Critical, &["hvs.", "hvb.", "hvr."], r"(hv[sbr]\.[A-Za-z0-9_\-]{24,300})").with_entropy(3.5),
    Rule::token("pulumi-token", "a Pulumi token", Critical, &["pul-"], r"(pul-[a-f0-9]{40})\b").with_entropy(2.8),
    Rule::token("doppler-token", "a Doppler token", Critical, &["dp.pt.", "dp.st.", "dp.ct.", "dp.sa."], r"(dp\.(?:pt|ct|sa|st\.[a-z0-9_\-]{2,35})\.?[A-Za-z0-9]{40,44})\b").with_entropy(3.5),
    Rule::token("databricks-token", "a Databricks token", Critical, &["dapi"], r"(dapi[a-f0-9]{32}(?:-[0-9])?)\b").with_entropy(2.8),
    Rule::token("grafana-token", "a Grafana token", High, &["glsa_"], r"(glsa_[A-Za-z0-9]{32}_[a-f0-9]{8})\b"),
    Rule::token("grafana-cloud-token", "a Grafana Cloud token", High, &["glc_eyJ"], r"(glc_eyJ[A-Za-z0-9+/=]{30,400})").with_entropy(3.5),
    Rule::token("newrelic-key", "a New Relic key", High, &["NRAK-", "NRJS-", "NRII-"], r"(NR(?:AK|JS|II)-[A-Za-z0-9\-_]{19,40})"),
    Rule::token("dynatrace-token", "a Dynatrace token", High, &["dt0c01.", "dt0s16."], r"(dt0[cs](?:01|16)\.[A-Z0-9]{8,24}\.[A-Z0-9]{64})\b"),
    Rule::token("sentry-token", "a Sentry token", High, &["sntrys_eyJ", "sntryu_"], r"(sntrys_eyJ[A-Za-z0-9+/=_]{60,400}|sntryu_[a-f0-9]{64})").with_entropy(3.0),
    Rule::token("sonar-token", "a Sonar token", High, &["sqp_", "squ_", "sqa_"], r"(sq[pua]_[a-f0-9]{40})\b").with_entropy(2.8),
    Rule::token("launchdarkly-key", "a LaunchDarkly key", High, &["sdk-", "api-"], r"((?:sdk|api)-[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12})\b").with_entropy(3.0),
    Rule::token("prefect-token", "a Prefect key", High, &["pnu_", "pnb_"], r"(pn[ub]_[A-Za-z0-9]{36})\b").with_entropy(3.5),
    Rule::token("sourcegraph-token", "a Sourcegraph token", High, &["sgp_"], r"(sgp_(?:[a-f0-9]{16}_|local_)?[a-f0-9]{40})\b").with_entropy(2.8),
    Rule::token("postman-key", "a Postman key", High, &["PMAK-"], r"(PMAK-[a-f0-9]{24}-[a-f0-9]{34})\b").with_entropy(2.8),
    Rule::token("planetscale-secret", "a PlanetScale secret", Critical, &["pscale_tkn_", "pscale_pw_", "pscale_oauth_"], r"(pscale_(?:tkn|pw|oauth)_[A-Za-z0-9_\-.=]{32,64})").with_entropy(3.0),
    Rule::token("supabase-token", "a Supabase token", Critical, &["sbp_", "sb_secret_"], r"(sbp_[a-f0-9]{40}|sb_secret_[A-Za-z0-9_\-]{20,50})\b").with_entropy(2.8),
    Rule::token("onepassword-token", "a 1Password service account token", Critical, &["ops_eyJ"], r"(ops_eyJ[A-Za-z0-9+/=_\-]{100,2000})").with_window(4096).with_entropy(3.5),
    Rule::token("age-key", "an age secret key", Critical, &["AGE-SECRET-KEY-1"], r"(AGE-SECRET-KEY-1[QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L]{58})\b").with_entropy(3.2),
    Rule::token("slack-token", "a Slack token", Critical, &["xoxb-", "xoxp-", "xoxa-", "xoxr-", "xoxs-", "xoxo-", "xapp-"], r"(xox[bparso]-(?:[0-9]-)?[0-9]{8,16}-[A-Za-z0-9\-]{16,160}|xapp-[0-9]-[A-Z0-9]{8,14}-[0-9]{8,16}-[a-f0-9]{32,80})"),
    Rule::token("slack-configuration-token", "a Slack configuration token", High, &["xoxe.", "xoxe-"], r"(xoxe(?:\.xox[bp])?-[0-9]-[A-Za-z0-9\-]{100,300})").with_entropy(3.0),
    Rule::token("slack-webhook", "a Slack webhook", High, &["hooks.slack.com/"], r"hooks\.slack\.com/(?:services|workflows|triggers)/([A-Z0-9]{8,14}/[A-Z0-9]{8,20}/[A-Za-z0-9]{18,40}(?:/[A-Za-z0-9]{10,40})?)").anywhere(),
    Rule::token("teams-webhook", "a Teams webhook", High, &["webhook.office.com/webhookb2/"], r"webhook\.office\.com/webhookb2/([0-9a-f\-]{36}@[0-9a-f\-]{36}/IncomingWebhook/[0-9a-f]{32}/[0-9a-f\-]{36})").anywhere(),
    Rule::token("discord-webhook", "a Discord webhook", High, &["discord.com/api/webhooks/", "discordapp.com/api/webhooks/"], r"discord(?:app)?\.com/api/webhooks/([0-9]{15,21}/[A-Za-z0-9_\-]{60,80})").anywhere(),
    Rule::token("telegram-token", "a Telegram bot's token", High, &[":AA"], r"([0-9]{8,10}:AA[0-9A-Za-z_\-]{33})(?:[^0-9A-Za-z_\-]|\z)").with_lead(is_digit, 8, 10).with_entropy(3.5),
    Rule::token("stripe-live-key", "a Stripe live key", Critical, &["sk_live_", "rk_live_"], r"([sr]k_live_[A-Za-z0-9]{16,200})").with_entropy(3.2),
    Rule::token("stripe-test-key", "a Stripe test key", Medium, &["sk_test_", "rk_test_"], r"([sr]k_test_[A-Za-z0-9]{20,200})").with_entropy(3.5),
    Rule::token("webhook-signing-secret", "a webhook's signing secret", High, &["whsec_"], r"(whsec_[A-Za-z0-9+/=]{24,80})").with_entropy(3.5),
    Rule::token("square-token", "a Square token", Critical, &["sq0atp-", "sq0csp-"], r"(sq0(?:atp|csp)-[0-9A-Za-z_\-]{22,43})"),
    Rule::token("braintree-token", "a Braintree token", Critical, &["access_token$production$"], r"(access_token\$production\$[a-z0-9]{16}\$[a-f0-9]{32})\b"),
    Rule::token("shopify-token", "a Shopify token", Critical, &["shpat_", "shpca_", "shppa_", "shpss_"], r"(shp(?:at|ca|pa|ss)_[a-fA-F0-9]{32})\b").with_entropy(2.8),
    Rule::token("sendgrid-key", "a SendGrid key", Critical, &["SG."], r"(SG\.[A-Za-z0-9_\-]{22}\.[A-Za-z0-9_\-]{43})(?:[^A-Za-z0-9_\-]|\z)").with_entropy(3.8),
    Rule::token("brevo-key", "a Brevo key", High, &["xkeysib-", "xsmtpsib-"], r"(x(?:key|smtp)sib-[a-f0-9]{64}-[A-Za-z0-9]{16})\b"),
    Rule::token("mailgun-key", "a Mailgun key", High, &["key-"], r"(key-[0-9a-f]{32})\b").with_entropy(3.0),
    Rule::token("mailchimp-key", "a Mailchimp key", High, &["-us"], r"([0-9a-f]{32}-us[0-9]{1,2})\b").with_lead(is_hex, 32, 32).with_entropy(3.0),
    Rule::token("twilio-key", "a Twilio key", High, &["SK"], r"(SK[0-9a-f]{32})\b").with_entropy(3.0),
    Rule::token("openai-key", "an OpenAI key", Critical, &["T3BlbkFJ"], r"(sk-[A-Za-z0-9_\-]{3,120}T3BlbkFJ[A-Za-z0-9_\-]{16,120})").with_lead(is_token, 6, 128),
    Rule::token("anthropic-key", "an Anthropic key", Critical, &["sk-ant-"], r"(sk-ant-(?:api|admin|sid|oat)[0-9]{2}-[A-Za-z0-9_\-]{60,120})").with_entropy(3.5),
    Rule::token("huggingface-token", "a Hugging Face token", Critical, &["hf_", "api_org_"], r"((?:hf_|api_org_)[A-Za-z]{34})\b").with_entropy(3.5),
    Rule::token("groq-key", "a Groq key", High, &["gsk_"], r"(gsk_[A-Za-z0-9]{52})\b").with_entropy(3.5),
    Rule::token("replicate-token", "a Replicate token", High, &["r8_"], r"(r8_[A-Za-z0-9]{37})\b").with_entropy(3.5),
    Rule::token("perplexity-key", "a Perplexity key", High, &["pplx-"], r"(pplx-[A-Za-z0-9]{40,60})\b").with_entropy(3.5),
    Rule::token("linear-key", "a Linear key", High, &["lin_api_", "lin_oauth_"], r"(lin_(?:api|oauth)_[A-Za-z0-9]{40,64})\b").with_entropy(3.2),
    Rule::token("notion-token", "a Notion token", High, &["ntn_"], r"(ntn_[0-9]{6,14}[A-Za-z0-9]{30,40})\b").with_entropy(3.2),
    Rule::token("figma-token", "a Figma token", High, &["figd_"], r"(figd_[A-Za-z0-9_\-]{40})(?:[^A-Za-z0-9_\-]|\z)").with_entropy(3.2),
    Rule::token("airtable-token", "an Airtable token", High, &["pat"], r"(pat[A-Za-z0-9]{14}\.[a-f0-9]{64})\b"),
    Rule::token("typeform-token", "a Typeform token", High, &["tfp_"], r"(tfp_[A-Za-z0-9_\-.=]{59})").with_entropy(3.5),
    Rule::token("readme-token", "a ReadMe token", High, &["rdme_"], r"(rdme_[a-z0-9]{70})\b").with_entropy(3.0),
    Rule::token("private-key", "a private key", Critical, &["-----BEGIN"], r"-----BEGIN (?:[A-Z0-9]{2,12} ){0,3}PRIVATE KEY(?: BLOCK)?-----(?:\s|\\[rn]|[A-Za-z]{3,20}[:=] ?[^\r\n]{0,80})*((?:[A-Za-z0-9+/=](?:\s|\\[rn])*){64,16000})").anywhere().with_window(16384).with_entropy(3.2),
    Rule::token("putty-key", "a PuTTY private key", Critical, &["PuTTY-User-Key-File-"], r"PuTTY-User-Key-File-[23]: [^\r\n]{3,40}\r?\n[\s\S]{0,2000}?Private-Lines: [0-9]{1,3}\r?\n([A-Za-z0-9+/=\s]{40,3000})").anywhere().with_window(8192).with_entropy(3.2),
    Rule::token("kubeconfig-key", "a key in a kubeconfig", Critical, &["client-key-data:"], r"client-key-data:\s{0,4}([A-Za-z0-9+/]{60,8000}={0,2})").anywhere().with_window(9000).with_entropy(3.5),
    Rule::token("json-web-token", "a JSON web token", High, &["eyJ"], r"(eyJ[A-Za-z0-9_\-]{12,2000}\.eyJ[A-Za-z0-9_\-]{12,4000}\.[A-Za-z0-9_\-]{20,1000})").with_window(8192).with_entropy(4.0),
    Rule::token("authorization-header", "a password in an Authorization header", High, &["authorization"], r#"(?i:authorization)["'`]?\s{0,3}[:=,]\s{0,3}["'`]?(?i:basic|bearer|token)\s{1,3}([A-Za-z0-9._~+/\-]{20,400}={0,2})(?:[^A-Za-z0-9._~+/\-=]|\z)"#).in_any_case().with_entropy(3.5),
];
