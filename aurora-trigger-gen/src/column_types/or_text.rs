/// For `with_limits`: what a type holds, and the recipe that reads every value of the column as its text.
macro_rules! or_text {
    ($holds:literal, $pg:literal) => {
        concat!(
            $holds,
            "; a `String` with `#[stream(sql_type = \"",
            $pg,
            "\", encoding = \"text\")]` reads every value"
        )
    };
}

pub(super) use or_text;
