//! The target of references to entities.

use fairway_domain::EntityRef;

/// What is a reference is written and read as the same, and its parts make it up.
pub fn reference(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    for kind in [None, Some("component")] {
        let Ok(found) = EntityRef::parse(text, kind, "default") else { continue };
        assert_eq!(EntityRef::new(found.kind(), found.namespace(), found.name()), found);
        assert_eq!(found.as_str().parse::<EntityRef>().as_ref(), Ok(&found), "{text:?}");
        for short in [found.humanized(None), found.humanized(Some(found.kind()))] {
            let again = EntityRef::parse(&short, Some(found.kind()), "default");
            assert_eq!(again.as_ref(), Ok(&found), "{short:?}");
        }
    }
}
