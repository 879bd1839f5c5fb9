captured_us bigint := (extract(epoch FROM clock_timestamp()) * 1000000)::bigint;
    capture text := to_hex(captured_us) || to_hex((random() * 281474976710655)::bigint);
    event json;
    event_size integer;
    events json[];
    chunk_size integer := 0;
{%- if warns %}
    failed_calls integer := 0;
    error_hint text;
{%- else %}
    sent boolean;
{%- endif %}
{%- if keeps_dead_letters %}
    kept boolean;
{%- endif %}
