use aurora_trigger_gen::describe::TableDesc;
use aurora_trigger_gen::wire::Record;
use aurora_trigger_gen::{
    Change, ChangeStream, DecodeError, ImageCheck, StreamTrigger, TableChange,
};

/// The stream of one table, for tests of a table by itself.
#[derive(Debug)]
pub struct Only<T>(pub Change<T>);

impl<T: StreamTrigger> ChangeStream for Only<T> {
    const TABLES: &'static [&'static TableDesc] = &[&T::TABLE];
    const CHECKS: &'static [ImageCheck] = &[Change::<T>::check_image];

    fn from_record(record: &Record<'_>) -> Result<Self, DecodeError> {
        if !record.is_of(&T::TABLE) {
            return Err(DecodeError::unknown_table(record));
        }
        Change::from_record(record).map(Self)
    }
}
