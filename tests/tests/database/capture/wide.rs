//! Tables of many columns: more than a function of PostgreSQL takes arguments.

use aurora_trigger_gen::StreamTrigger;
use aurora_trigger_gen::describe::{Delivery, Level, OnFailure};
use pipeline_tests::{Pipeline, at_both_levels};
use serde::Deserialize;

use crate::capture::{created, deleted, updated};

at_both_levels!(
    sixty_columns_are_sent,
    two_hundred_and_fifty_columns_are_sent
);

/// Declares a table of a key and these columns.
macro_rules! wide {
    ($name:ident = $table:literal: $($column:ident)+) => {
        #[derive(Debug, Clone, PartialEq, Deserialize, StreamTrigger)]
        #[stream(table = $table, delivery = "async", on_failure = "abort")]
        struct $name {
            #[stream(key)]
            id: i32,
            $($column: Option<i32>,)+
        }

        impl $name {
            const COLUMNS: &'static [&'static str] = &[$(stringify!($column)),+];

            /// A row whose columns hold numbers that count up from `first`.
            fn counting(id: i32, first: i32) -> Self {
                let mut numbers = first..;
                Self {
                    id,
                    $($column: numbers.next(),)+
                }
            }
        }
    };
}

wide!(
    Sixty = "public.sixty":
    c00 c01 c02 c03 c04 c05 c06 c07 c08 c09 c10 c11 c12 c13 c14 c15 c16 c17
    c18 c19 c20 c21 c22 c23 c24 c25 c26 c27 c28 c29 c30 c31 c32 c33 c34 c35
    c36 c37 c38 c39 c40 c41 c42 c43 c44 c45 c46 c47 c48 c49 c50 c51 c52 c53
    c54 c55 c56 c57 c58 c59
);

wide!(
    TwoHundredAndFifty = "public.two_hundred_and_fifty":
    c000 c001 c002 c003 c004 c005 c006 c007 c008 c009 c010 c011 c012 c013 c014 c015 c016 c017
    c018 c019 c020 c021 c022 c023 c024 c025 c026 c027 c028 c029 c030 c031 c032 c033 c034 c035
    c036 c037 c038 c039 c040 c041 c042 c043 c044 c045 c046 c047 c048 c049 c050 c051 c052 c053
    c054 c055 c056 c057 c058 c059 c060 c061 c062 c063 c064 c065 c066 c067 c068 c069 c070 c071
    c072 c073 c074 c075 c076 c077 c078 c079 c080 c081 c082 c083 c084 c085 c086 c087 c088 c089
    c090 c091 c092 c093 c094 c095 c096 c097 c098 c099 c100 c101 c102 c103 c104 c105 c106 c107
    c108 c109 c110 c111 c112 c113 c114 c115 c116 c117 c118 c119 c120 c121 c122 c123 c124 c125
    c126 c127 c128 c129 c130 c131 c132 c133 c134 c135 c136 c137 c138 c139 c140 c141 c142 c143
    c144 c145 c146 c147 c148 c149 c150 c151 c152 c153 c154 c155 c156 c157 c158 c159 c160 c161
    c162 c163 c164 c165 c166 c167 c168 c169 c170 c171 c172 c173 c174 c175 c176 c177 c178 c179
    c180 c181 c182 c183 c184 c185 c186 c187 c188 c189 c190 c191 c192 c193 c194 c195 c196 c197
    c198 c199 c200 c201 c202 c203 c204 c205 c206 c207 c208 c209 c210 c211 c212 c213 c214 c215
    c216 c217 c218 c219 c220 c221 c222 c223 c224 c225 c226 c227 c228 c229 c230 c231 c232 c233
    c234 c235 c236 c237 c238 c239 c240 c241 c242 c243 c244 c245 c246 c247 c248 c249
);

/// SQL that makes the table, and SQL that adds 1,000 to each column but the key.
fn sql_for(table: &str, columns: &[&str]) -> (String, String) {
    let definitions: Vec<String> = columns
        .iter()
        .map(|column| format!("{column} integer"))
        .collect();
    let assignments: Vec<String> = columns
        .iter()
        .map(|column| format!("{column} = {column} + 1000"))
        .collect();
    (
        format!(
            "CREATE TABLE {table} (id integer PRIMARY KEY, {})",
            definitions.join(", ")
        ),
        format!("UPDATE {table} SET {}", assignments.join(", ")),
    )
}

/// SQL that inserts a row whose columns count up from 1.
fn insert(table: &str, columns: &[&str], id: i32) -> String {
    let numbers: Vec<String> = (1..=columns.len())
        .map(|number| number.to_string())
        .collect();
    format!("INSERT INTO {table} VALUES ({id}, {})", numbers.join(", "))
}

macro_rules! scenario {
    ($name:ident of $row:ident in $table:literal) => {
        async fn $name(level: Level) {
            let (create, update) = sql_for($table, $row::COLUMNS);
            let table = $row::TABLE.with_level(level);
            let outbox = table
                .with_on_failure(OnFailure::Warn)
                .with_delivery(Delivery::Outbox);
            for table in [table, outbox] {
                let pipeline = Pipeline::installed(&create, &[&table]).await;
                pipeline.run(&insert($table, $row::COLUMNS, 7)).await;
                pipeline.run(&update).await;
                pipeline.run(concat!("DELETE FROM ", $table)).await;
                pipeline.drain_if_it_can().await;
                let (before, after) = ($row::counting(7, 1), $row::counting(7, 1001));
                assert_eq!(
                    pipeline.take_events(),
                    [
                        created(before.clone()),
                        updated(before, after.clone()),
                        deleted(after),
                    ]
                );
            }
        }
    };
}

scenario!(sixty_columns_are_sent of Sixty in "sixty");
scenario!(two_hundred_and_fifty_columns_are_sent of TwoHundredAndFifty in "two_hundred_and_fifty");
