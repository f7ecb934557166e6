//! `.fairway/origin.yaml`: where a generated repository came from, so that a newer template can be merged in.

use fairway_domain::{Digest, EntityRef};
use serde_json::{Value, json};

/// Where the file lies in a generated repository.
pub(crate) const PATH: &str = ".fairway/origin.yaml";

/// The file's content. It holds no time and no secret, so the same plan writes the same bytes.
pub(crate) fn write(
    template: &EntityRef,
    template_digest: Digest,
    rendered: Digest,
    answers: &Value,
) -> String {
    let record = fairway_yaml::write(&json!({
        "apiVersion": "fairway.dev/v1",
        "kind": "Origin",
        "template": template.to_string(),
        "templateDigest": template_digest.to_string(),
        "renderedDigest": rendered.to_string(),
        "answers": answers,
    }));
    format!(
        "# Written by Fairway. It says which template this repository came from, so that improvements of the\n\
         # template can be offered here later. Keep it.\n{record}"
    )
}
