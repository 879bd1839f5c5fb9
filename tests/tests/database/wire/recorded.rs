//! The recordings of every version, read by the code of this one.
//!
//! In `recorded` a folder for each version, in it one for each story: the payloads as PostgreSQL wrote them, what the relay
//! answered, the records that it made of them, one by one and aggregated, and what went to the reject stream.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use aurora_trigger_gen::wire::{Invocation, Payload, Record, split};
use aurora_trigger_gen::{Change, ChangeStream, Source};
use relay_lambda::{Relayed, relay};
use serde_json::Value;
use serde_json::value::RawValue;

use crate::wire::stories::{self, Event, Story};
use crate::wire::table::Wire;

pub(crate) fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/database/wire/recorded")
}

/// Patches share the recordings of their version.
pub(crate) fn this_version() -> &'static str {
    let version = env!("CARGO_PKG_VERSION");
    version
        .rsplit_once('.')
        .map_or(version, |(version, _)| version)
}

/// What one version recorded of one story.
#[derive(Debug)]
struct Recording {
    /// Version and story, for messages.
    name: String,
    story: Story,
    files: BTreeMap<String, Vec<u8>>,
}

impl Recording {
    /// The files of this kind, in their order.
    fn files(&self, kind: &str) -> Vec<&[u8]> {
        (1..)
            .map_while(|number| {
                let mut names = self.files.iter();
                names.find(|(name, _)| {
                    let stem = name.split_once('.').map_or("", |(stem, _)| stem);
                    stem == format!("{kind}-{number}")
                })
            })
            .map(|(_, data)| data.as_slice())
            .collect()
    }

    /// What a consumer reads of these records.
    fn events(&self, records: &[&[u8]]) -> Vec<Event> {
        records
            .iter()
            .map(|record| {
                let change = Wire::decode(record);
                change
                    .unwrap_or_else(|error| panic!("{}: {error}", self.name))
                    .into()
            })
            .collect()
    }
}

fn entries(folder: &Path) -> Vec<(String, PathBuf)> {
    let entries = fs::read_dir(folder).unwrap_or_else(|error| panic!("{folder:?}: {error}"));
    entries
        .map(|entry| {
            let entry = entry.expect("the folder can be read");
            let name = entry
                .file_name()
                .into_string()
                .expect("it has a plain name");
            (name, entry.path())
        })
        .collect()
}

fn recordings() -> Vec<Recording> {
    let mut recordings = Vec::new();
    for (version, folder) in entries(&folder()) {
        for (name, folder) in entries(&folder) {
            let story = stories::all().into_iter().find(|story| story.name == name);
            let files = entries(&folder).into_iter();
            recordings.push(Recording {
                story: story.unwrap_or_else(|| panic!("{version}/{name} is of no story")),
                name: format!("{version}/{name}"),
                files: files
                    .map(|(name, path)| (name, fs::read(path).expect("the file can be read")))
                    .collect(),
            });
        }
    }
    recordings
}

fn json(text: &[u8]) -> Value {
    serde_json::from_slice(text).expect("it is JSON")
}

/// Whether all that is in `recorded` is in `today`, which may have more.
fn includes(today: &Value, recorded: &Value) -> bool {
    match (today, recorded) {
        (Value::Object(today), Value::Object(recorded)) => recorded
            .iter()
            .all(|(name, value)| today.get(name).is_some_and(|today| includes(today, value))),
        _ => today == recorded,
    }
}

#[test]
fn every_story_is_recorded_of_this_version() {
    let folder = folder().join(this_version());
    let recorded: Vec<String> = entries(&folder).into_iter().map(|(name, _)| name).collect();
    for story in stories::all() {
        assert!(
            recorded.iter().any(|name| name == story.name),
            "{} is not recorded: cargo test -p pipeline-tests --test database record_this_version -- --ignored",
            story.name
        );
    }
}

#[test]
fn records_of_every_version_say_what_happened() {
    for recording in recordings() {
        let records = recording.files("record");
        assert_eq!(
            recording.events(&records),
            recording.story.events,
            "{}",
            recording.name
        );
        for record in records {
            let change = Wire::decode(record).expect("it has just been read");
            let (Wire::Everything(Change { source, .. })
            | Wire::Note(Change { source, .. })
            | Wire::Reading(Change { source, .. })
            | Wire::Booking(Change { source, .. })) = change;
            assert_source(&source, &json(record));
        }
    }
}

/// By the names of the format, and not by those of the types that read it.
fn assert_source(source: &Source, record: &Value) {
    let wire = &record["source"];
    let sequence = format!(
        "[\"{}\",\"{}\"]",
        source.sequence.epoch, source.sequence.seq
    );
    assert_eq!(wire["db"], source.db);
    assert_eq!(wire["schema"], source.schema);
    assert_eq!(wire["table"], source.table);
    assert_eq!(wire["sequence"], sequence);
    assert_eq!(wire["txId"], source.tx_id);
    assert_eq!(wire["ts_us"], source.ts_us);
    assert_eq!(record["id"], source.id);
    assert_eq!(record["fingerprint"], source.fingerprint);
}

#[test]
fn aggregated_records_of_every_version_are_those_records() {
    let mut aggregates = 0;
    for recording in recordings() {
        let records = recording.files("record");
        let find = |id: &str| {
            let found = records.iter().find(|record| json(record)["id"] == id);
            *found.unwrap_or_else(|| panic!("{}: there is a record {id}", recording.name))
        };
        for aggregate in recording.files("aggregate") {
            let parts = split(aggregate).expect("it is an aggregate");
            assert!(parts.len() > 1, "{}", recording.name);
            for part in &parts {
                let id = json(part)["id"].as_str().map(str::to_owned);
                let plain = find(&id.expect("a record has an id"));
                assert_eq!(recording.events(&[part]), recording.events(&[plain]));
            }
            aggregates += 1;
        }
    }
    assert!(aggregates > 0, "there are recorded ones");
}

/// The relay of today, given what the database of any version sent.
#[test]
fn payloads_of_every_version_become_the_records_that_they_became() {
    for recording in recordings() {
        let mut records: BTreeMap<String, &[u8]> = recording
            .files("record")
            .into_iter()
            .map(|record| (json(record)["id"].to_string(), record))
            .collect();
        for payload in recording.files("payload") {
            for today in relayed(payload).records {
                let id = json(&today.data)["id"].to_string();
                let recorded = records.remove(&id);
                let recorded =
                    recorded.unwrap_or_else(|| panic!("{}: no {id} before", recording.name));
                assert_same_record(&today.data, recorded, &recording.name);
            }
        }
        let missing: Vec<&String> = records.keys().collect();
        assert!(missing.is_empty(), "{}: {missing:?}", recording.name);
    }
}

fn relayed(payload: &[u8]) -> Relayed {
    relay::<Wire>(payload, 0).expect("it is a payload")
}

/// But for the version of the relay and its time.
fn assert_same_record(today: &[u8], recorded: &[u8], recording: &str) {
    let raw = |text: Option<&RawValue>| text.map(|text| text.get().to_owned());
    let images = |record: &[u8]| {
        let record = Record::parse(record).expect("it is a record");
        [record.before, record.after, record.key].map(raw)
    };
    assert_eq!(images(today), images(recorded), "{recording}");
    let fixed = |record: &[u8]| {
        let mut record = json(record);
        record["source"]["version"].take();
        record["ts_ms"].take();
        record
    };
    let (today, recorded) = (fixed(today), fixed(recorded));
    assert!(
        includes(&today, &recorded),
        "{recording}: {today} has not all of {recorded}"
    );
}

/// The database of any version reads what today's relay answers.
#[test]
fn payloads_of_every_version_are_answered_as_they_were() {
    for recording in recordings() {
        let payloads = recording.files("payload");
        let answers = recording.files("answer");
        assert_eq!(payloads.len(), answers.len(), "{}", recording.name);
        let mut refused = 0;
        for (payload, answer) in payloads.into_iter().zip(answers) {
            let relayed = relayed(payload);
            let (today, recorded) = (json(relayed.answer().as_bytes()), json(answer));
            assert!(
                includes(&today, &recorded),
                "{}: {today}, and it was {recorded}",
                recording.name
            );
            refused += relayed.refused.len();
        }
        assert_eq!(refused, recording.story.refused, "{}", recording.name);
    }
}

/// Deployed consumers compare them.
#[test]
fn fingerprints_of_every_version_are_those_of_the_same_structs() {
    for recording in recordings() {
        let sent = recording.files("payload").into_iter().flat_map(|payload| {
            let batches = json(payload)["batches"].take();
            let batches = batches.as_array().expect("there are batches").clone();
            batches.into_iter().map(|batch| batch["source"].clone())
        });
        let written = recording.files("record").into_iter();
        for source in sent.chain(written.map(|record| {
            let record = json(record);
            let mut source = record["source"].clone();
            source["fingerprint"] = record["fingerprint"].clone();
            source
        })) {
            let table = Wire::TABLES
                .iter()
                .find(|table| source["table"] == table.table())
                .expect("it is one of the tables");
            assert_eq!(
                source["fingerprint"],
                table.fingerprint(),
                "{}",
                recording.name
            );
        }
    }
}

/// Once its reason is gone, whoever has the reject stream sends it again.
#[test]
fn rejects_of_every_version_can_be_sent_again() {
    let mut rejects = 0;
    for recording in recordings() {
        let recorded = recording.files("reject");
        assert_eq!(
            recorded.len(),
            recording.story.refused,
            "{}",
            recording.name
        );
        for reject in recorded.into_iter().map(json) {
            assert!(reject["reason"].is_string(), "{reject}");
            let payload = serde_json::json!({
                "aurora_trigger": 1,
                "invocation": "RequestResponse",
                "batches": [{"source": reject["source"], "events": [reject["event"]]}],
            })
            .to_string();
            let payload = Payload::parse(payload.as_bytes()).expect("it is a payload");
            assert_eq!(payload.invocation, Invocation::RequestResponse);
            assert_eq!(reject["seq"], payload.batches[0].events[0].seq);
            rejects += 1;
        }
    }
    assert!(rejects > 0, "there are recorded ones");
}
