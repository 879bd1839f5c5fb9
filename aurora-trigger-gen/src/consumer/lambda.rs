use std::fmt;
use std::slice;

use aws_lambda_events::event::kinesis::{KinesisEvent, KinesisEventRecord};
use aws_lambda_events::event::streams::KinesisEventResponse;

use super::changes::Parts;
use super::deduplicator::Deduplicator;
use super::error::ConsumeError;
use crate::stream::ChangeStream;
use crate::wire::AggregateError;

/// The new changes of a batch that Lambda hands to a function, one after the other: see [`Deduplicator::batch`].
pub struct BatchChanges<'a, S> {
    deduplicator: &'a mut Deduplicator<S>,
    /// The record that the next change is looked for in, and the records behind it.
    records: slice::Iter<'a, KinesisEventRecord>,
    record: Option<OpenRecord<'a>>,
}

struct OpenRecord<'a> {
    sequence_number: &'a str,
    parts: Result<Parts<'a>, AggregateError>,
}

impl<'a> OpenRecord<'a> {
    fn open(record: &'a KinesisEventRecord) -> Self {
        Self {
            sequence_number: &record.kinesis.sequence_number,
            parts: Parts::of(&record.kinesis.data),
        }
    }
}

impl<S: ChangeStream> Deduplicator<S> {
    /// The new changes of a batch that Lambda hands to a function.
    ///
    /// This is a whole consumer:
    ///
    /// ```
    /// use aurora_trigger_gen::{BatchChanges, ChangeStream, Deduplicator};
    /// use aws_lambda_events::event::kinesis::KinesisEvent;
    /// use aws_lambda_events::event::streams::KinesisEventResponse;
    /// # type Error = Box<dyn std::error::Error + Send + Sync>;
    /// # async fn store<S>(change: S) -> Result<(), Error> { Ok(()) }
    ///
    /// async fn handle<S: ChangeStream>(
    ///     deduplicator: &mut Deduplicator<S>,
    ///     batch: &KinesisEvent,
    /// ) -> KinesisEventResponse {
    ///     let mut changes = deduplicator.batch(batch);
    ///     if let Err(error) = store_all(&mut changes).await {
    ///         eprintln!("{error}");
    ///     }
    ///     changes.response()
    /// }
    ///
    /// async fn store_all<S: ChangeStream>(changes: &mut BatchChanges<'_, S>) -> Result<(), Error> {
    ///     while let Some(change) = changes.next()? {
    ///         store(change).await?;
    ///     }
    ///     Ok(())
    /// }
    /// ```
    ///
    /// # The event source mapping
    ///
    /// Lambda reads the response only where the event source mapping says so. Without `ReportBatchItemFailures` Lambda
    /// takes each answer for success, and the changes that the function could not store are lost.
    ///
    /// ```sh
    /// aws lambda create-event-source-mapping --function-name storefront-consumer \
    ///     --event-source-arn "$STREAM_ARN" --starting-position TRIM_HORIZON \
    ///     --function-response-types ReportBatchItemFailures \
    ///     --destination-config '{"OnFailure":{"Destination":"'"$QUEUE_ARN"'"}}'
    /// ```
    ///
    /// Lambda retries a record that fails until it succeeds or expires, and the shard waits for it. Set
    /// `MaximumRetryAttempts` or `MaximumRecordAgeInSeconds` with a failure destination where a shard must go on.
    ///
    /// With a `ParallelizationFactor` above 1 Lambda hands the records of a shard to several calls at a time, in order
    /// per partition key. A TRUNCATE has a partition key of its own, so the calls can handle it before or after changes
    /// of rows that stand behind or before it in the shard. The same happens with several shards, each of which has a
    /// copy of the TRUNCATE. On a TRUNCATE delete the rows of smaller sequence, as [`Deduplicator`] says.
    #[must_use]
    pub fn batch<'a>(&'a mut self, batch: &'a KinesisEvent) -> BatchChanges<'a, S> {
        BatchChanges {
            deduplicator: self,
            records: batch.records.iter(),
            record: None,
        }
    }
}

impl<S: ChangeStream> BatchChanges<'_, S> {
    /// The next change that is new, or `None` at the end of the batch. The change before it counts as delivered.
    ///
    /// # Errors
    ///
    /// As [`Changes::next`](crate::Changes::next).
    #[expect(
        clippy::should_implement_trait,
        reason = "an iterator would give the error inside of the option, and `?` is the point"
    )]
    pub fn next(&mut self) -> Result<Option<S>, ConsumeError> {
        loop {
            if let Some(OpenRecord { parts, .. }) = &mut self.record {
                let parts = parts
                    .as_mut()
                    .map_err(|error| ConsumeError::Aggregate(error.clone()))?;
                if let Some(change) = parts.next(self.deduplicator)? {
                    return Ok(Some(change));
                }
            }
            self.record = self.records.next().map(OpenRecord::open);
            if self.record.is_none() {
                return Ok(None);
            }
        }
    }

    /// Passes over the bytes at which [`next`](Self::next) has failed: a record, or a part of an aggregated record.
    /// Their change is not delivered. Without a failure it does nothing.
    pub fn skip(&mut self) {
        match &mut self.record {
            Some(OpenRecord {
                parts: Ok(parts), ..
            }) => parts.skip(),
            broken => *broken = None,
        }
    }

    /// The answer for Lambda. It names the first record that is not delivered whole, so that Lambda hands out this
    /// record and the records behind it again. After `next` has given `None` it names no record.
    #[must_use]
    pub fn response(&self) -> KinesisEventResponse {
        let mut response = KinesisEventResponse::default();
        let open = self.record.as_ref().map(|record| record.sequence_number);
        let next = self.records.as_slice().first();
        if let Some(undelivered) =
            open.or_else(|| next.map(|record| record.kinesis.sequence_number.as_str()))
        {
            response.add_failure(undelivered);
        }
        response
    }
}

impl<S> fmt::Debug for BatchChanges<'_, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BatchChanges")
            .field("records_left", &self.records.len())
            .finish_non_exhaustive()
    }
}
