use aurora_trigger_gen::Deduplicator;

use crate::{OpenShop, ROWS, Shop, customer, given, order, reading};

#[test]
fn what_comes_twice_is_given_once() {
    let mut changes = Deduplicator::<Shop>::new(ROWS);
    let records = || {
        [
            customer(1, 1),
            customer(2, 2),
            customer(1, 1),
            customer(1, 3),
        ]
    };

    assert_eq!(given(&mut changes, records()), [1, 2, 3]);
    assert!(given(&mut changes, records()).is_empty());
}

#[test]
fn what_is_older_than_the_newest_of_its_row_is_dropped() {
    let mut changes = Deduplicator::<Shop>::new(ROWS);

    let records = [customer(1, 5), customer(1, 4), customer(2, 3)];

    assert_eq!(given(&mut changes, records), [5, 3]);
}

#[test]
fn a_later_epoch_is_newer_whatever_the_number() {
    let mut changes = Deduplicator::<Shop>::new(ROWS);
    let records = [
        customer(1, 9),
        customer(1, 2).in_epoch(2, 2),
        customer(1, 10),
        customer(1, 3).in_epoch(2, 3),
    ];

    assert_eq!(given(&mut changes, records), [9, 2, 3]);
}

#[test]
fn each_event_of_a_table_without_key_is_its_own() {
    let mut changes = Deduplicator::<Shop>::new(ROWS);
    let records = [reading(1, 5), reading(1, 4), reading(1, 5), reading(1, 4)];

    assert_eq!(given(&mut changes, records), [5, 4]);
}

#[test]
fn each_event_of_an_unknown_table_is_its_own() {
    let mut changes = Deduplicator::<OpenShop>::new(ROWS);
    let records = [reading(1, 5), reading(1, 4), reading(1, 5), customer(1, 3)];

    assert_eq!(given(&mut changes, records), [5, 4, 3]);
}

#[test]
fn a_key_is_another_row_in_another_database_or_table() {
    let mut changes = Deduplicator::<Shop>::new(ROWS);
    let records = [
        customer(1, 5),
        customer(1, 4).with("/source/db", "outlet"),
        order(1, 3),
    ];

    assert_eq!(given(&mut changes, records), [5, 4, 3]);
}
