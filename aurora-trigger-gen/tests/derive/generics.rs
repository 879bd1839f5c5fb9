//! Parameters of types, lifetimes and consts.

use std::borrow::Cow;
use std::marker::PhantomData;

use aurora_trigger_gen::describe::{ColumnDesc, Shape};
use aurora_trigger_gen::{Change, ChangeStream, PgType, StreamTrigger, TableChange};
use serde::Deserialize;

#[derive(Debug, Clone, PartialEq, Deserialize, PgType)]
#[serde(transparent)]
struct Id<T> {
    number: i64,
    #[serde(skip)]
    of: PhantomData<T>,
}

#[derive(Debug, PartialEq, Deserialize, PgType)]
struct Wrapper<T>(T);

#[derive(Deserialize, PgType)]
#[stream(type = "public.pair")]
#[expect(dead_code, reason = "only described here")]
struct Pair<T, U = T>
where
    T: Clone,
{
    left: T,
    right: Option<U>,
}

#[derive(Debug, PartialEq, Deserialize, StreamTrigger)]
#[stream(table = "public.rows", delivery = "async")]
struct Row<'a, T: Clone, J, const N: usize>
where
    T: PartialEq,
{
    #[stream(key)]
    id: Id<[(); N]>,
    text: Cow<'a, str>,
    value: Option<Wrapper<T>>,
    values: Vec<T>,
    #[stream(json)]
    json: J,
    #[stream(json)]
    maybe: Option<J>,
    #[serde(skip)]
    nothing: PhantomData<&'a ()>,
}

#[derive(Debug, PartialEq, ChangeStream)]
enum Stream<'a, T: Clone + PartialEq + PgType + serde::de::DeserializeOwned> {
    Row(Change<Row<'a, T, Vec<u8>, 3>>),
}

#[test]
fn a_generic_type_is_described_for_each_of_its_arguments() {
    assert!(matches!(
        Wrapper::<i64>::TYPE.shape(),
        Shape::BuiltIn(["int8", ..])
    ));
    assert!(matches!(
        Wrapper::<String>::TYPE.shape(),
        Shape::BuiltIn(["text", ..])
    ));
    assert!(matches!(
        Id::<Pair<u8>>::TYPE.shape(),
        Shape::BuiltIn(["int8", ..])
    ));
    let Shape::Composite { fields, .. } = Pair::<i16, String>::TYPE.shape() else {
        panic!("`type` on a struct makes a composite type");
    };
    assert!(matches!(fields[0].ty().shape(), Shape::BuiltIn(["int2"])));
    assert!(fields[1].ty().is_nullable());
}

#[test]
fn a_generic_table_is_described_and_decoded() {
    let table = <Row<'_, bool, u8, 1> as StreamTrigger>::TABLE;
    let columns: Vec<_> = table.columns().iter().map(ColumnDesc::column).collect();
    assert_eq!(columns, ["id", "text", "value", "values", "json", "maybe"]);
    assert!(table.columns()[2].ty().is_nullable());
    assert!(!table.columns()[4].ty().is_nullable());
    assert!(table.columns()[5].ty().is_nullable());

    let record = crate::decoding::record(
        "rows",
        "c",
        "null",
        r#"{"id":7,"text":"\n","value":null,"values":[true],"json":[1,2],"maybe":null}"#,
    );
    let Stream::Row(change) = Stream::<'_, bool>::decode(record.as_bytes()).expect("it fits");
    let row = change.after().expect("it was created");
    assert_eq!(
        (row.id.number, &*row.text, &row.json),
        (7, "\n", &vec![1, 2])
    );
    assert_eq!(
        <Change<Row<'_, bool, Vec<u8>, 3>> as TableChange>::TABLE.table(),
        "rows"
    );
}
