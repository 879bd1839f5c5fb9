//! What a user reads who made a mistake: a case for each rule.

#[test]
fn every_mistake_is_explained_where_it_is() {
    let cases = trybuild::TestCases::new();
    cases.compile_fail("tests/messages/*.rs");
}
