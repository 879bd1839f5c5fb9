//! Inputs that nobody has thought of: payloads, records and aggregates, damaged in every way that is cheap to do.
//!
//! It runs for a few seconds; `AURORA_TRIGGER_FUZZ_SECONDS=60` makes it a minute. Each round prints nothing; one that
//! fails says its seed, and `AURORA_TRIGGER_FUZZ_SEED=<seed>` begins with that round.
//!
//! # Memory
//!
//! What is held at the most is measured for each input. Of a payload it is at most 8 times the input, twice the output,
//! 512 bytes an event, and 64 KiB. The output counts since a small event takes the whole source of its batch into its
//! record; the events count since a refusal with its reason is larger than the smallest text that is refused, `0`. A record
//! is decoded within 8 times its size and 64 KiB, and [`split`] takes 16 bytes for at least two of its input, doubled
//! while its list grows.

use std::env;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant};

use aurora_trigger_gen::wire::{Payload, Record};
use aurora_trigger_gen::{Change, ChangeStream, StreamTrigger};
use md5::{Digest, Md5};
use peak_alloc::PeakAlloc;
use relay_lambda::{relay, split};
use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

#[global_allocator]
static MEMORY: PeakAlloc = PeakAlloc;

const KIB: usize = 1024;
/// Long inputs are slow and find nothing that shorter ones do not.
const LONGEST: usize = 64 * KIB;

#[derive(Debug, PartialEq, Deserialize, StreamTrigger)]
#[stream(table = "sales.orders", delivery = "async")]
struct Order {
    #[stream(key)]
    id: i64,
    note: Option<String>,
    ratio: Option<f64>,
    tags: Vec<Option<String>>,
    #[stream(json)]
    more: Option<Value>,
}

#[derive(Debug, PartialEq, Deserialize, StreamTrigger)]
#[stream(table = "sales.lines", delivery = "async", oversize = "dead_letter")]
struct Line {
    text: String,
    #[stream(key)]
    #[serde(rename = "li\"ne")]
    line: i32,
    #[stream(key)]
    order: String,
}

#[derive(Debug, ChangeStream)]
#[expect(dead_code, reason = "only decoded here")]
enum Shop {
    Order(Change<Order>),
    Line(Change<Line>),
}

fn payloads() -> Vec<Vec<u8>> {
    let source = |table: &str, fingerprint: &str| {
        format!(
            r#"{{"db":"shop","schema":"sales","table":"{table}","fingerprint":"{fingerprint}","epoch":1,"txId":7,"ts_us":1795350000123456,"capture":"5d1c","snapshot":false}}"#
        )
    };
    let order = r#"{"id":1,"note":"\u00e9 \"x\" \ud83d\ude00","ratio":-1.5e-7,"tags":["a",null],"more":{"a":[1,{"b":null}]}}"#;
    let other = r#"{"id":1,"note":null,"ratio":null,"tags":[],"more":null}"#;
    let line = r#"{"text":"x","li\"ne":1,"order":"a\\b"}"#;
    let of = |call: &str, batches: &[(String, String)]| {
        let batches: Vec<String> = batches
            .iter()
            .map(|(source, events)| format!(r#"{{"source":{source},"events":[{events}]}}"#))
            .collect();
        format!(
            r#"{{"aurora_trigger":1,"invocation":{call},"batches":[{}]}}"#,
            batches.join(",")
        )
        .into_bytes()
    };
    let fingerprint = Order::TABLE.fingerprint();
    vec![
        of(
            r#""Event""#,
            &[(
                source("orders", &fingerprint),
                format!(
                    r#"{{"seq":1,"op":"c","before":null,"after":{order}}},{{"seq":2,"op":"u","before":{order},"after":{other}}},{{"seq":3,"op":"d","before":{other}}},{{"seq":4,"op":"r","after":{order}}}"#
                ),
            )],
        ),
        of(
            r#""RequestResponse","partial":true"#,
            &[
                (
                    source("lines", &Line::TABLE.fingerprint()),
                    format!(r#"{{"seq":5,"op":"c","after":{line}}}"#),
                ),
                (
                    source("orders", "9f3a6c1e"),
                    format!(
                        r#"{{"seq":7,"position":6,"op":"u","before":{other},"after":{order}}},{{"seq":6,"op":"u","before":{order},"after":{other}}},{{"seq":8,"op":"t"}},{{"seq":9,"op":"u","key":{{"id":2}},"oversized":true}}"#
                    ),
                ),
                (
                    source("gone", "9f3a6c1e"),
                    r#"{"seq":10,"op":"t"}"#.to_owned(),
                ),
            ],
        ),
        // The smallest events.
        of(
            r#""Event""#,
            &[(source("orders", &fingerprint), vec!["0"; 2000].join(","))],
        ),
        of(
            r#""Event""#,
            &[(
                source("orders", &fingerprint),
                vec![r#"{"seq":1,"op":"t"}"#; 300].join(","),
            )],
        ),
        br#"{"body":"Hello from Postgres!"}"#.to_vec(),
    ]
}

fn records() -> Vec<Vec<u8>> {
    let relayed = payloads()
        .into_iter()
        .filter_map(|payload| relay::<Shop>(&payload, 1_795_350_000_000).ok());
    let mut records: Vec<Vec<u8>> = relayed
        .flat_map(|relayed| relayed.records)
        .map(|record| record.data)
        .collect();
    records.truncate(9);
    records
}

/// Of the records, in the format of the Kinesis Producer Library.
fn aggregate() -> Vec<u8> {
    let mut message = vec![0x0a, 1, b'k'];
    for record in records() {
        let mut inner = vec![0x08, 0, 0x1a];
        varint(&mut inner, record.len());
        inner.extend(record);
        message.push(0x1a);
        varint(&mut message, inner.len());
        message.extend(inner);
    }
    sealed(&message)
}

fn varint(bytes: &mut Vec<u8>, number: usize) {
    let low = u8::try_from(number & 0x7f).expect("seven bits");
    if number < 0x80 {
        bytes.push(low);
    } else {
        bytes.push(low | 0x80);
        varint(bytes, number >> 7);
    }
}

/// With the mark and the checksum that let it be taken for an aggregate.
fn sealed(message: &[u8]) -> Vec<u8> {
    let mut record = vec![0xf3, 0x89, 0x9a, 0xc2];
    record.extend_from_slice(message);
    record.extend_from_slice(&Md5::digest(message));
    record
}

/// What is put in somewhere.
const PIECES: [&[u8]; 34] = [
    b"null",
    b"true",
    b"0",
    b"-0",
    b"1e999",
    b"-1e-999",
    b"18446744073709551615",
    b"18446744073709551616",
    b"-9223372036854775809",
    b"99999999999999999999999999999999999999",
    b"0.1",
    b"\"\"",
    b"\"\\u0000\"",
    b"\"\\ud800\"",
    b"\"\\udc00\\ud800\"",
    b"\\",
    b"\"",
    b"{",
    b"}",
    b"[",
    b"]",
    b",",
    b":",
    b"{}",
    b"[]",
    b"\xff",
    b"\xc0\xaf",
    b"\xed\xa0\x80",
    b"\xef\xbb\xbf",
    b"\0",
    b"\xf4\x90\x80\x80",
    b"\\u00",
    b" \t\r\n",
    b"\x80\x80\x80\x80\x80\x80\x80\x80\x80\x7f",
];

/// Damages an input once. `other` is one to take parts from.
fn mutate(input: &mut Vec<u8>, other: &[u8], random: &mut fastrand::Rng) {
    let at = random.usize(0..=input.len());
    let end = at + random.usize(0..=(input.len() - at).min(64));
    match random.u8(0..12) {
        0 => {
            for _ in 0..random.usize(1..4) {
                if let Some(byte) = random.choice(input.iter_mut()) {
                    *byte ^= 1 << random.u8(0..8);
                }
            }
        }
        1 => input.truncate(at),
        2 => drop(input.drain(at..end)),
        3 => {
            let piece = random.choice(PIECES).expect("there are some");
            drop(input.splice(at..end, piece.iter().copied()));
        }
        4 => {
            let piece = random.choice(PIECES).expect("there are some");
            drop(input.splice(at..at, piece.iter().copied()));
        }
        // The front of the one, the rest of the other.
        5 => {
            input.truncate(at);
            input.extend_from_slice(&other[random.usize(0..=other.len())..]);
        }
        6 => {
            let twice = input[at..end].to_vec();
            drop(input.splice(at..at, twice));
        }
        7 => number(input, random),
        8 => {
            let depth = random.usize(1..300);
            let open: &[u8] = if random.bool() { b"[" } else { b"{\"a\":" };
            drop(input.splice(at..at, open.repeat(depth)));
        }
        9 => {
            let long = random.choice(["x", "\\n", "\\u0041", "é"]).expect("some");
            let long = long.as_bytes().repeat(random.usize(1..2000));
            drop(input.splice(at..at, long));
        }
        // These keep it JSON.
        _ => members(input, random),
    }
    input.truncate(LONGEST);
}

/// Makes a number of the input another one.
fn number(input: &mut Vec<u8>, random: &mut fastrand::Rng) {
    let digits: Vec<usize> = (0..input.len())
        .filter(|&at| input[at].is_ascii_digit())
        .collect();
    if let Some(at) = random.choice(digits) {
        let long = "9".repeat(random.usize(1..400));
        let numbers = [
            "0",
            "-1",
            "1e308",
            "1E+400",
            "0.0000001",
            "9223372036854775808",
            &long,
        ];
        let number = random.choice(numbers).expect("there are some");
        drop(input.splice(at..=at, number.bytes()));
    }
}

/// Duplicates, removes or exchanges a member of an object or an element of a list.
fn members(input: &mut Vec<u8>, random: &mut fastrand::Rng) {
    let commas: Vec<usize> = (0..input.len()).filter(|&at| input[at] == b',').collect();
    if commas.len() < 2 {
        return;
    }
    let first = random.usize(0..commas.len() - 1);
    let (start, end) = (commas[first], commas[first + 1]);
    let member = input[start..end].to_vec();
    match random.u8(0..3) {
        0 => drop(input.splice(start..start, member)),
        1 => drop(input.drain(start..end)),
        _ => {
            input.drain(start..end);
            let later = input.iter().rposition(|byte| *byte == b',');
            let later = later.unwrap_or(input.len());
            drop(input.splice(later..later, member));
        }
    }
}

/// What is held at the most during `work`, beyond what was held before, and what it gives.
fn peak<T>(work: impl FnOnce() -> T) -> (T, usize) {
    let before = MEMORY.current_usage();
    MEMORY.reset_peak_usage();
    let result = work();
    (result, MEMORY.peak_usage().saturating_sub(before))
}

fn bounded(name: &str, peak: usize, bound: usize) {
    let bound = bound + 64 * KIB;
    assert!(peak <= bound, "{name} took {peak} bytes of at most {bound}");
}

/// How many events a payload has, by another way than the relay's: bytes that are no UTF-8 refuse
/// the event that has them, and not the others.
fn count(payload: &[u8]) -> Option<usize> {
    #[derive(Deserialize)]
    struct Outer<'a> {
        #[serde(borrow)]
        batches: Vec<Batch<'a>>,
    }

    #[derive(Deserialize)]
    struct Batch<'a> {
        #[serde(borrow)]
        events: Vec<&'a RawValue>,
    }

    let text = String::from_utf8_lossy(payload);
    let outer: Outer<'_> = serde_json::from_str(&text).ok()?;
    Some(outer.batches.iter().map(|batch| batch.events.len()).sum())
}

/// Whether the payload could be read.
fn try_payload(input: &[u8]) -> bool {
    let (relayed, taken) = peak(|| relay::<Shop>(input, 5));
    let Ok(relayed) = relayed else {
        bounded("a payload that was not read", taken, 8 * input.len());
        assert!(Payload::parse(input).is_err(), "it can be read");
        return false;
    };
    let records = &relayed.records;
    let events = records.len() + relayed.refused.len();
    assert_eq!(Some(events), count(input), "an event is missing, or new");
    let output: usize = records
        .iter()
        .map(|record| record.data.len() + record.partition_key.len())
        .chain(relayed.refused.iter().map(|refused| refused.reason.len()))
        .sum();
    bounded(
        "a payload",
        taken,
        8 * input.len() + 2 * output + 512 * events,
    );
    serde_json::from_str::<Value>(&relayed.answer()).expect("an answer is JSON");
    for record in records {
        let parsed = Record::parse(&record.data).expect("the relay has written it");
        assert_eq!(
            serde_json::to_vec(&parsed).expect("a record is JSON"),
            record.data,
            "another spelling than serde's"
        );
        Shop::decode(&record.data).expect("what the relay has checked is decoded");
        assert!((1..=256).contains(&record.partition_key.chars().count()));
        assert!(record.data.len() + record.partition_key.len() <= KIB * KIB);
        assert_eq!(split(&record.data).as_deref(), Ok(&[&record.data[..]][..]));
    }
    true
}

fn try_record(input: &[u8]) {
    let (_, taken) = peak(|| Shop::decode(input).is_ok());
    bounded("a record", taken, 8 * input.len());
}

fn try_aggregate(input: &[u8]) {
    let (_, taken) = peak(|| match split(input) {
        Ok(records) => {
            let total: usize = records.iter().map(|record| record.len()).sum();
            assert!(total <= input.len(), "more than there was");
        }
        Err(error) => assert!(error.to_string().starts_with("this is no aggregate")),
    });
    bounded("an aggregate", taken, 16 * input.len());
}

fn round(seed: u64, payloads: &[Vec<u8>], records: &[Vec<u8>], aggregate: &[u8]) -> bool {
    let mut random = fastrand::Rng::with_seed(seed);
    let mutations = random.usize(0..6);
    let damaged = |seeds: &[Vec<u8>], random: &mut fastrand::Rng| {
        let mut input = random.choice(seeds).expect("there are some").clone();
        let other = random.choice(seeds).expect("there are some");
        for _ in 0..mutations {
            mutate(&mut input, other, random);
        }
        input
    };
    let was_read = try_payload(&damaged(payloads, &mut random));
    try_record(&damaged(records, &mut random));
    let mut cut = aggregate.to_vec();
    for _ in 0..mutations {
        mutate(&mut cut, records[0].as_slice(), &mut random);
    }
    try_aggregate(&cut);
    // By its checksum most damage is seen; with a right one it comes further.
    let message = cut.get(4..cut.len().saturating_sub(16));
    try_aggregate(&sealed(message.unwrap_or_default()));
    was_read
}

fn from_env(name: &str) -> Option<u64> {
    let text = env::var(name).ok()?;
    let number = text.parse();
    Some(number.unwrap_or_else(|_| panic!("{name} is `{text}`, which is no number")))
}

/// The only test here, since what others take would be measured too.
#[test]
fn no_input_does_harm() {
    let seconds = from_env("AURORA_TRIGGER_FUZZ_SECONDS").unwrap_or(3);
    let first = from_env("AURORA_TRIGGER_FUZZ_SEED").unwrap_or(1);
    let (payloads, records, aggregate) = (payloads(), records(), aggregate());
    let end = Instant::now() + Duration::from_secs(seconds);
    let mut seed = first;
    let mut read = 0;
    while seed == first || Instant::now() < end {
        let round = AssertUnwindSafe(|| round(seed, &payloads, &records, &aggregate));
        match catch_unwind(round) {
            Ok(was_read) => read += u64::from(was_read),
            Err(_) => panic!("to repeat it, set AURORA_TRIGGER_FUZZ_SEED={seed}"),
        }
        seed += 1;
    }
    let rounds = seed - first;
    println!("{rounds} rounds from seed {first}, {read} payloads were read");
    // Else nothing but the first brace is tried.
    assert!(rounds < 100 || read > rounds / 10, "{read} of {rounds}");
}
