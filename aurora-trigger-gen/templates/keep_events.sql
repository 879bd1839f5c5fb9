INSERT INTO aurora_trigger.outbox (
{{ pad }}    lane, tx_id, ts_us, schema_name, table_name, fingerprint, capture, op,
{{ pad }}    before, after, at_commit
{{ pad }})
{{ pad }}SELECT
{{ pad }}    {{ lane }},
{{ pad }}    txid_current(),
{{ pad }}    captured_us,
{{ pad }}    {{ schema }},
{{ pad }}    {{ table }},
{{ pad }}    {{ fingerprint }},
{{ pad }}    capture,
{{ pad }}    kept.operation,
{{ pad }}    kept.before_image,
{{ pad }}    kept.after_image,
{{ pad }}    {{ at_commit }}
{{ pad }}FROM {{ from }}
