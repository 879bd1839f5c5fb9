//! A consumer is short, whatever it runs in.

use std::fs;
use std::path::Path;

#[test]
fn each_consumer_has_less_than_forty_lines() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"));
    for source in [
        "src/main.rs",
        "examples/anyhow.rs",
        "examples/borrows_self.rs",
        "examples/generic.rs",
        "examples/run_concurrent.rs",
        "examples/sdk_loop.rs",
    ] {
        let text = fs::read_to_string(folder.join(source)).expect("it is there");
        assert!(text.lines().count() < 40, "{source}");
    }
}
