use serde_json::{Value, json};

/// A change of a table in schema `sales`, as the relay writes it.
pub(crate) struct Record(Value);

impl Record {
    pub(crate) fn created(table: &str, id: i64, seq: u64) -> Self {
        Self(json!({
            "before": null, "after": {"id": id, "name": format!("name {seq}")},
            "source": {
                "version": "0.1.0", "connector": "aurora-trigger", "name": "shop", "ts_ms": 1, "ts_us": 1000,
                "snapshot": "false", "db": "shop", "schema": "sales", "table": table, "txId": 7,
                "sequence": format!("[\"1\",\"{seq}\"]"),
            },
            "op": "c", "ts_ms": 5, "key": {"id": id}, "id": format!("5d1c-{seq}"), "fingerprint": "9f3a6c1e",
        }))
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

    pub(crate) fn data(&self) -> Vec<u8> {
        self.0.to_string().into_bytes()
    }
}
