use aurora_trigger_gen::PgType;
use aurora_trigger_gen::describe::{
    ColumnDesc, Delivery, Encoding, FieldDesc, KeyDesc, Level, Mask, OnFailure, Operations,
    Oversize, QualifiedName, Sample, TableDesc, TypeDesc, Unchanged,
};

static ID: TypeDesc = i64::TYPE;
static TEXT: TypeDesc = String::TYPE;
const STATUS: QualifiedName = QualifiedName::new(Some("sales"), "status");
const PAIR: QualifiedName = QualifiedName::new(Some("sales"), "pair");

fn leak<T>(value: T) -> &'static T {
    Box::leak(Box::new(value))
}

fn id() -> ColumnDesc {
    ColumnDesc::new("id", "id", "id", &ID).with_key()
}

fn note() -> ColumnDesc {
    ColumnDesc::new("note", "note", "note", &TEXT)
}

fn table_named(
    path: &'static str,
    schema: &'static str,
    table: &'static str,
    columns: &[ColumnDesc],
) -> TableDesc {
    let columns = leak(columns.to_vec());
    TableDesc::new(
        path,
        schema,
        table,
        columns,
        KeyDesc::Columns,
        Delivery::Async,
    )
}

fn table(columns: &[ColumnDesc]) -> TableDesc {
    table_named("app::Order", "sales", "orders", columns)
}

fn of_type(ty: TypeDesc) -> String {
    table(&[id(), ColumnDesc::new("value", "value", "value", leak(ty))]).fingerprint()
}

/// Another version of the library, of Rust or of the platform must give the same: a deployed consumer compares them.
#[test]
fn fingerprints_are_the_same_in_every_version() {
    assert_eq!(table(&[id(), note()]).fingerprint(), "534dace4");
    assert_eq!(
        table(&[id().with_mask(Mask::Redact)]).fingerprint(),
        "2d2a8a6c"
    );
    assert_eq!(
        of_type(TypeDesc::enumeration(STATUS, &["placed", "paid"], true).with_null()),
        "9fdf3793"
    );
    let pair = TypeDesc::composite(PAIR, leak([FieldDesc::new("left", "l", &ID)]));
    assert_eq!(of_type(TypeDesc::array(leak(pair))), "e8eea018");
    let spread = TableDesc::new(
        "app::Reading",
        "public",
        "readings",
        leak([note()]),
        KeyDesc::PartitionBy(&["note"]),
        Delivery::Async,
    );
    assert_eq!(spread.fingerprint(), "c0c158e8");
}

#[test]
fn another_table_column_json_name_key_or_mask_is_another_contract() {
    let contract = table(&[id(), note()]).fingerprint();
    let others = [
        table_named("app::Order", "shop", "orders", &[id(), note()]),
        table_named("app::Order", "sales", "order", &[id(), note()]),
        // The same letters, cut elsewhere.
        table_named("app::Order", "saleso", "rders", &[id(), note()]),
        table(&[id()]),
        table(&[id(), note(), ColumnDesc::new("more", "more", "more", &TEXT)]),
        table(&[id(), ColumnDesc::new("note", "remark", "note", &TEXT)]),
        table(&[id(), ColumnDesc::new("note", "note", "remark", &TEXT)]),
        table(&[id(), note().with_key()]),
        table(&[id(), note().with_mask(Mask::Redact)]),
        table(&[id(), note().with_mask(Mask::LastFour)]),
    ];
    let mut seen = vec![contract];
    for other in others {
        let fingerprint = other.fingerprint();
        assert!(!seen.contains(&fingerprint), "{other:?}");
        seen.push(fingerprint);
    }
}

#[test]
fn another_type_or_encoding_is_another_contract() {
    let field = |attribute, json, ty| leak([FieldDesc::new(attribute, json, ty)]);
    let types = [
        TypeDesc::built_in(&["int8"]),
        TypeDesc::built_in(&["int4"]),
        TypeDesc::built_in(&["int8", "int4"]),
        TypeDesc::built_in(&["int8"]).with_null(),
        TypeDesc::built_in(&["int8"]).with_encoding(Encoding::Text),
        TypeDesc::named(STATUS),
        TypeDesc::named(QualifiedName::new(None, "status")),
        TypeDesc::enumeration(STATUS, &["placed"], false),
        TypeDesc::enumeration(STATUS, &["placed"], true),
        TypeDesc::enumeration(STATUS, &["placed", "paid"], false),
        TypeDesc::enumeration(PAIR, &["placed"], false),
        TypeDesc::array(&ID),
        TypeDesc::array(&ID).with_null(),
        TypeDesc::array(leak(TypeDesc::array(&ID))),
        TypeDesc::composite(PAIR, field("left", "left", &ID)),
        TypeDesc::composite(PAIR, field("right", "left", &ID)),
        TypeDesc::composite(PAIR, field("left", "right", &ID)),
        TypeDesc::composite(PAIR, field("left", "left", &TEXT)),
        TypeDesc::composite(STATUS, field("left", "left", &ID)),
    ];
    let mut seen = Vec::new();
    for ty in types {
        let fingerprint = of_type(ty);
        assert!(!seen.contains(&fingerprint), "{ty:?}");
        seen.push(fingerprint);
    }
}

#[test]
fn the_columns_of_a_keyless_tables_spread_are_part_of_the_contract() {
    let spread = |names| {
        let columns = leak([note(), ColumnDesc::new("id", "id", "id", &ID)]);
        TableDesc::new(
            "Row",
            "sales",
            "orders",
            columns,
            KeyDesc::PartitionBy(names),
            Delivery::Async,
        )
        .fingerprint()
    };
    assert_ne!(spread(&["id"]), spread(&["note"]));
    assert_ne!(spread(&["id"]), spread(&["id", "note"]));
}

#[test]
fn what_no_reader_of_the_images_sees_leaves_the_contract_as_it_is() {
    let contract = table(&[id(), note()]);
    let no_deletes = Operations {
        insert: true,
        update: true,
        delete: false,
        truncate: true,
    };
    let renamed = ColumnDesc::new("remark", "note", "note", &TEXT).with_aliases(&["comment"]);
    let with_samples = leak(
        String::TYPE
            .with_samples(&[Sample::Text("x")])
            .with_check(|_| Ok(())),
    );
    let same = [
        table_named("app::v2::Order", "sales", "orders", &[id(), note()]),
        table(&[id(), renamed]),
        table(&[id(), ColumnDesc::new("note", "note", "note", with_samples)]),
        table(&[
            id(),
            note(),
            ColumnDesc::new("secret", "secret", "secret", &TEXT).with_skip(),
        ]),
        contract.with_level(Level::Row),
        contract.with_on_failure(OnFailure::Abort),
        contract.with_operations(no_deletes),
        contract.with_unchanged(Unchanged::Emit),
        contract.with_oversize(Oversize::DeadLetter),
        contract.with_when("id > 0"),
    ];
    for table in same {
        assert_eq!(table.fingerprint(), contract.fingerprint(), "{table:?}");
    }
}
