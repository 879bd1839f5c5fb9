use aurora_trigger_gen::describe::{Sample, TypeDesc};
use aurora_trigger_gen::{Change, ChangeStream, PgType, StreamTrigger, check_samples};
use serde::{Deserialize, Deserializer};

/// Reads another form than the one it says: what a feature of a type crate can do to it.
#[derive(Debug)]
struct Cents;

impl<'de> Deserialize<'de> for Cents {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(|_| Self)
    }
}

impl PgType for Cents {
    const TYPE: TypeDesc = i64::TYPE;
}

/// Reads all but what is at the edge.
#[derive(Debug, Deserialize)]
#[serde(try_from = "i64")]
struct Small;

impl TryFrom<i64> for Small {
    type Error = &'static str;

    fn try_from(number: i64) -> Result<Self, &'static str> {
        i32::try_from(number).map(|_| Self).map_err(|_| "too big")
    }
}

impl PgType for Small {
    const TYPE: TypeDesc =
        TypeDesc::built_in(&["int8"]).with_samples(&[Sample::Json("1"), Sample::Integer(i64::MAX)]);
}

macro_rules! table_with {
    ($stream:ident, $row:ident, $(#[$attribute:meta])* $ty:ty) => {
        #[derive(Debug, Deserialize, StreamTrigger)]
        #[stream(table = "public.rows", delivery = "async")]
        #[expect(dead_code, reason = "only decoded here")]
        struct $row {
            #[stream(key)]
            id: i64,
            $(#[$attribute])*
            value: $ty,
        }

        #[derive(Debug, ChangeStream)]
        #[expect(dead_code, reason = "only decoded here")]
        enum $stream {
            Row(Change<$row>),
        }
    };
}

table_with!(OtherForm, OtherFormRow, Cents);
table_with!(Deep, DeepRow, Option<Vec<Option<Cents>>>);
table_with!(AtTheEdge, AtTheEdgeRow, Small);
table_with!(
    Json,
    JsonRow,
    #[stream(json)]
    (i8, String)
);

/// The reasons, by the structs' paths.
fn mistakes<S: ChangeStream>() -> Vec<(&'static str, String)> {
    check_samples::<S>()
        .err()
        .unwrap_or_default()
        .into_iter()
        .map(|error| {
            let text = error.to_string();
            assert!(
                text.contains(error.rust_path) && text.contains(&error.image),
                "{text}"
            );
            (error.rust_path, error.reason)
        })
        .collect()
}

#[test]
fn a_type_that_reads_another_form_is_found() {
    let mistakes = mistakes::<OtherForm>();
    let (path, reason) = &mistakes[0];
    assert!(path.ends_with("::OtherFormRow"), "{path}");
    assert!(reason.contains("expected a string"), "{reason}");
}

/// A field that fails in each of several images, whose other values differ.
#[test]
fn one_mistake_is_told_once() {
    #[derive(Debug, Deserialize, StreamTrigger)]
    #[stream(table = "public.rows", delivery = "async")]
    #[expect(dead_code, reason = "only decoded here")]
    struct Twice {
        #[stream(key)]
        id: i64,
        cents: Cents,
        other: Option<Cents>,
    }
    #[derive(Debug, ChangeStream)]
    #[expect(dead_code, reason = "only decoded here")]
    enum TwiceStream {
        Twice(Change<Twice>),
    }

    let mistakes = mistakes::<TwiceStream>();
    // serde stops at the first field that fails.
    assert_eq!(mistakes.len(), 1, "{mistakes:?}");
    assert!(mistakes[0].1.contains("`cents`"), "{mistakes:?}");
}

#[test]
fn a_type_that_reads_another_form_is_found_inside_of_others() {
    let mistakes = mistakes::<Deep>();
    assert!(!mistakes.is_empty());
    assert!(
        mistakes
            .iter()
            .all(|(_, reason)| reason.contains("expected a string")),
        "{mistakes:?}"
    );
}

#[test]
fn a_type_that_refuses_a_value_at_the_edge_is_found() {
    let mistakes = mistakes::<AtTheEdge>();
    assert!(!mistakes.is_empty());
    assert!(
        mistakes
            .iter()
            .all(|(_, reason)| reason.contains("too big")),
        "{mistakes:?}"
    );
}

#[test]
fn json_has_no_samples_and_the_rest_of_its_row_is_checked() {
    #[derive(Debug, Deserialize, StreamTrigger)]
    #[stream(table = "public.rows", delivery = "async")]
    #[expect(dead_code, reason = "only decoded here")]
    struct Both {
        #[stream(key)]
        id: i64,
        #[stream(json)]
        json: Vec<u8>,
        cents: Cents,
    }
    #[derive(Debug, ChangeStream)]
    #[expect(dead_code, reason = "only decoded here")]
    enum BothStream {
        Row(Change<Both>),
    }
    assert_eq!(mistakes::<Json>(), []);
    assert!(mistakes::<BothStream>()[0].1.contains("expected a string"));
}

/// A field's own code may refuse values of its column: whoever wrote it knows which ones the app has.
mod partial {
    use std::fmt::Debug;
    use std::net::IpAddr;

    use chrono::{DateTime, Utc};

    use super::*;

    fn number<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u16, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }

    fn yes_or_no<'de, D: Deserializer<'de>>(deserializer: D) -> Result<bool, D::Error> {
        match &*String::deserialize(deserializer)? {
            "yes" => Ok(true),
            "no" => Ok(false),
            other => Err(serde::de::Error::custom(format!("no answer: {other}"))),
        }
    }

    #[derive(Debug, Deserialize, PgType)]
    #[serde(try_from = "i64")]
    struct Percent(#[expect(dead_code, reason = "only decoded here")] u8);

    impl TryFrom<i64> for Percent {
        type Error = std::num::TryFromIntError;

        fn try_from(number: i64) -> Result<Self, Self::Error> {
            number.try_into().map(Self)
        }
    }

    /// It does not derive `PgType`.
    #[derive(Debug, Deserialize)]
    #[serde(try_from = "i32")]
    struct Even;

    impl TryFrom<i32> for Even {
        type Error = &'static str;

        fn try_from(number: i32) -> Result<Self, Self::Error> {
            if number % 2 == 0 {
                Ok(Self)
            } else {
                Err("odd")
            }
        }
    }

    table_with!(
        Seconds, SecondsRow,
        #[serde(with = "chrono::serde::ts_seconds")]
        #[stream(as = "i64")]
        DateTime<Utc>
    );
    table_with!(
        Milliseconds, MillisecondsRow,
        #[serde(with = "chrono::serde::ts_milliseconds_option")]
        #[stream(as = "i64")]
        Option<DateTime<Utc>>
    );
    table_with!(
        Nanoseconds, NanosecondsRow,
        #[serde(with = "chrono::serde::ts_nanoseconds")]
        #[stream(as = "i64")]
        DateTime<Utc>
    );
    table_with!(
        Number,
        NumberRow,
        #[serde(deserialize_with = "number")]
        #[stream(as = "String")]
        u16
    );
    table_with!(
        YesOrNo,
        YesOrNoRow,
        #[serde(deserialize_with = "yes_or_no")]
        #[stream(as = "String")]
        bool
    );
    table_with!(
        Letter,
        LetterRow,
        #[stream(as = "String")]
        char
    );
    table_with!(
        Address,
        AddressRow,
        #[stream(as = "String")]
        IpAddr
    );
    table_with!(Addresses, AddressesRow, #[stream(as = "Vec<String>")] Vec<IpAddr>);
    table_with!(Own, OwnRow, Percent);
    table_with!(Many, ManyRow, Vec<Option<Percent>>);
    table_with!(
        Evens,
        EvensRow,
        #[stream(as = "i32")]
        Even
    );
    table_with!(
        Unsigned,
        UnsignedRow,
        #[stream(as = "i64")]
        u64
    );
    table_with!(Narrow, NarrowRow, #[stream(as = "i32")] Option<i16>);
    table_with!(
        OtherType,
        OtherTypeRow,
        #[serde(deserialize_with = "yes_or_no")]
        #[stream(as = "i64")]
        bool
    );
    table_with!(
        Dates,
        DatesRow,
        #[stream(as = "i64")]
        chrono::NaiveDate
    );

    #[test]
    fn a_value_that_code_of_its_own_refuses_is_no_mistake() {
        assert_eq!(mistakes::<Seconds>(), []);
        assert_eq!(mistakes::<Milliseconds>(), []);
        assert_eq!(mistakes::<Nanoseconds>(), []);
        assert_eq!(mistakes::<Number>(), []);
        assert_eq!(mistakes::<YesOrNo>(), []);
        assert_eq!(mistakes::<Letter>(), []);
        assert_eq!(mistakes::<Address>(), []);
        assert_eq!(mistakes::<Addresses>(), []);
        assert_eq!(mistakes::<Own>(), []);
        assert_eq!(mistakes::<Many>(), []);
        assert_eq!(mistakes::<Evens>(), []);
    }

    #[test]
    fn a_narrower_integer_is_a_mistake_with_a_way_out() {
        for (mistakes, ty) in [
            (mistakes::<Unsigned>(), "u64"),
            (mistakes::<Narrow>(), "i16"),
        ] {
            let way_out = format!(
                "`{ty}` does not hold every value of the column. Take the type that `as` names"
            );
            assert!(!mistakes.is_empty());
            assert!(
                mistakes.iter().all(|(_, reason)| reason.contains(&way_out)),
                "{mistakes:?}"
            );
        }
    }

    #[test]
    fn code_that_reads_another_json_type_is_a_mistake() {
        assert!(mistakes::<OtherType>()[0].1.contains("expected a string"));
        assert!(mistakes::<Dates>()[0].1.contains("invalid type: integer"));
    }
}

/// Only a value of the parameter tells whether it is an `Option`.
#[test]
fn a_parameter_that_is_an_option_takes_null() {
    #[derive(Debug, Deserialize, StreamTrigger)]
    #[stream(table = "public.rows", delivery = "async")]
    #[expect(dead_code, reason = "only described here")]
    struct Row<J, K, S, L> {
        #[stream(key)]
        id: i64,
        #[stream(json)]
        json: J,
        #[stream(as = "i64")]
        number: K,
        #[stream(sql_type = "ltree", encoding = "text")]
        path: S,
        #[stream(skip)]
        skipped: L,
    }
    type Options = Row<Option<Vec<u8>>, Option<i64>, Option<String>, Option<i64>>;
    #[derive(Debug, ChangeStream)]
    #[expect(dead_code, reason = "only decoded here")]
    enum Rows {
        Row(Change<Options>),
    }

    fn nullable<R: StreamTrigger>() -> Vec<bool> {
        let columns = R::TABLE.columns();
        columns
            .iter()
            .map(|column| column.ty().is_nullable())
            .collect()
    }
    assert_eq!(nullable::<Options>()[..4], [false, true, true, true]);
    assert_eq!(
        nullable::<Row<Vec<u8>, i64, String, Option<i64>>>()[..4],
        [false; 4]
    );
    assert_eq!(check_samples::<Rows>(), Ok(()));
}
