//! The target of `fetch:template`.

use fairway_domain::tree::{FileMode, Tree, TreeFile, TreePath};
use fairway_template::{FetchTemplate, fetch_template as render};

use crate::input::Input;

/// Renders a tree: an octet of options, then paths and contents in turn, each ended by a NUL.
pub fn fetch_template(data: &[u8]) {
    let Some((&options, rest)) = data.split_first() else { return };
    let has = |option: u8| options >> option & 1 == 1;
    let mut template = Tree::new();
    let mut parts = rest.split(|byte| *byte == 0);
    while let (Some(path), Some(bytes)) = (parts.next(), parts.next()) {
        let Ok(path) = String::from_utf8_lossy(path).parse::<TreePath>() else { continue };
        let mode = match bytes.first() {
            Some(b'!') => FileMode::Executable,
            Some(b'@') => FileMode::Symlink,
            _ => FileMode::Regular,
        };
        template.insert(path, TreeFile { mode, bytes: bytes.into() });
    }
    let values = Input::values();
    let settings = FetchTemplate {
        values: values.get("values").cloned().unwrap_or_default(),
        copy_without_templating: if has(0) {
            vec!["copy/**".to_owned(), "*.raw".to_owned()]
        } else {
            Vec::new()
        },
        copy_without_render: Vec::new(),
        cookiecutter_compat: has(1),
        template_file_extension: has(2).then(|| "njk".to_owned()),
        replace: has(3),
        trim_blocks: has(4),
        lstrip_blocks: has(5),
        strict_undefined: has(6),
        target_path: has(7).then(|| "out/here".to_owned()),
        budget: Input::budget(),
    };
    let before: Tree = [("out/here/shop", "old"), ("README.md", "mine")]
        .into_iter()
        .filter_map(|(path, text)| Some((path.parse().ok()?, TreeFile::regular(text.as_bytes()))))
        .collect();
    let run = || {
        let mut workspace = before.clone();
        let result = render(&template, &mut workspace, &settings);
        (workspace, result)
    };
    let (after, result) = run();
    assert_eq!(
        (after.digest(), &result),
        (run().0.digest(), &run().1),
        "two renders of the same tree differ"
    );
    if result.is_err() {
        assert_eq!(after.digest(), before.digest(), "a failed render changed the workspace");
    }
    for (path, file) in after.iter() {
        let written = before.get(path) != Some(file);
        assert!(
            !written || !has(7) || path.as_str().starts_with("out/here/"),
            "{path} is outside of the target"
        );
        assert!(!written || has(3) || before.get(path).is_none(), "{path} was replaced");
    }
}
