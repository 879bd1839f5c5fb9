SELECT
    place,
    1,
    txid_current(),
    captured_us,
    CASE WHEN has_old AND has_new THEN 'u' WHEN has_old THEN 'd' ELSE 'c' END::"char",
    CASE WHEN has_old THEN {{ old.image }} END,
    CASE WHEN has_new THEN {{ new.image }} END
WHERE (has_old OR has_new)
{%- if let Some(trust) = old.trust %}
    AND {{ trust }}
{%- endif %}
{%- if let Some(trust) = new.trust %}
    AND {{ trust }}
{%- endif %}
