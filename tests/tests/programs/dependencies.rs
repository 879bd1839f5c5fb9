//! What an app's consumer and relay carry: Cargo unifies features, so a careless one would put a
//! template engine into every Lambda.

use std::collections::BTreeSet;
use std::process::Command;

/// The names of the crates that are built into a package, as deep as asked.
fn tree(package: &str, depth: &str) -> BTreeSet<String> {
    let output = Command::new(env!("CARGO"))
        .args([
            "tree",
            "--locked",
            "--prefix",
            "none",
            "--edges",
            "normal,no-proc-macro",
        ])
        .args(["--format", "{lib}", "--depth", depth, "--package", package])
        .current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
        .output()
        .expect("cargo runs, it has started this test");
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8_lossy(&output.stdout)
        .lines()
        .map(|line| line.trim_end_matches(" (*)").to_owned())
        .filter(|line| !line.is_empty())
        .collect()
}

#[test]
fn a_type_crate_builds_serde_json_and_the_crates_of_its_fields() {
    let direct: BTreeSet<String> = tree("storefront", "1");
    let expected = [
        "storefront",
        "aurora_trigger_gen",
        "chrono",
        "rust_decimal",
        "serde",
        "serde_json",
        "uuid",
    ];
    assert_eq!(direct, expected.map(str::to_owned).into());
}

#[test]
fn neither_a_type_crate_nor_a_relay_nor_a_consumer_builds_the_generator_in() {
    for package in [
        "storefront",
        "relay-lambda",
        "storefront-relay",
        "storefront-consumer",
    ] {
        let all = tree(package, "99");
        let generators = [
            "askama",
            "clap",
            "sqlparser",
            "tempfile",
            "syn",
            "pgwire",
            "tokio_postgres",
        ];
        let found: Vec<&&str> = generators
            .iter()
            .filter(|name| all.contains(**name))
            .collect();
        assert!(found.is_empty(), "{package} builds {found:?}");
        assert!(
            all.contains("serde_json"),
            "the tree of {package} was read: {all:?}"
        );
    }
}

#[test]
fn a_consumer_builds_neither_the_relay_nor_the_sdk_in() {
    let all = tree("storefront-consumer", "99");
    let found: Vec<&String> = all
        .iter()
        .filter(|name| {
            *name == "relay_lambda" || name.starts_with("aws_sdk") || name.starts_with("aws_smithy")
        })
        .collect();
    assert!(found.is_empty(), "it builds {found:?}");
    assert!(all.contains("lambda_runtime"), "the tree was read: {all:?}");
}
