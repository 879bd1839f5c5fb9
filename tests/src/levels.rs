use aurora_trigger_gen::ChangeStream;
use aurora_trigger_gen::describe::{Level, TableDesc};

use crate::Pipeline;

/// Makes two tests of each `async fn(Level)`: what the triggers send means the same at both levels.
///
/// ```
/// use aurora_trigger_gen::describe::Level;
///
/// async fn something_holds(level: Level) {
///     assert!(matches!(level, Level::Statement | Level::Row));
/// }
///
/// pipeline_tests::at_both_levels!(something_holds);
/// ```
#[macro_export]
macro_rules! at_both_levels {
    ($($scenario:ident),+ $(,)?) => {
        $(mod $scenario {
            use aurora_trigger_gen::describe::Level;

            #[tokio::test]
            async fn at_statement_level() {
                super::$scenario(Level::Statement).await;
            }

            #[tokio::test]
            async fn at_row_level() {
                super::$scenario(Level::Row).await;
            }
        })+
    };
}

impl Pipeline {
    /// A database with these tables, and the triggers of the stream at this level, whatever the
    /// structs say of it.
    pub async fn with_tables<S: ChangeStream>(level: Level, sql: &str) -> Self {
        let tables = at_level::<S>(level);
        Self::installed(sql, &tables.iter().collect::<Vec<_>>()).await
    }

    /// Installs the triggers of the stream's tables, configured, as the superuser, all at this level.
    ///
    /// # Panics
    ///
    /// With the server's message where the installation fails.
    pub async fn install_at<S: ChangeStream>(&self, level: Level) {
        let tables = at_level::<S>(level);
        self.install_tables(&tables.iter().collect::<Vec<_>>())
            .await;
    }
}

fn at_level<S: ChangeStream>(level: Level) -> Vec<TableDesc> {
    S::TABLES
        .iter()
        .map(|table| table.with_level(level))
        .collect()
}
