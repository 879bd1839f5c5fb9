//! Columns that come, go, and change their names.

use super::{read, refused, sent, versions};

mod more {
    use super::*;

    versions! {
        Item { #[stream(key)] id: i32 }
        #[serde(deny_unknown_fields)]
        Strict { #[stream(key)] id: i32 }
        Required { #[stream(key)] id: i32, note: String }
        Nullable { #[stream(key)] id: i32, note: Option<String> }
        Defaulted { #[stream(key)] id: i32, #[serde(default)] note: String }
    }

    // The default fills the rows that are there.
    const ADD: &str = "ALTER TABLE shop.items ADD note text NOT NULL DEFAULT ''";

    #[tokio::test]
    async fn an_older_struct_reads_a_row_without_the_column_that_it_does_not_know() {
        let sent = sent::<Item, Required>("old text", "(1)", ADD, "(2, NULL, 'a')").await;
        assert_eq!(read::<Required, Item>(&sent.after), Ok(Item { id: 2 }));
        assert_eq!(
            read::<Required, Strict>(&sent.after),
            refused("at `note`: unknown field, expected `id`")
        );
    }

    #[tokio::test]
    async fn a_newer_struct_misses_the_column_in_what_was_sent_before_unless_it_can_do_without() {
        let sent = sent::<Item, Required>("old text", "(1)", ADD, "(2, NULL, 'a')").await;
        assert_eq!(
            read::<Item, Required>(&sent.before),
            refused("missing field `note`")
        );
        assert_eq!(
            read::<Item, Nullable>(&sent.before),
            Ok(Nullable { id: 1, note: None })
        );
        let note = String::new();
        assert_eq!(
            read::<Item, Defaulted>(&sent.before),
            Ok(Defaulted { id: 1, note })
        );
        let note = "a".to_owned();
        assert_eq!(
            read::<Required, Defaulted>(&sent.after),
            Ok(Defaulted { id: 2, note })
        );
    }
}

mod less {
    use super::*;

    versions! {
        Required { #[stream(key)] id: i32, note: String }
        Nullable { #[stream(key)] id: i32, note: Option<String> }
        Defaulted { #[stream(key)] id: i32, #[serde(default)] note: String }
        Item { #[stream(key)] id: i32 }
    }

    #[tokio::test]
    async fn an_older_struct_misses_a_column_that_is_gone_unless_it_can_do_without() {
        let sent = sent::<Required, Item>(
            "note text NOT NULL",
            "(1, 'a')",
            "ALTER TABLE shop.items DROP note",
            "(2)",
        )
        .await;
        assert_eq!(
            read::<Item, Required>(&sent.after),
            refused("missing field `note`")
        );
        assert_eq!(
            read::<Item, Nullable>(&sent.after),
            Ok(Nullable { id: 2, note: None })
        );
        let note = String::new();
        assert_eq!(
            read::<Item, Defaulted>(&sent.after),
            Ok(Defaulted { id: 2, note })
        );
        assert_eq!(read::<Required, Item>(&sent.before), Ok(Item { id: 1 }));
    }
}

mod renamed {
    use super::*;

    versions! {
        Older { #[stream(key)] id: i32, note: String }
        Nullable { #[stream(key)] id: i32, note: Option<String> }
        Newer { #[stream(key)] id: i32, #[serde(alias = "note")] remark: String }
        SameInJson { #[stream(key)] id: i32, #[stream(column = "remark")] note: String }
    }

    const RENAME: &str = "ALTER TABLE shop.items RENAME note TO remark";

    #[tokio::test]
    async fn a_newer_struct_with_an_alias_reads_both_names_and_an_older_one_its_own() {
        let sent = sent::<Older, Newer>("note text NOT NULL", "(1, 'a')", RENAME, "(2, 'b')").await;
        let newer = |id, remark: &str| Newer {
            id,
            remark: remark.to_owned(),
        };
        assert_eq!(read::<Older, Newer>(&sent.before), Ok(newer(1, "a")));
        assert_eq!(read::<Newer, Newer>(&sent.after), Ok(newer(2, "b")));
        assert_eq!(
            read::<Newer, Older>(&sent.after),
            refused("missing field `note`")
        );
        // As of a column that is gone, since that is what it sees.
        assert_eq!(
            read::<Newer, Nullable>(&sent.after),
            Ok(Nullable { id: 2, note: None })
        );
    }

    #[tokio::test]
    async fn a_column_that_keeps_its_name_in_json_is_read_by_everybody() {
        let sent =
            sent::<Older, SameInJson>("note text NOT NULL", "(1, 'a')", RENAME, "(2, 'b')").await;
        let note = "a".to_owned();
        assert_eq!(
            read::<Older, SameInJson>(&sent.before),
            Ok(SameInJson { id: 1, note })
        );
        let note = "b".to_owned();
        assert_eq!(
            read::<SameInJson, Older>(&sent.after),
            Ok(Older { id: 2, note })
        );
    }
}
