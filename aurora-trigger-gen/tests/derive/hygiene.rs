//! An expansion means the same whatever the user's names mean, and wherever the type stands.

use aurora_trigger_gen::{Change, ChangeStream, PgType, StreamTrigger};
use serde::Deserialize;

/// Every name that an expansion uses is something else here.
mod shadowed {
    #![no_implicit_prelude]

    use ::aurora_trigger_gen::Change as _Change;

    #[expect(dead_code, reason = "it only has the name")]
    type Option<T> = ::core::marker::PhantomData<T>;
    #[expect(dead_code, reason = "it only has the name")]
    struct Result;
    #[expect(dead_code, reason = "it only has the name")]
    struct Some;
    #[expect(dead_code, reason = "it only has the name")]
    struct Field;
    #[expect(dead_code, reason = "it only has the name")]
    trait PgType {}
    #[expect(dead_code, reason = "it only has the name")]
    trait StreamTrigger {}
    mod core {}
    mod serde {}
    mod aurora_trigger_gen {}
    // A pattern in an expansion must not be one of these.
    #[expect(dead_code, non_upper_case_globals, reason = "it only has the name")]
    const table: u8 = 0;
    #[expect(dead_code, non_upper_case_globals, reason = "it only has the name")]
    const record: u8 = 0;
    #[expect(unused_macros, reason = "it only has the name")]
    macro_rules! concat {
        () => {};
    }

    #[derive(::serde::Deserialize, ::aurora_trigger_gen::PgType)]
    #[stream(type = "public.kind")]
    pub(super) enum Kind {
        Some,
        None,
        Ok,
        Err,
    }

    #[derive(::serde::Deserialize, ::aurora_trigger_gen::PgType)]
    #[stream(as = "i32")]
    pub(super) enum Level {
        Low = 1,
    }

    #[derive(::serde::Deserialize, ::aurora_trigger_gen::StreamTrigger)]
    #[stream(table = "public.shadowed", delivery = "async", when = "true")]
    #[expect(dead_code, reason = "only described here")]
    pub(super) struct Row<Record = i64> {
        #[stream(key)]
        table: ::std::string::String,
        record: ::core::option::Option<Kind>,
        #[stream(json)]
        value: ::core::option::Option<Record>,
    }

    #[derive(::serde::Deserialize, ::aurora_trigger_gen::StreamTrigger)]
    #[stream(table = "public.plain", delivery = "async")]
    #[expect(dead_code, reason = "only described here")]
    pub(super) struct Plain {
        #[stream(key)]
        table: ::std::string::String,
        #[stream(mask = "last4")]
        self_: ::std::string::String,
    }

    #[derive(::aurora_trigger_gen::ChangeStream)]
    #[expect(dead_code, reason = "only described here")]
    pub(super) enum Stream {
        Ok(_Change<Row>),
        Err(_Change<Plain>),
    }
}

#[test]
fn names_of_the_user_do_not_reach_the_expansion() {
    assert_eq!(shadowed::Stream::TABLES.len(), 2);
    assert_eq!(shadowed::Row::<i64>::TABLE.columns().len(), 3);
    assert!(shadowed::Row::<i64>::TABLE.columns()[2].ty().is_nullable());
    assert_eq!(shadowed::Level::TYPE.samples().len(), 1);
    let _ = [shadowed::Kind::Some, shadowed::Kind::None];
    let _ = [shadowed::Kind::Ok, shadowed::Kind::Err];
}

/// A public type of parameters may hold private ones.
#[expect(
    unreachable_pub,
    reason = "it is public to the compiler's checks all the same"
)]
pub mod visibility {
    use super::{Deserialize, PgType, StreamTrigger};

    #[derive(Deserialize, PgType)]
    struct Private<T>(T);

    #[derive(Deserialize, StreamTrigger)]
    #[stream(table = "public.visibility", delivery = "async")]
    #[expect(dead_code, reason = "only described here")]
    pub struct Public<T> {
        #[stream(key)]
        id: i64,
        value: Private<T>,
    }
}

#[test]
fn a_type_may_stand_in_a_function() {
    #[derive(Debug, Clone, PartialEq, Deserialize, PgType)]
    struct Id(i64);

    #[derive(Deserialize, StreamTrigger)]
    #[stream(table = "public.local", delivery = "async")]
    struct Row {
        #[stream(key)]
        id: Id,
        /// `Self` in a type stands for the struct outside of it too.
        #[stream(json, skip)]
        parent: Option<Box<Self>>,
    }

    #[derive(ChangeStream)]
    enum Stream {
        Row(Change<Row>),
    }

    let record = crate::decoding::record("local", "c", "null", r#"{"id":7}"#);
    let Stream::Row(change) = Stream::decode(record.as_bytes()).expect("it fits");
    let row = change.after().expect("it was created");
    assert_eq!(row.id.0, 7);
    assert!(row.parent.is_none());
    assert_eq!(Row::TABLE.rust_path(), "derive::hygiene::Row");
}
