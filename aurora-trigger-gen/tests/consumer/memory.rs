use aurora_trigger_gen::Deduplicator;

use crate::record::Record;
use crate::{Shop, customer, given, reading};

const FEW: usize = 8;

/// Changes of twice as many rows as are remembered.
fn others() -> impl Iterator<Item = Record> {
    let rows = 2 * i64::try_from(FEW).expect("they are few");
    (100..100 + rows)
        .zip(1000..)
        .map(|(id, seq)| customer(id, seq))
}

#[test]
fn so_many_rows_are_remembered_and_twice_as_many_forget_them() {
    let mut changes = Deduplicator::<Shop>::new(FEW);
    let rows = || (1..).zip(1..).take(FEW).map(|(id, seq)| customer(id, seq));
    given(&mut changes, others());
    assert_eq!(given(&mut changes, rows()).len(), FEW);

    assert!(given(&mut changes, rows()).is_empty());
    assert_eq!(given(&mut changes, others()).len(), 2 * FEW);

    assert_eq!(given(&mut changes, rows()).len(), FEW);
}

#[test]
fn an_event_without_key_counts_as_a_row() {
    let mut changes = Deduplicator::<Shop>::new(FEW);
    assert_eq!(given(&mut changes, [customer(1, 1)]), [1]);

    given(&mut changes, (2..=17).map(|seq| reading(1, seq)));

    assert_eq!(given(&mut changes, [customer(1, 1)]), [1]);
}

#[test]
fn a_row_whose_duplicates_keep_coming_is_remembered() {
    let mut changes = Deduplicator::<Shop>::new(FEW);
    assert_eq!(given(&mut changes, [customer(1, 1)]), [1]);
    for other in others() {
        assert_eq!(given(&mut changes, [other]).len(), 1);
        assert!(given(&mut changes, [customer(1, 1)]).is_empty());
    }
}

#[test]
fn a_truncate_is_not_forgotten() {
    let mut changes = Deduplicator::<Shop>::new(FEW);
    let truncate = || Record::truncate("customers", 5);
    assert_eq!(given(&mut changes, [truncate()]), [5]);

    given(&mut changes, others());

    assert!(given(&mut changes, [customer(1, 4), truncate()]).is_empty());
}

#[test]
fn room_for_no_row_is_room_for_one() {
    let mut changes = Deduplicator::<Shop>::new(0);

    let records = [
        customer(1, 1),
        customer(1, 1),
        customer(2, 2),
        customer(1, 1),
    ];

    assert_eq!(given(&mut changes, records), [1, 2, 1]);
}

#[test]
fn what_it_remembers_is_not_shown() {
    let mut changes = Deduplicator::<Shop>::new(FEW);

    given(&mut changes, [customer(4711, 1)]);

    let shown = format!("{changes:?}");
    assert!(shown.contains("rows: 1"), "{shown}");
    assert!(!shown.contains("4711"), "{shown}");
}
