/// Types that read JSON as `row_to_json` writes it, each with the columns that it goes to and samples.
macro_rules! columns {
    ($($rust:ty => [$($pg:literal),+], [$($sample:literal),+];)+) => {
        $(impl $crate::PgType for $rust {
            const TYPE: $crate::describe::TypeDesc =
                $crate::describe::TypeDesc::built_in(&[$($pg),+])
                    .with_samples(&[$($crate::describe::Sample::Json($sample)),+]);
        })+
    };
}

pub(super) use columns;
