captured_us bigint := (extract(epoch FROM clock_timestamp()) * 1000000)::bigint;
    capture text := to_hex(captured_us) || to_hex((random() * 281474976710655)::bigint);
{%- if way.calls() %}
    event json;
    event_size integer;
    events json[];
    chunk_size integer := 0;
{%- if way.counts_failures() %}
    failed_calls integer := 0;
{%- else %}
    sent boolean;
{%- endif %}
{%- if way.warns() %}
    error_hint text;
{%- endif %}
{%- if keeps_dead_letters %}
    kept boolean;
{%- endif %}
{%- else %}
    kept_operations "char"[];
    kept_keys text[];
    kept_before json[];
    kept_after json[];
    kept_bytes bigint := 0::bigint;
{%- if way.sends_at_commit() %}
    kept_places text;
{%- endif %}
{%- endif %}
