//! For a person at a terminal.

use std::fmt;
use std::fmt::Write;

use aurora_trigger_gen::wire::{Operation, Record};
use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

use super::happening::Happening;
use super::output::Started;
use super::summary::{self, Latencies, OPERATIONS, Summary};
use crate::local::StoredRecord;

/// Whether the terminal shows colours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Colours {
    On,
    Off,
}

impl Colours {
    /// The text in a colour, by the number that terminals have for it.
    fn paint(self, colour: u8, text: &str) -> String {
        match self {
            Self::On => format!("\u{1b}[{colour}m{text}\u{1b}[0m"),
            Self::Off => text.to_owned(),
        }
    }
}

const RED: u8 = 31;
const GREEN: u8 = 32;
const YELLOW: u8 = 33;
const GREY: u8 = 90;

pub(super) fn started(started: &Started) -> String {
    let Started {
        version,
        address,
        kinesis_url,
        stream,
        refused_stream,
        shards,
        ..
    } = started;
    let shards = match shards {
        1 => "1 shard".to_owned(),
        number => format!("{number} shards"),
    };
    let write = started.database_url.as_ref().map_or_else(
        || format!("into the database {address}"),
        |url| format!("psql {url}"),
    );
    format!(
        "PostgreSQL {version} at {address}\n\
         tables    {}\n\
         write     {write}\n\
         stream    {stream}, {shards}; what is refused of an asynchronous call is in {refused_stream}\n\
         by AWS    aws --endpoint-url {kinesis_url} kinesis describe-stream --stream-name {stream}\n\
         \u{20}         with any region and keys: AWS_REGION=us-east-1 AWS_ACCESS_KEY_ID=x AWS_SECRET_ACCESS_KEY=x\n\
         end       Ctrl-C\n\n",
        started.tables.join(", "),
    )
}

pub(super) fn happening(happening: &Happening, colours: Colours) -> String {
    let mut text = match happening {
        Happening::Record(stored) => record(stored, colours),
        Happening::Refused(_) => String::new(),
        Happening::Call(call) => call.failure.as_ref().map_or_else(String::new, |error| {
            let failed = colours.paint(RED, "a call failed");
            format!("{failed}: {error}\n")
        }),
    };
    for refusal in happening.refusals() {
        let seq = refusal.seq.map(|seq| seq.to_string()).unwrap_or_default();
        let refused = colours.paint(RED, "refused ");
        let reason = refusal.reason_of_table();
        text.push_str(&format!("{seq:>8}  {refused}  {reason}\n"));
    }
    text
}

fn record(stored: &StoredRecord, colours: Colours) -> String {
    let Ok(record) = Record::parse(&stored.data) else {
        return format!(
            "          a record that is no change, of {} bytes\n",
            stored.data.len()
        );
    };
    let colour = match record.operation {
        Operation::Create | Operation::Read => GREEN,
        Operation::Update => YELLOW,
        Operation::Delete | Operation::Truncate => RED,
    };
    let operation = colours.paint(colour, &format!("{:8}", summary::name(record.operation)));
    let key = record.key.map(columns).unwrap_or_default();
    let key: Vec<String> = key
        .iter()
        .map(|(name, value)| format!("{name}={}", value.get()))
        .collect();
    let place = colours.paint(GREY, &format!("shard {}", stored.shard));
    let mut text = format!(
        "{:>8}  {operation}  {}.{}  {}  {place}\n",
        record.source.sequence.seq,
        record.source.schema,
        record.source.table,
        key.join(", "),
    );
    if record.oversized {
        text.push_str("          too big to be sent whole: this is its key\n");
    }
    let before = record.before.map(columns).unwrap_or_default();
    let after = record.after.map(columns).unwrap_or_default();
    let width = after
        .iter()
        .map(|(name, _)| name.chars().count())
        .max()
        .unwrap_or_default()
        .min(24);
    for (name, new) in &after {
        let old = before
            .iter()
            .find(|(other, _)| other == name)
            .map(|(_, old)| old.get());
        let new = new.get();
        let line = match old {
            Some(old) if old == new => continue,
            Some(old) => format!("{old} → {new}"),
            None => new.to_owned(),
        };
        // A String takes everything.
        writeln!(
            text,
            "          {}  {line}",
            colours.paint(GREY, &format!("{name:width$}"))
        )
        .ok();
    }
    text
}

/// The columns of an image in their order, each with its value as PostgreSQL wrote it.
fn columns(image: &RawValue) -> Vec<(String, &RawValue)> {
    struct Columns<'a>(Vec<(String, &'a RawValue)>);

    impl<'de> Deserialize<'de> for Columns<'de> {
        fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
            struct InOrder;

            impl<'de> Visitor<'de> for InOrder {
                type Value = Columns<'de>;

                fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                    f.write_str("a row")
                }

                fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                    let mut columns = Vec::new();
                    while let Some(column) = map.next_entry()? {
                        columns.push(column);
                    }
                    Ok(Columns(columns))
                }
            }

            deserializer.deserialize_map(InOrder)
        }
    }

    serde_json::from_str::<Columns<'_>>(image.get())
        .map(|columns| columns.0)
        .unwrap_or_default()
}

pub(super) fn summary(summary: &Summary) -> String {
    let mut text = format!(
        "\nchanges {}, records {}, refused {}, calls {}{}, seconds {:.0}\n",
        summary.changes(),
        summary.records,
        summary.refusals(),
        summary.calls,
        match summary.failed {
            0 => String::new(),
            failed => format!(" ({failed} failed)"),
        },
        summary.duration().as_secs_f64(),
    );
    if !summary.tables.is_empty() {
        let width = summary
            .tables
            .keys()
            .map(|name| name.chars().count())
            .max()
            .unwrap_or_default();
        text.push_str(&format!("\n  {:width$}", ""));
        for operation in OPERATIONS {
            text.push_str(&format!("{operation:>10}"));
        }
        for (table, counts) in &summary.tables {
            text.push_str(&format!("\n  {table:width$}"));
            for operation in OPERATIONS {
                let count = counts.get(operation).copied().unwrap_or_default();
                text.push_str(&format!("{count:>10}"));
            }
        }
        text.push('\n');
    }
    for (reason, count) in &summary.refused {
        text.push_str(&format!("\n  refused {count} × {reason}\n"));
    }
    let latencies = [
        ("put to Kinesis", &summary.put),
        ("write to record", &summary.write_to_record),
    ];
    text.push('\n');
    for (what, latencies) in latencies {
        text.push_str(&latency(what, latencies));
    }
    text
}

fn latency(what: &str, latencies: &Latencies) -> String {
    let Some((p50, p99)) = latencies.p50_and_p99() else {
        return String::new();
    };
    let [p50, p99] = [p50, p99].map(|time| time.as_secs_f64() * 1000.0);
    format!("  {what:16} p50 {p50:8.1} ms   p99 {p99:8.1} ms\n")
}

#[cfg(test)]
mod tests {
    use std::time::SystemTime;

    use super::*;

    #[test]
    fn an_update_shows_what_changed_and_nothing_else() {
        let data = br#"{"before":{"id":7,"status":"placed","note":null},
            "after":{"id":7,"status":"paid","note":null},
            "source":{"version":"0.1.0","connector":"aurora-trigger","name":"shop","ts_ms":1,"ts_us":1000,
                "snapshot":"false","db":"shop","schema":"sales","table":"orders","txId":1,
                "sequence":"[\"1\",\"42\"]"},
            "op":"u","ts_ms":1,"key":{"id":7},"id":"x-42","fingerprint":"f"}"#;
        let stored = StoredRecord {
            shard: 1,
            sequence_number: "1".to_owned(),
            partition_key: "7".to_owned(),
            data: data.to_vec(),
            arrival: SystemTime::UNIX_EPOCH,
        };
        assert_eq!(
            record(&stored, Colours::Off),
            "      42  update    sales.orders  id=7  shard 1\n          status  \"placed\" → \"paid\"\n"
        );
        assert!(record(&stored, Colours::On).contains("\u{1b}[33mupdate  \u{1b}[0m"));
    }
}
