use std::fmt;

use super::deduplicator::Deduplicator;
use super::error::ConsumeError;
use super::subject::Subject;
use crate::error::DecodeError;
use crate::stream::{self, ChangeStream};
use crate::wire::{AggregateError, Sequence, split};

/// The new changes of one record, one after the other: see [`Deduplicator::changes`].
///
/// A change counts as delivered when the next one is asked for. If `Changes` is dropped before, because of an error or
/// because a task was cancelled, the last change is delivered again when the record is processed again.
pub struct Changes<'a, S> {
    deduplicator: &'a mut Deduplicator<S>,
    parts: Parts<'a>,
}

impl<'a, S: ChangeStream> Changes<'a, S> {
    pub(super) fn new(
        deduplicator: &'a mut Deduplicator<S>,
        record: &'a [u8],
    ) -> Result<Self, ConsumeError> {
        let parts = Parts::of(record).map_err(ConsumeError::Aggregate)?;
        Ok(Self {
            deduplicator,
            parts,
        })
    }

    /// The next change that is new, or `None` at the end of the record. The change before it counts as delivered.
    ///
    /// # Errors
    ///
    /// Bytes that can't be decoded, with table and event. The changes before them count as delivered. The same error
    /// comes again until [`skip`](Self::skip) passes over these bytes, or the record is processed by a consumer that
    /// can decode them.
    #[expect(
        clippy::should_implement_trait,
        reason = "an iterator would give the error inside of the option, and `?` is the point"
    )]
    pub fn next(&mut self) -> Result<Option<S>, ConsumeError> {
        self.parts.next(self.deduplicator)
    }

    /// Passes over the bytes at which [`next`](Self::next) has failed. Their change is not delivered. Without a failure
    /// it does nothing.
    pub fn skip(&mut self) {
        self.parts.skip();
    }
}

impl<S> fmt::Debug for Changes<'_, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Changes")
            .field("left", &self.parts.left.len())
            .finish_non_exhaustive()
    }
}

/// The parts of a record that are not delivered yet.
pub(super) struct Parts<'a> {
    /// In reverse order.
    left: Vec<&'a [u8]>,
    /// The change that was handed out last.
    handed_out: Option<(Subject, Sequence)>,
    has_failed: bool,
}

impl<'a> Parts<'a> {
    pub(super) fn of(record: &'a [u8]) -> Result<Self, AggregateError> {
        let mut left = split(record)?;
        left.reverse();
        Ok(Self {
            left,
            handed_out: None,
            has_failed: false,
        })
    }

    pub(super) fn next<S: ChangeStream>(
        &mut self,
        deduplicator: &mut Deduplicator<S>,
    ) -> Result<Option<S>, ConsumeError> {
        if let Some((subject, sequence)) = self.handed_out.take() {
            deduplicator.remember(subject, sequence);
        }
        while let Some(part) = self.left.last() {
            self.has_failed = true;
            let change = next_of(part, deduplicator).map_err(ConsumeError::Decode)?;
            self.has_failed = false;
            self.left.pop();
            if let Some((change, subject, sequence)) = change {
                self.handed_out = Some((subject, sequence));
                return Ok(Some(change));
            }
        }
        Ok(None)
    }

    pub(super) fn skip(&mut self) {
        if std::mem::take(&mut self.has_failed) {
            self.left.pop();
        }
    }
}

/// The change of a part of a record, unless it is not newer than the last one of its row.
fn next_of<S: ChangeStream>(
    part: &[u8],
    deduplicator: &mut Deduplicator<S>,
) -> Result<Option<(S, Subject, Sequence)>, DecodeError> {
    let record = stream::parse(part)?;
    let subject = Subject::of::<S>(&record);
    let sequence = record.source.sequence;
    if deduplicator.newest(&subject) >= Some(sequence) {
        return Ok(None);
    }
    let change = S::from_record(&record)?;
    Ok(Some((change, subject, sequence)))
}
