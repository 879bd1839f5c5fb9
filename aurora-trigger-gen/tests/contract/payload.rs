use aurora_trigger_gen::wire::{Invocation, Operation, Payload};
use serde_json::value::RawValue;
use serde_json::{Value, json};

fn payload() -> Value {
    json!({
        "aurora_trigger": 1,
        "invocation": "RequestResponse",
        "partial": true,
        "batches": [{
            "source": {
                "db": "shop", "schema": "sales", "table": "orders", "fingerprint": "9f3a6c1e",
                "epoch": -1, "txId": 7451, "ts_us": 1_795_350_000_123_456_i64, "capture": "5d1c",
                "snapshot": true
            },
            "events": [
                {"seq": 1042, "position": null, "op": "u", "before": {"id": 1}, "after": {"id": 2}}
            ]
        }]
    })
}

fn refusal(text: &str) -> String {
    Payload::parse(text.as_bytes())
        .expect_err("this is no payload")
        .to_string()
}

#[test]
fn a_payload_is_read_whole() {
    let text = payload().to_string();
    let payload = Payload::parse(text.as_bytes()).expect("it is one");
    assert_eq!(payload.version, 1);
    assert_eq!(payload.invocation, Invocation::RequestResponse);
    assert_eq!((payload.dry_run, payload.partial), (false, true));
    let source = &payload.batches[0].source;
    assert_eq!(
        (&*source.db, &*source.schema, &*source.table),
        ("shop", "sales", "orders")
    );
    assert_eq!(
        (&*source.fingerprint, &*source.capture),
        ("9f3a6c1e", "5d1c")
    );
    assert_eq!(
        (source.epoch, source.tx_id, source.ts_us),
        (-1, 7451, 1_795_350_000_123_456)
    );
    assert!(source.snapshot);
    let event = &payload.batches[0].events[0];
    assert_eq!((event.seq, event.operation), (1042, Operation::Update));
    assert_eq!(event.before.map(RawValue::get), Some(r#"{"id":1}"#));
    assert_eq!(event.after.map(RawValue::get), Some(r#"{"id":2}"#));
    assert_eq!((event.key.is_none(), event.oversized), (true, false));
    assert_eq!((event.position, event.place()), (None, 1042));
}

#[test]
fn images_stay_the_bytes_that_postgresql_wrote() {
    let image =
        r#"{"a" : 1.10,"b":123456789012345678901234567890, "b":0.1e-400,"c":"\u00e9\/","d":-0}"#;
    let text = payload().to_string().replace(r#"{"id":2}"#, image);
    let payload = Payload::parse(text.as_bytes()).expect("it is one");
    let event = &payload.batches[0].events[0];
    assert_eq!(event.after.map(RawValue::get), Some(image));
}

#[test]
fn names_that_json_escapes_are_read() {
    let mut value = payload();
    value["batches"][0]["source"]["table"] = "a\"b\\c\n\u{1}é".into();
    let text = value.to_string();
    let payload = Payload::parse(text.as_bytes()).expect("it is one");
    assert_eq!(payload.batches[0].source.table, "a\"b\\c\n\u{1}é");
}

#[test]
fn a_newer_database_can_add_fields_anywhere() {
    let mut value = payload();
    let more = json!({"deep": [1, {"x": null}]});
    value["more"] = more.clone();
    value["batches"][0]["more"] = more.clone();
    value["batches"][0]["source"]["more"] = more.clone();
    value["batches"][0]["events"][0]["more"] = more;
    let text = value.to_string();
    let payload = Payload::parse(text.as_bytes()).expect("unknown fields are passed over");
    assert_eq!(payload.batches[0].events[0].seq, 1042);
}

#[test]
fn each_missing_field_is_named() {
    for (place, names) in [
        ("", &["aurora_trigger", "invocation", "batches"][..]),
        ("/batches/0", &["source", "events"]),
        (
            "/batches/0/source",
            &[
                "db",
                "schema",
                "table",
                "fingerprint",
                "epoch",
                "txId",
                "ts_us",
                "capture",
                "snapshot",
            ],
        ),
        ("/batches/0/events/0", &["seq", "op"]),
    ] {
        for name in names {
            let mut value = payload();
            let object = value
                .pointer_mut(place)
                .and_then(Value::as_object_mut)
                .expect("the payload has it");
            object.remove(*name).expect("the payload has it");
            let refusal = refusal(&value.to_string());
            assert!(
                refusal.contains(&format!("missing field `{name}`")),
                "{refusal}"
            );
        }
    }
}

#[test]
fn a_field_that_stands_there_twice_is_refused() {
    for (once, name) in [
        (r#""invocation":"RequestResponse""#, "invocation"),
        (r#""txId":7451"#, "txId"),
        (r#""seq":1042"#, "seq"),
        (r#""before":{"id":1}"#, "before"),
    ] {
        let text = payload().to_string();
        assert!(text.contains(once), "{once} is in the payload");
        let refusal = refusal(&text.replace(once, &format!("{once},{once}")));
        assert!(
            refusal.contains(&format!("duplicate field `{name}`")),
            "{refusal}"
        );
    }
}

#[test]
fn what_is_no_payload_is_refused() {
    for text in [
        "",
        "null",
        "[]",
        "{}",
        "{\"aurora_trigger\":1",
        "\u{feff}{}",
    ] {
        refusal(text);
    }
    Payload::parse(b"\xff").expect_err("this is no UTF-8");
    let text = payload().to_string();
    refusal(&format!("{text} {text}"));
    for (place, wrong) in [
        ("/aurora_trigger", json!("1")),
        ("/aurora_trigger", json!(-1)),
        ("/invocation", json!("DryRun")),
        ("/partial", json!("true")),
        ("/batches", json!({})),
        ("/batches/0/source/txId", json!(-1)),
        ("/batches/0/source/epoch", json!(1.5)),
        ("/batches/0/source/snapshot", json!("true")),
        ("/batches/0/source/db", json!(null)),
        ("/batches/0/events/0/seq", json!("1042")),
        ("/batches/0/events/0/position", json!(-1)),
        ("/batches/0/events/0/op", json!("x")),
        ("/batches/0/events/0/op", json!("C")),
    ] {
        let mut value = payload();
        *value.pointer_mut(place).expect("the payload has it") = wrong;
        refusal(&value.to_string());
    }
}

#[test]
fn an_event_can_lack_its_images() {
    let mut value = payload();
    value["batches"][0]["events"] = json!([
        {"seq": 1, "op": "t"},
        {"seq": 2, "op": "d", "before": {"id": 1}, "after": null},
        {"seq": 3, "op": "u", "key": {"id": 42}, "oversized": true}
    ]);
    let text = value.to_string();
    let payload = Payload::parse(text.as_bytes()).expect("it is one");
    let [truncate, delete, oversized] = payload.batches[0].events.as_slice() else {
        panic!("there are three");
    };
    assert!(truncate.before.is_none() && truncate.after.is_none());
    assert!(delete.before.is_some() && delete.after.is_none());
    assert_eq!(oversized.key.map(RawValue::get), Some(r#"{"id":42}"#));
    assert!(oversized.oversized);
}

#[test]
fn what_was_read_is_written_as_it_was() {
    // In the order of the format, which `json!` does not keep.
    let text = r#"{"aurora_trigger":1,"invocation":"Event","batches":[{"source":{"db":"shop","schema":"sales","table":"orders","fingerprint":"9f3a6c1e","epoch":1,"txId":7451,"ts_us":1795350000123456,"capture":"5d1c","snapshot":false},"events":[{"seq":1042,"op":"c","after":{"id" : 42}},{"seq":1043,"position":1041,"op":"u","key":{"id":42},"oversized":true}]}]}"#;
    let partial = text.replace(
        r#""Event","#,
        r#""RequestResponse","dry_run":true,"partial":true,"#,
    );
    for text in [text, &partial] {
        let payload = Payload::parse(text.as_bytes()).expect("it is one");
        let written = serde_json::to_string(&payload).expect("a payload is JSON");
        assert_eq!(written, text);
    }
}
