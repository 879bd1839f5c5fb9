use aurora_trigger_gen::Deduplicator;

use crate::record::Record;
use crate::{OpenShop, ROWS, Shop, customer, given, order, reading};

#[test]
fn a_truncate_takes_what_came_before_it_with_it() {
    // With a key and without.
    for table in ["customers", "readings"] {
        let mut changes = Deduplicator::<Shop>::new(ROWS);
        let created = |id, seq| Record::created(table, id, seq);
        let truncate = |seq| Record::truncate(table, seq);

        // It is in every shard, and so may come more than once.
        let records = [
            created(1, 1),
            truncate(3),
            created(2, 2),
            truncate(3),
            created(2, 4),
            truncate(2),
        ];

        assert_eq!(given(&mut changes, records), [1, 3, 4], "{table}");
    }
}

#[test]
fn a_truncate_that_was_overtaken_comes_through() {
    let mut changes = Deduplicator::<Shop>::new(ROWS);

    let records = [customer(1, 5), Record::truncate("customers", 3)];

    assert_eq!(given(&mut changes, records), [5, 3]);
}

#[test]
fn a_truncate_is_of_one_table_in_one_database() {
    let mut changes = Deduplicator::<Shop>::new(ROWS);
    let records = [
        Record::truncate("customers", 3),
        order(1, 1),
        customer(1, 2).with("/source/db", "outlet"),
    ];

    assert_eq!(given(&mut changes, records), [3, 1, 2]);
}

#[test]
fn a_truncate_of_an_unknown_table_is_an_event_of_its_own() {
    let mut changes = Deduplicator::<OpenShop>::new(ROWS);
    let truncate = || Record::truncate("readings", 3);

    let records = [truncate(), reading(1, 2), truncate()];

    assert_eq!(given(&mut changes, records), [3, 2]);
}

#[test]
fn an_unknown_table_has_no_part_in_the_truncate_of_another() {
    let mut changes = Deduplicator::<OpenShop>::new(ROWS);

    let records = [Record::truncate("customers", 3), reading(1, 2)];

    assert_eq!(given(&mut changes, records), [3, 2]);
}
