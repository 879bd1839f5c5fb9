//! `crate = "gen"`: the name is a keyword since edition 2024.

mod r#gen {
    pub(crate) use aurora_trigger_gen::*;
}

use serde::Deserialize;

#[derive(Debug, Deserialize, r#gen::StreamTrigger)]
#[stream(table = "public.rows", delivery = "async", crate = "gen")]
struct Row {
    #[stream(key)]
    id: i64,
}

#[derive(Debug, Deserialize, r#gen::PgType)]
#[stream(type = "public.size", crate = "r#gen")]
#[expect(dead_code, reason = "only described here")]
struct Size(i64);

#[derive(Debug, r#gen::ChangeStream)]
#[stream(crate = "crate::gen_crate::gen")]
#[expect(dead_code, reason = "only described here")]
enum Rows {
    Row(r#gen::Change<Row>),
}

#[test]
fn the_library_may_be_called_gen() {
    use r#gen::{ChangeStream as _, Keyed as _, PgType as _};

    assert_eq!(Rows::TABLES[0].table(), "rows");
    assert_eq!(Row { id: 7 }.key(), 7);
    assert!(Size::TYPE.domain().is_some());
}
