//! Which faults are tried with which modes. A test is named after what goes wrong, and what can be relied on then.

use crate::cell::assert_promise;
use crate::faults::Fault;
use crate::mode::Mode;

macro_rules! matrix {
    ($($fault:ident $name:ident: $($mode:ident)+;)+) => {
        $(mod $name {
            use super::{Fault, Mode, assert_promise};

            $(matrix!(@ $fault $mode);)+
        })+
    };
    (@ Altered outbox) => {
        #[tokio::test]
        async fn outbox_loses_nothing_and_no_write_fails() {
            assert_promise(Mode::Outbox, Fault::Altered).await;
        }
    };
    (@ $fault:ident outbox) => {
        #[tokio::test]
        async fn outbox_is_whole_and_true_and_in_order_and_no_write_fails() {
            assert_promise(Mode::Outbox, Fault::$fault).await;
        }
    };
    (@ $fault:ident commit) => {
        #[tokio::test]
        async fn commit_loses_nothing_and_no_write_fails() {
            assert_promise(Mode::Commit, Fault::$fault).await;
        }
    };
    (@ $fault:ident sync) => {
        #[tokio::test]
        async fn sync_loses_nothing_and_keeps_the_order_or_the_write_fails() {
            assert_promise(Mode::Sync, Fault::$fault).await;
        }
    };
    (@ $fault:ident asynchronous) => {
        #[tokio::test]
        async fn async_loses_nothing_and_no_write_fails() {
            assert_promise(Mode::Async, Fault::$fault).await;
        }
    };
}

matrix! {
    Rollback            when_transactions_are_rolled_back:              outbox commit sync asynchronous;
    Savepoint           when_savepoints_are_rolled_back:                outbox commit sync asynchronous;
    FunctionDeleted     while_the_function_is_deleted:                  outbox commit sync asynchronous;
    Throttled           while_a_third_of_the_calls_is_throttled:        outbox commit sync asynchronous;
    CallTimesOut        when_a_call_times_out:                          outbox commit sync asynchronous;
    AnswerIsLost        when_an_answer_is_lost:                         outbox commit sync asynchronous;
    StreamIsLate        when_the_stream_answers_too_late:               outbox commit sync asynchronous;
    RelayKilledBefore   when_the_relay_is_killed_before_its_work:       outbox commit sync asynchronous;
    RelayKilledAfter    when_the_relay_is_killed_after_its_work:        outbox commit sync asynchronous;
    StreamFails         while_the_stream_fails_a_fifth_of_the_entries:  outbox commit sync asynchronous;
    DatabaseCrashes     when_the_database_crashes_and_recovers:         outbox commit sync asynchronous;
    DrainKilled         when_drains_are_killed_between_call_and_delete: outbox commit asynchronous;
    TwoDrains           while_two_drains_are_at_work:                   outbox commit asynchronous;
    NestedWrites        when_one_row_is_written_several_times_at_once:  outbox commit sync asynchronous;
    SmallCalls          when_a_transaction_takes_several_calls:         outbox commit asynchronous;
    TransactionHeldOpen while_a_transaction_is_held_open:               outbox commit asynchronous;
    StatementTimeout    when_a_statement_timeout_cuts_drains_off:       outbox commit asynchronous;
    Published           while_all_tables_are_published:                 outbox commit asynchronous;
    Dumped              while_the_database_is_dumped:                   outbox commit asynchronous;
    Restored            when_the_database_moves_into_a_restored_dump:   outbox commit sync asynchronous;
    AlteredInPlace      while_the_tables_are_altered_in_place:          outbox commit sync asynchronous;
    Altered             while_a_column_has_another_type:                outbox commit asynchronous;
}
