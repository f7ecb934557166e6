//! Templates are tried out on files alone: rendered into a folder that is never left, and explained.

use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::command::{Ended, fairway};

fn write(folder: &Path, files: &[(&str, &str)]) {
    for (path, text) in files {
        let place = folder.join(path);
        fs::create_dir_all(place.parent().unwrap()).unwrap();
        fs::write(place, text).unwrap();
    }
}

async fn render(folder: &Path, more: &[&str]) -> Ended {
    let (templates, values, out) = (folder.join("content"), folder.join("values.yaml"), folder.join("out"));
    let mut arguments = vec!["template", "render", templates.to_str().unwrap()];
    arguments.extend(["--values", values.to_str().unwrap(), "--out", out.to_str().unwrap()]);
    arguments.extend(more);
    fairway(&arguments).await
}

fn entries(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> =
        fs::read_dir(folder).unwrap().map(|it| it.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[tokio::test]
async fn a_folder_is_rendered_and_shown() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    write(
        root,
        &[
            ("content/${{ values.name }}/README.md", "# ${{ values.name }}\n"),
            ("content/{% if values.db %}db.sql{% endif %}", "x"),
            ("content/run.sh", "echo {{ passes }}\n"),
            ("values.yaml", "name: shop\n"),
        ],
    );
    let planned = render(root, &["--dry-run", "--diff"]).await.ok();
    assert!(
        planned.out.contains("+ run.sh") && planned.out.contains("  shop/\n+   README.md"),
        "{}",
        planned.out
    );
    assert!(planned.out.contains("new shop/README.md\n@@ -1,0 +1,1 @@\n+# shop"), "{}", planned.out);
    assert!(!planned.out.contains('\u{1b}'), "no colours beside a terminal");
    assert!(planned.err.contains("2 files would be written"), "{}", planned.err);
    assert!(!root.join("out").exists());

    render(root, &[]).await.ok();
    assert_eq!(fs::read_to_string(root.join("out/shop/README.md")).unwrap(), "# shop\n");
    assert_eq!(entries(root), ["content", "out", "values.yaml"], "nothing is left beside the folder");

    // What a person changed stays until it is to be replaced; the digest of what was rendered is the same.
    fs::write(root.join("out/shop/README.md"), "mine\n").unwrap();
    let kept = render(root, &["--output", "json"]).await.ok();
    let kept: Value = serde_json::from_str(&kept.out).unwrap();
    assert_eq!(
        (&kept["files"][0]["change"], &kept["files"][1]["change"]),
        (&"unchanged".into(), &"kept".into())
    );
    assert_eq!(kept["skipped"][0], "{% if values.db %}db.sql{% endif %}");
    assert_eq!(fs::read_to_string(root.join("out/shop/README.md")).unwrap(), "mine\n");
    let replaced = render(root, &["--replace", "--diff"]).await.ok();
    assert!(
        replaced.out.contains("~   README.md") && replaced.out.contains("-mine\n+# shop"),
        "{}",
        replaced.out
    );
    assert_eq!(fs::read_to_string(root.join("out/shop/README.md")).unwrap(), "# shop\n");
}

#[tokio::test]
async fn a_broken_template_writes_nothing_and_says_where() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    write(
        root,
        &[
            ("content/a.txt", "fine"),
            ("content/b.txt", "one\n  ${{ values.nmae | uper }}\n"),
            ("values.yaml", "name: shop"),
        ],
    );
    let broken = render(root, &[]).await.with_code(1);
    assert!(broken.err.contains("there is no filter \"uper\""), "{}", broken.err);
    assert!(
        broken.err.contains("b.txt:2:") && broken.err.contains("${{ values.nmae | uper }}"),
        "{}",
        broken.err
    );
    assert!(broken.err.contains("Did you mean upper?"), "{}", broken.err);
    assert!(!root.join("out").exists());
    fs::write(root.join("content/b.txt"), "${{ values.nmae }}").unwrap();
    render(root, &["--dry-run"]).await.ok();
    let strict = render(root, &["--strict"]).await.with_code(1);
    assert!(strict.err.contains("did you mean values.name?"), "{}", strict.err);
    // A loop without end is ended.
    fs::write(
        root.join("content/b.txt"),
        "{% for a in range(99999) %}".repeat(3) + &"{% endfor %}".repeat(3),
    )
    .unwrap();
    let endless = render(root, &[]).await.with_code(1);
    assert!(endless.err.contains("too much work") || endless.err.contains("too long"), "{}", endless.err);
}

#[tokio::test]
async fn nothing_is_written_outside_of_the_folder() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    write(root, &[("content/${{ values.name }}", "x"), ("elsewhere/mine", "mine")]);
    for name in ["../elsewhere/mine", "/tmp/x", "a/../../x", ".git/hooks/post-checkout"] {
        fs::write(root.join("values.yaml"), format!("name: {name}")).unwrap();
        let refused = render(root, &["--replace"]).await;
        assert!(refused.code == Some(1) || name.starts_with('/'), "{name}: {}", refused.err);
    }
    std::os::unix::fs::symlink(root.join("elsewhere"), root.join("out-link")).unwrap();
    fs::create_dir_all(root.join("out")).unwrap();
    std::os::unix::fs::symlink(root.join("elsewhere"), root.join("out/sub")).unwrap();
    fs::write(root.join("values.yaml"), "name: sub/mine").unwrap();
    let refused = render(root, &["--replace"]).await;
    assert!(refused.err.contains("is in the way; nothing was written"), "{}", refused.err);
    assert_eq!(fs::read_to_string(root.join("elsewhere/mine")).unwrap(), "mine");
    assert_eq!(entries(&root.join("elsewhere")), ["mine"]);
}

#[tokio::test]
async fn values_that_are_no_values_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    write(root, &[("content/a", "${{ values.a }}")]);
    for (values, said) in [
        ("- a list", "is not one object"),
        ("a: [", "values.yaml:1"),
        ("a: 1\n---\nb: 2", "is not one object"),
        ("text", "is not one object"),
        ("a: &a [x]\nb: *c", "values.yaml:2"),
    ] {
        fs::write(root.join("values.yaml"), values).unwrap();
        let refused = render(root, &[]).await;
        assert!(
            matches!(refused.code, Some(1 | 2)) && refused.err.contains(said),
            "{values}: {}",
            refused.err
        );
    }
    fs::write(root.join("values.yaml"), [0xff, 0xfe]).unwrap();
    render(root, &[]).await.with_code(2);
    assert!(!root.join("out").exists());
    fs::write(root.join("values.yaml"), "# nothing yet\n").unwrap();
    render(root, &[]).await.ok();
    assert_eq!(fs::read_to_string(root.join("out/a")).unwrap(), "");
}

#[tokio::test]
async fn a_template_is_explained() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    write(
        root,
        &[
            (
                "content/${{ values.name }}.md",
                "${{ values.owner | default('x') }} ${{ values.port | dump }}\n",
            ),
            ("values.yaml", "name: shop\nport: 1"),
        ],
    );
    let content = root.join("content");
    let explained = fairway(&["template", "explain", content.to_str().unwrap()]).await.ok();
    let row = |name: &str| {
        let line = explained.out.lines().find(|line| line.starts_with(name));
        line.unwrap_or_default().split_whitespace().map(str::to_owned).collect::<Vec<_>>().join(" ")
    };
    assert!(row("values.owner").starts_with("values.owner provided for"), "{}", explained.out);
    assert!(row("values.port").starts_with("values.port may be missing"), "{}", explained.out);
    assert!(row("default").starts_with("default filter"), "{}", explained.out);
    let values = root.join("values.yaml");
    let arguments = [
        "template",
        "explain",
        content.to_str().unwrap(),
        "--values",
        values.to_str().unwrap(),
        "--output",
        "json",
    ];
    let explained: Value = serde_json::from_str(&fairway(&arguments).await.ok().out).unwrap();
    let missing: Vec<(&str, bool)> = explained["variables"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| (it["path"].as_str().unwrap(), it["missing"].as_bool().unwrap()))
        .collect();
    assert_eq!(missing, [("values.name", false), ("values.owner", true), ("values.port", false)]);
    fs::write(content.join("broken"), "${{ values.a | nosuch }}{% if %}").unwrap();
    let broken = fairway(&["template", "explain", content.to_str().unwrap()]).await.with_code(1);
    assert!(broken.out.contains("broken:1:"), "{}", broken.out);
}
