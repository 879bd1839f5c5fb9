//! The keys of records, and what they are spread by.

use relay_lambda::partition_key;

use crate::{batch, records, relayed};

#[test]
fn the_key_is_of_the_newest_image_in_the_order_of_the_struct() {
    let image = |order: &str| format!(r#"{{"order":"{order}","li\"ne":1,"text":"x"}}"#);
    let update = format!(
        r#"{{"seq":1,"op":"u","before":{},"after":{}}}"#,
        image("old"),
        image("n\\u0065w")
    );
    let delete = format!(r#"{{"seq":2,"op":"d","before":{}}}"#, image("old"));
    let relayed = relayed(&[batch("lines", &[update, delete].join(","))]);
    let keys: Vec<Option<String>> = records(&relayed).into_iter().map(|(.., key)| key).collect();
    let key = |order: &str| Some(format!(r#"{{"li\"ne":1,"order":"{order}"}}"#));
    assert_eq!(keys, [key("n\\u0065w"), key("old")]);
    let partition_keys: Vec<&str> = relayed
        .records
        .iter()
        .map(|record| &*record.partition_key)
        .collect();
    assert_eq!(partition_keys, [r#"[1,"new"]"#, r#"[1,"old"]"#]);
}

/// Another result is another order of a row's changes: these may never change.
#[test]
fn partition_keys_stay_what_they_are() {
    let long = |length: usize| format!("\"{}\"", "é".repeat(length));
    let vectors = [
        (vec!["42".to_owned()], "42".to_owned()),
        (vec!["1.10".to_owned()], "1.10".to_owned()),
        (vec!["null".to_owned()], "null".to_owned()),
        (vec![r#""a0eebc99""#.to_owned()], "a0eebc99".to_owned()),
        (vec![r#""a\"\u00e9\n""#.to_owned()], "a\"é\n".to_owned()),
        (
            vec![
                "1".to_owned(),
                r#""\u00e9\"""#.to_owned(),
                "null".to_owned(),
            ],
            r#"[1,"é\"",null]"#.to_owned(),
        ),
        (vec![long(256)], "é".repeat(256)),
        (
            vec![long(257)],
            "db33c4ce9e8a72562c8f24aa67b7abbabdb848426e8ddfff4ee08f6ae04d1b17".to_owned(),
        ),
        (
            vec![r#""""#.to_owned()],
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855".to_owned(),
        ),
    ];
    for (values, expected) in vectors {
        let values: Vec<&str> = values.iter().map(String::as_str).collect();
        assert_eq!(partition_key(&values), expected);
    }
}
