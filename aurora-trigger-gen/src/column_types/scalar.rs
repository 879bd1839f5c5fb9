use super::columns;

// Integers also take the narrower columns, since every value of these arrives. Floats do not: a driver reads 0.1 of a
// `float4` as another f64 than the 0.1 in the JSON.
columns! {
    bool => ["bool"], ["true", "false"];
    i16 => ["int2"], ["-32768", "32767"];
    i32 => ["int4", "int2"], ["-2147483648", "2147483647"];
    i64 => ["int8", "int4", "int2"], ["-9223372036854775808", "9223372036854775807"];
    f32 => ["float4"], ["-0", "3.4028235e+38", "1e-45"],
        "`f32` holds no NaN and no infinity; `aurora_trigger_gen::Float4` holds every value";
    f64 => ["float8"], ["-0", "1.7976931348623157e+308", "5e-324"],
        "`f64` holds no NaN and no infinity; `aurora_trigger_gen::Float8` holds every value";
    String => ["text", "varchar", "bpchar", "name"], ["\"\"", "\"\\\"\\\\\\n\\u0001é🙂\""];
    str => ["text", "varchar", "bpchar", "name"], ["\"\"", "\"\\\"\\\\\\n\\u0001é🙂\""];
}
