use std::borrow::Cow;

use aws_sdk_kinesis::Client;
use aws_sdk_kinesis::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_kinesis::primitives::Blob;
use aws_sdk_kinesis::types::{PutRecordsRequestEntry, PutRecordsResultEntry};

use crate::causes::with_causes;
use crate::configuration::StreamName;

/// A stream to be written to.
#[derive(Debug, Clone)]
pub(crate) struct KinesisStream {
    client: Client,
    name: StreamName,
}

/// One entry of a request.
#[derive(Debug)]
pub(crate) struct Entry {
    pub(crate) partition_key: String,
    /// Where it goes in place of where its partition key would lead.
    pub(crate) hash_key: Option<String>,
    pub(crate) data: Vec<u8>,
}

/// What became of the entries of a request.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) acknowledged: Vec<bool>,
    /// Why one was not.
    pub(crate) error: Option<String>,
}

/// A request that failed as a whole.
#[derive(Debug)]
pub(crate) struct PutError {
    pub(crate) text: String,
    /// Whether a later try can help. If so, what became of the records is not known.
    pub(crate) retry: bool,
}

impl KinesisStream {
    pub(crate) fn new(client: Client, name: StreamName) -> Self {
        Self { client, name }
    }

    pub(crate) fn name(&self) -> &StreamName {
        &self.name
    }

    /// One `PutRecords`.
    pub(crate) async fn put(&self, entries: Vec<Entry>) -> Result<Answer, PutError> {
        let wanted = entries.len();
        let mut request = self
            .client
            .put_records()
            .set_stream_name(self.name.name())
            .set_stream_arn(self.name.arn());
        for entry in entries {
            let entry = PutRecordsRequestEntry::builder()
                .partition_key(entry.partition_key)
                .set_explicit_hash_key(entry.hash_key)
                .data(Blob::new(entry.data))
                .build()
                .map_err(|error| PutError {
                    text: error.to_string(),
                    retry: false,
                })?;
            request = request.records(entry);
        }
        let output = request.send().await.map_err(|error| put_error(&error))?;
        let results = output.records();
        if results.len() != wanted {
            return Err(PutError {
                text: format!("{} results for {wanted} records", results.len()),
                retry: true,
            });
        }
        Ok(Answer {
            acknowledged: results.iter().map(is_acknowledged).collect(),
            error: results.iter().find_map(|result| {
                let code = result.error_code()?;
                Some(format!(
                    "{code}: {}",
                    result.error_message().unwrap_or("no message")
                ))
            }),
        })
    }

    /// For each shard that takes records a hash key that leads to it.
    pub(crate) async fn shard_hash_keys(&self) -> Result<Vec<String>, PutError> {
        let mut keys = Vec::new();
        let mut page = None;
        loop {
            let request = self.client.list_shards();
            // A page's token stands for the stream too.
            let request = match page {
                Some(token) => request.next_token(token),
                None => request
                    .set_stream_name(self.name.name())
                    .set_stream_arn(self.name.arn()),
            };
            let output = request.send().await.map_err(|error| put_error(&error))?;
            for shard in output.shards() {
                let is_open = shard
                    .sequence_number_range()
                    .is_none_or(|range| range.ending_sequence_number().is_none());
                if let Some(range) = shard.hash_key_range().filter(|_| is_open) {
                    keys.push(range.starting_hash_key().to_owned());
                }
            }
            match output.next_token {
                Some(token) => page = Some(token),
                None => return Ok(keys),
            }
        }
    }
}

fn is_acknowledged(result: &PutRecordsResultEntry) -> bool {
    result.error_code().is_none() && result.sequence_number().is_some()
}

fn put_error<E, R>(error: &SdkError<E, R>) -> PutError
where
    E: ProvideErrorMetadata,
    SdkError<E, R>: std::error::Error,
{
    let retry = match error {
        SdkError::ConstructionFailure(_) => false,
        SdkError::ServiceError(service) => {
            let code = service.err().code().unwrap_or_default();
            // Else the service says what is wrong with the request, and will say it again.
            code.is_empty()
                || code.contains("Throttl")
                || code.contains("Exceeded")
                || code.contains("Internal")
                || code.contains("Unavailable")
                || code.contains("Timeout")
        }
        _ => true,
    };
    let text = match (error.code(), error.message()) {
        (Some(code), Some(message)) => format!("{code}: {}", without_value(message)),
        (Some(code), None) => code.to_owned(),
        _ => with_causes(error),
    };
    PutError { text, retry }
}

/// A message of the service without the values that it quotes from the request, `Value '42' at 'partitionKey'`: a
/// partition key is a value of a row.
fn without_value(message: &str) -> Cow<'_, str> {
    const VALUE: &str = "Value ";
    const AT: &str = "' at '";
    // A value can hold the same words, so whatever is between the first and the last is left out.
    let start = message.find("Value '").map(|start| start + VALUE.len());
    let end = message.rfind(AT).map(|end| end + 2);
    match (start, end) {
        (Some(start), Some(end)) if start < end => {
            Cow::Owned(format!("{}{}", &message[..start], &message[end..]))
        }
        // It begins to quote, in a way that is not known.
        (Some(start), _) => Cow::Borrowed(&message[..start]),
        (None, _) => Cow::Borrowed(message),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_passed_on_without_the_values_that_it_quotes() {
        let constraint = "at 'partitionKey' failed to satisfy constraint";
        for value in ["42", "' at 'x", "Value 'x", "a'b"] {
            let message = format!("1 validation error detected: Value '{value}' {constraint}");
            assert_eq!(
                without_value(&message),
                format!("1 validation error detected: Value {constraint}")
            );
        }
        assert_eq!(
            without_value(&format!("Value '1' {constraint}; Value '2' {constraint}")),
            format!("Value {constraint}")
        );
        assert_eq!(without_value("Value '42' is wrong"), "Value ");
        let plain = "Value at 'records.1.member.data' failed";
        assert_eq!(without_value(plain), plain);
    }
}
