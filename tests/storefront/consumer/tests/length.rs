//! A consumer is short, whatever it runs in.

use std::fs;
use std::path::Path;

#[test]
fn each_consumer_has_less_than_forty_lines() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut sources = vec![folder.join("src/main.rs")];
    for entry in fs::read_dir(folder.join("examples")).expect("there are examples") {
        sources.push(entry.expect("it can be read").path());
    }
    assert_eq!(sources.len(), 6);
    for source in sources {
        let text = fs::read_to_string(&source).expect("it can be read");
        assert!(text.lines().count() < 40, "{}", source.display());
    }
}
