//! The stand-in for the extension: its call costs as little as PostgreSQL allows.

/// What a call does.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Invoke {
    /// Nothing.
    Free,
    /// Counts itself.
    Counts,
    /// Waits.
    TakesFiveMilliseconds,
}

impl Invoke {
    /// The functions that do it.
    pub(crate) fn sql(self) -> String {
        include_str!("invoke.sql").replace(
            "{work}",
            match self {
                Self::Free => "-- Nothing.",
                Self::Counts => "PERFORM nextval('aws_lambda.calls');",
                Self::TakesFiveMilliseconds => "PERFORM pg_sleep(0.005);",
            },
        )
    }
}

/// Everything else that it has.
pub(crate) const SCHEMA: &str = include_str!("stub.sql");

/// A loop over one call: what of the measured times is the stub's own.
pub(crate) const COST: &str = "
DO $body$
DECLARE
    answer record;
    payload json := '{}';
BEGIN
    FOR n IN 1..20000 LOOP
        answer := aws_lambda.invoke(
            function_name => 'relay', payload => payload, region => 'eu-west-1', invocation_type => 'Event'
        );
    END LOOP;
END
$body$";

/// How many calls [`COST`] makes.
pub(crate) const COST_CALLS: u32 = 20_000;
