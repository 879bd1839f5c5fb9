use serde_json::value::RawValue;
use serde_json::{Value, json};

/// A change of a table in schema `sales`, as the relay writes it.
pub(crate) struct Record(Value, Option<Box<RawValue>>);

impl Record {
    pub(crate) fn created(table: &str, id: i64, seq: u64) -> Self {
        Self(
            json!({
                "before": null, "after": {"id": id, "name": format!("name {seq}")},
                "source": {
                    "version": "0.1.0", "connector": "aurora-trigger", "name": "shop", "ts_ms": 1, "ts_us": 1000,
                    "snapshot": "false", "db": "shop", "schema": "sales", "table": table, "txId": 7,
                    "sequence": format!("[\"1\",\"{seq}\"]"),
                },
                "op": "c", "ts_ms": 5, "key": {"id": id}, "id": format!("5d1c-{seq}"), "fingerprint": "9f3a6c1e",
            }),
            None,
        )
    }

    pub(crate) fn truncate(table: &str, seq: u64) -> Self {
        Self::created(table, 0, seq)
            .with("/op", "t")
            .with("/after", Value::Null)
            .with("/key", Value::Null)
    }

    pub(crate) fn in_epoch(self, epoch: i64, seq: u64) -> Self {
        self.with("/source/sequence", format!("[\"{epoch}\",\"{seq}\"]"))
    }

    /// The same with another value there.
    pub(crate) fn with(mut self, pointer: &str, value: impl Into<Value>) -> Self {
        *self.0.pointer_mut(pointer).expect("a record has it") = value.into();
        self
    }

    /// The same with a key in this spelling.
    pub(crate) fn with_key(mut self, key: &RawValue) -> Self {
        self.1 = Some(key.to_owned());
        self
    }

    /// The same as a change that was too large.
    pub(crate) fn oversized(mut self) -> Self {
        self.0["oversized"] = json!(true);
        self
    }

    pub(crate) fn data(&self) -> Vec<u8> {
        let text = self.0.to_string();
        match &self.1 {
            // A `Value` would spell the key in a way of its own.
            Some(key) => text.replace(r#""key":{"id":0}"#, &format!(r#""key":{key}"#)),
            None => text,
        }
        .into_bytes()
    }
}
