INSERT INTO aurora_trigger.outbox (
{{ pad }}    lane, position, tx_id, ts_us, schema_name, table_name, fingerprint, capture, op,
{{ pad }}    at_commit
{{ pad }})
{{ pad }}VALUES (
{{ pad }}    -1, nextval('aurora_trigger.event_seq'), txid_current(), captured_us,
{{ pad }}    {{ schema }}, {{ table }}, {{ fingerprint }}, capture, 't', {{ at_commit }}
{{ pad }});
{%- if at_commit %}
{{ pad }}keeps := true;
{%- endif %}
