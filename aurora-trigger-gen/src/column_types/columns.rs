/// Types that read JSON as `row_to_json` writes it, each with the columns that it goes to, samples, and where it can't hold
/// all their values what it holds.
macro_rules! columns {
    ($($rust:ty => [$($pg:literal),+], [$($sample:literal),+] $(, $limits:expr)?;)+) => {
        $(impl $crate::PgType for $rust {
            const TYPE: $crate::describe::TypeDesc =
                $crate::describe::TypeDesc::built_in(&[$($pg),+])
                    .with_samples(&[$($crate::describe::Sample::Json($sample)),+])
                    $(.with_limits($limits))?;
        })+
    };
}

pub(super) use columns;
