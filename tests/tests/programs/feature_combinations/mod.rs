//! Cargo unifies features, so another part of an app can turn on one of a crate whose types are columns, and change how
//! they read JSON. With each of them every value still arrives right, or is refused; and where all values of a type would
//! be, the check of samples says so before anything is served.
//!
//! An app is built with each combination, outside of this workspace, of the sources and the versions that are here.

mod app;
mod every_type;

/// As an app has it.
mod only {
    pub(crate) use pipeline_tests::Only;
}

use app::App;
use every_type::Found;

/// What serde_json's `arbitrary_precision` takes from types that serde reads in two steps, of which the first one makes a
/// map of every number. A driver could not read them either.
const IN_TWO_STEPS: [&str; 3] = [
    "json enum with a tag",
    "json enum without a tag",
    "json struct that flattens",
];

/// All that an app needs this workspace needs too, so it is here.
const OFFLINE: &[&str] = &["--offline"];

const DECIMALS: [&str; 4] = [
    "Decimal",
    "newtype over Decimal",
    "Range<Decimal>",
    "composite type",
];

/// Nothing arrives wrong; `at_start` are refused before anything is served, `later` some of their values.
fn assert_found(found: &[Found], at_start: &[&str], later: &[&str]) {
    let names = |is_one: fn(&Found) -> bool| -> Vec<&str> {
        let found = found.iter().filter(|found| is_one(found));
        found.map(|found| found.name.as_str()).collect()
    };
    assert!(found.len() > 40, "there are all types: {found:?}");
    assert_eq!(
        names(|found| !found.wrong.is_empty()),
        [""; 0],
        "{found:#?}"
    );
    assert_eq!(
        names(|found| found.at_start.is_some()),
        at_start,
        "{found:#?}"
    );
    let refused = names(|found| found.at_start.is_none() && !found.refused.is_empty());
    assert_eq!(refused, later, "{found:#?}");
}

#[test]
fn every_value_arrives_with_the_features_of_our_own() {
    assert_found(&every_type::all(), &[], &[]);
}

#[test]
#[ignore = "builds an app for a minute: tests/run.sh --all-versions"]
fn every_value_of_a_column_arrives_with_the_features_of_others() {
    let app = App::new("every-type");
    let without_numbers_as_maps = ["rust_decimal/serde-float", "bigdecimal/string-only"];
    assert_found(&app.run(&without_numbers_as_maps, OFFLINE), &[], &[]);
    // The first of each turns on `arbitrary_precision`.
    for features in [
        &[
            "rust_decimal/serde-arbitrary-precision",
            "rust_decimal/serde-with-float",
            "rust_decimal/serde-with-str",
            "serde_json/unbounded_depth",
            "time/large-dates",
            "time/serde-human-readable",
            "time/serde-well-known",
        ][..],
        &["bigdecimal/serde-json", "rust_decimal/serde-str"],
    ] {
        assert_found(&app.run(features, OFFLINE), &[], &IN_TWO_STEPS);
    }
}

/// Together they make a decimal read nothing but a number.
#[test]
#[ignore = "builds an app for a minute: tests/run.sh --all-versions"]
fn decimals_that_read_numbers_only_are_refused_before_anything_is_served() {
    let features = ["rust_decimal/serde-float", "rust_decimal/serde-str"];
    let found = App::new("every-type-decimals").run(&features, OFFLINE);
    assert_found(&found, &DECIMALS, &["Decimal in a Key"]);
}

#[test]
#[ignore = "builds an app for a minute, with a crate that nothing else here needs: tests/run.sh --all-versions"]
fn every_value_arrives_where_objects_keep_their_order() {
    let found = App::new("every-type-ordered").run(&["serde_json/preserve_order"], &[]);
    assert_found(&found, &[], &[]);
}
