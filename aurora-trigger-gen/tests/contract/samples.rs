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
