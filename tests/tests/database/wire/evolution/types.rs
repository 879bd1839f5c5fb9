//! Columns that take more values than before.

use aurora_trigger_gen::PgType;
use serde::Deserialize;

use super::{read, refused, sent, versions};

mod nullable {
    use super::*;

    versions! {
        Older { #[stream(key)] id: i32, note: String }
        Newer { #[stream(key)] id: i32, note: Option<String> }
    }

    #[tokio::test]
    async fn an_older_struct_refuses_the_null_that_it_has_no_place_for() {
        let sent = sent::<Older, Newer>(
            "note text NOT NULL",
            "(1, 'a')",
            "ALTER TABLE shop.items ALTER note DROP NOT NULL",
            "(2, NULL)",
        )
        .await;
        assert_eq!(
            read::<Newer, Older>(&sent.after),
            refused(
                "at `note`: invalid type, expected a string: what may be NULL is read by an `Option`, and an array that \
                 may hold it by a `Vec<Option<T>>`"
            )
        );
        let note = Some("a".to_owned());
        assert_eq!(
            read::<Older, Newer>(&sent.before),
            Ok(Newer { id: 1, note })
        );
        assert_eq!(
            read::<Newer, Newer>(&sent.after),
            Ok(Newer { id: 2, note: None })
        );
    }

    #[tokio::test]
    async fn an_older_struct_reads_what_is_not_null() {
        let sent = sent::<Older, Newer>(
            "note text NOT NULL",
            "(1, 'a')",
            "ALTER TABLE shop.items ALTER note DROP NOT NULL",
            "(2, 'b')",
        )
        .await;
        let note = "b".to_owned();
        assert_eq!(read::<Newer, Older>(&sent.after), Ok(Older { id: 2, note }));
    }
}

mod wider {
    use super::*;

    versions! {
        Older { #[stream(key)] id: i32, stock: i32 }
        Newer { #[stream(key)] id: i32, stock: i64 }
    }

    const WIDEN: &str = "ALTER TABLE shop.items ALTER stock TYPE bigint";

    #[tokio::test]
    async fn an_older_struct_refuses_a_number_that_is_too_big_for_it() {
        let sent = sent::<Older, Newer>(
            "stock integer NOT NULL",
            "(1, 2147483647)",
            WIDEN,
            "(2, 2147483648)",
        )
        .await;
        assert_eq!(
            read::<Newer, Older>(&sent.after),
            refused("at `stock`: invalid value, expected i32")
        );
        let stock = 2_147_483_647;
        assert_eq!(
            read::<Older, Newer>(&sent.before),
            Ok(Newer { id: 1, stock })
        );
        let stock = 2_147_483_648;
        assert_eq!(
            read::<Newer, Newer>(&sent.after),
            Ok(Newer { id: 2, stock })
        );
    }

    #[tokio::test]
    async fn an_older_struct_reads_a_number_that_it_holds() {
        let sent = sent::<Older, Newer>("stock integer NOT NULL", "(1, 1)", WIDEN, "(2, -7)").await;
        assert_eq!(
            read::<Newer, Older>(&sent.after),
            Ok(Older { id: 2, stock: -7 })
        );
    }
}

mod labels {
    use super::*;

    #[derive(Debug, PartialEq, Deserialize, PgType)]
    #[stream(type = "shop.status")]
    #[serde(rename_all = "snake_case")]
    enum Closed {
        Placed,
    }

    #[derive(Debug, PartialEq, Deserialize, PgType)]
    #[stream(type = "shop.status")]
    #[serde(rename_all = "snake_case")]
    enum Open {
        Placed,
        #[serde(other)]
        Unknown,
    }

    #[derive(Debug, PartialEq, Deserialize, PgType)]
    #[stream(type = "shop.status")]
    #[serde(rename_all = "snake_case")]
    enum More {
        Placed,
        Paid,
    }

    versions! {
        WithClosed { #[stream(key)] id: i32, status: Option<Closed> }
        WithOpen { #[stream(key)] id: i32, status: Option<Open> }
        WithMore { #[stream(key)] id: i32, status: Option<More> }
    }

    const ADD_TYPE: &str = "
        CREATE TYPE shop.status AS ENUM ('placed');
        ALTER TABLE shop.items ADD status shop.status;
        ALTER TYPE shop.status ADD VALUE 'paid'";

    #[tokio::test]
    async fn an_older_enum_refuses_a_label_that_it_lacks_unless_it_is_open() {
        versions! {
            Item { #[stream(key)] id: i32 }
        }
        let sent = sent::<Item, WithMore>("old text", "(1)", ADD_TYPE, "(2, NULL, 'paid')").await;
        let more = WithMore {
            id: 2,
            status: Some(More::Paid),
        };
        assert_eq!(read::<WithMore, WithMore>(&sent.after), Ok(more));
        assert_eq!(
            read::<WithMore, WithClosed>(&sent.after),
            refused(
                "at `status`: unknown variant, expected `placed`: add a variant for the label, or one with \
                 `#[serde(other)]` for all that are missing"
            )
        );
        let open = WithOpen {
            id: 2,
            status: Some(Open::Unknown),
        };
        assert_eq!(read::<WithMore, WithOpen>(&sent.after), Ok(open));
    }

    /// The triggers send it as soon as the type has it, installed anew or not.
    #[tokio::test]
    async fn a_label_is_refused_also_where_the_triggers_are_as_old_as_the_struct() {
        let pipeline = pipeline_tests::Pipeline::start().await;
        pipeline
            .run(
                "CREATE SCHEMA shop;
                 CREATE TYPE shop.status AS ENUM ('placed');
                 CREATE TABLE shop.items (id integer PRIMARY KEY, status shop.status)",
            )
            .await;
        let before = super::super::payload::<WithClosed>(&pipeline, "(1, 'placed')").await;
        let closed = WithClosed {
            id: 1,
            status: Some(Closed::Placed),
        };
        assert_eq!(read::<WithClosed, WithClosed>(&before), Ok(closed));
        let more = WithMore {
            id: 1,
            status: Some(More::Placed),
        };
        assert_eq!(read::<WithClosed, WithMore>(&before), Ok(more));
        pipeline
            .run("ALTER TYPE shop.status ADD VALUE 'paid'")
            .await;
        pipeline
            .run("INSERT INTO shop.items VALUES (2, 'paid')")
            .await;
        let payload = &pipeline.take_calls()[0].payload;
        assert_eq!(
            read::<WithMore, WithClosed>(payload),
            refused(
                "at `status`: unknown variant, expected `placed`: add a variant for the label, or one with \
                 `#[serde(other)]` for all that are missing"
            )
        );
        // What was refused is taken once there is a relay of the newer struct.
        let more = WithMore {
            id: 2,
            status: Some(More::Paid),
        };
        assert_eq!(read::<WithMore, WithMore>(payload), Ok(more));
    }
}
