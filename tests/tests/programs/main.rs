//! The programs as users run them: an app's `emit-sql`, relay, consumer and local pipeline, and `aurora-trigger`.

mod bootstrap;
mod command_line;
mod dependencies;
mod feature_combinations;
mod independent_kinesis;
mod local_pipeline;
mod operations;
mod relay_name;
mod storefront;
