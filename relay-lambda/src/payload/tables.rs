use aurora_trigger_gen::describe::{ColumnDesc, KeyDesc, TableDesc};
use aurora_trigger_gen::{ChangeStream, ImageCheck};

/// The tables of a stream, with what each event of theirs is compared with, found once.
#[derive(Debug)]
pub(crate) struct Tables(Vec<StreamTable>);

/// One table.
#[derive(Debug)]
pub(crate) struct StreamTable {
    pub(crate) desc: &'static TableDesc,
    pub(crate) check: ImageCheck,
    pub(crate) fingerprint: String,
    /// The columns of an image, in its order, each with its place in the key.
    pub(crate) columns: Vec<(&'static ColumnDesc, Option<usize>)>,
    /// The columns of the key.
    pub(crate) key: Vec<&'static ColumnDesc>,
    /// Whether a key is one row, so that its events are a chain.
    pub(crate) has_key: bool,
}

impl StreamTable {
    pub(crate) fn full_name(&self) -> String {
        format!("{}.{}", self.desc.schema(), self.desc.table())
    }
}

impl Tables {
    pub(crate) fn of<S: ChangeStream>() -> Self {
        let table = |(desc, check): (&&'static TableDesc, &ImageCheck)| {
            let key = desc.key_columns();
            let place =
                |column: &ColumnDesc| key.iter().position(|part| part.column() == column.column());
            StreamTable {
                desc,
                check: *check,
                fingerprint: desc.fingerprint(),
                columns: desc
                    .streamed()
                    .map(|column| (column, place(column)))
                    .collect(),
                has_key: matches!(desc.key(), KeyDesc::Columns),
                key,
            }
        };
        Self(S::TABLES.iter().zip(S::CHECKS).map(table).collect())
    }

    pub(crate) fn find(&self, schema: &str, table: &str) -> Option<&StreamTable> {
        self.0
            .iter()
            .find(|known| known.desc.table() == table && known.desc.schema() == schema)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &StreamTable> {
        self.0.iter()
    }
}
