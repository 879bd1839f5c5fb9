-- Change data capture of {{ table_count }}, made by aurora-trigger {{ version }} from the structs below.
-- Change the structs, not this file. It can be run again at any time.
--
-- Run it with psql -v ON_ERROR_STOP=1 -f, without --single-transaction: each statement is then a
-- transaction of its own. It holds no transaction control, so a migration tool may run its parts
-- one by one, each in a transaction, or all of it in one.
--
-- Locks. Part 1 takes only ACCESS SHARE on tables of the application, which stops nobody. Each
-- other part locks its table (the last one tables on which earlier installations left triggers),
-- and only if a trigger is to be changed: SHARE ROW EXCLUSIVE, which stops writes, or, where one
-- is dropped or the server is older than PostgreSQL 14, ACCESS EXCLUSIVE, which stops reads, too.
-- Either is held for the milliseconds of a CREATE TRIGGER. A wait for it holds up the table's
-- writers, too, so it ends after {{ super::locks::WAIT }} ms, or after lock_timeout or a quarter of
-- deadlock_timeout where that is less. It is tried {{ super::locks::TRIES }} times within some seconds, then the part
-- fails, and its triggers are as before. In one transaction all these locks are taken together
-- after part 1, or none is, and they are held until its end.
{%- if let Some(guard) = encoding_guard %}

{{ guard }}
{%- endif %}

-- Part 1 of {{ triggers.len() + 2 }}: what all tables share, and the functions of each.

{{ shared }}
{{ checks }}

{% let step = "$step$" %}{% include "step_begin.sql" %}
{% include "gaps.sql" %}

{% include "leftovers.sql" %}

{% include "stop_capture.sql" %}
{% include "step_end.sql" %}

{% include "settings.sql" %}

-- Every table must fit its struct before anything is captured.
DO {{ check_tables }};
{% for table in tables %}
{{ table }}
{% endfor -%}
{% include "rights.sql" %}
{%- if configuration.is_none() %}

DO $body$
BEGIN
    IF NOT EXISTS (
        SELECT FROM aurora_trigger.settings AS s WHERE s.function_name IS NOT NULL
    ) THEN
        RAISE WARNING 'aurora_trigger: nothing is captured until you name the relay'
            USING HINT = 'SELECT aurora_trigger.configure(''<its ARN>'');';
    END IF;
END
$body$;
{%- endif %}
{%- for (table_remark, body) in triggers %}

-- Part {{ loop.index + 1 }} of {{ triggers.len() + 2 }}: the triggers of {{ table_remark }}.
-- No lock is taken where they are already right.
{%- if loop.first && triggers.len() > 1 %}

-- In one transaction, here are the locks on all tables. Where part 1 had its own, nothing is done.
DO {{ lock_tables }};
{%- endif %}

DO {{ body }};
{%- endfor %}

-- Part {{ triggers.len() + 2 }} of {{ triggers.len() + 2 }}: what earlier installations left on other tables, and what is captured
-- without a struct. A lock is taken only where a trigger is dropped. Of each table it says
-- whether it is captured: an INFO, or a NOTICE of what is wrong.
DO {{ leftovers }};
