//! Every target holds on the inputs beside this package; what the fuzzer found once is kept there.

#[test]
fn every_target_holds_on_its_seeds() {
    for (name, target) in fuzz::TARGETS {
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("seeds").join(name);
        let mut count = 0;
        for entry in std::fs::read_dir(folder).expect("a target has seeds") {
            let path = entry.expect("the folder can be read").path();
            target(&std::fs::read(path).expect("the seed can be read"));
            count += 1;
        }
        assert!(count > 0, "{name} has no seeds");
        for bytes in [&b""[..], b"\0", b"\xff\xff\xff", b"\0\0\0\0{{ }}\0{"] {
            target(bytes);
        }
    }
}
