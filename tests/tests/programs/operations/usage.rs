use crate::operations::program::{printed, program, refused};

#[test]
fn help_fits_the_screen_and_names_every_command() {
    let help = printed(&mut program(&["--help"]));
    for command in [
        "local-extension",
        "status",
        "drain",
        "pause",
        "resume",
        "redrive",
        "purge",
        "down",
        "new-epoch",
    ] {
        assert!(help.contains(&format!("\n  {command} ")), "{help}");
        let help = printed(&mut program(&[command, "--help"]));
        let long: Vec<&str> = help
            .lines()
            .filter(|line| line.chars().count() > 100)
            .collect();
        assert!(long.is_empty(), "{long:?}");
        assert_eq!(
            help.contains("PGPASSWORD"),
            command != "local-extension",
            "{help}"
        );
    }
}

#[test]
fn what_it_does_not_know_is_refused() {
    for arguments in [
        &["drian"][..],
        &["drain", "--onec"],
        &["status", "--format", "xml"],
        &["redrive", "--id", "x"],
        &["pause", "--table", ""],
        &["pause", "--table", "a", "--table", "b"],
        // One way for all commands.
        &["pause", "a"],
        &["resume", "a"],
        &["redrive", "--table", ""],
    ] {
        refused(&mut program(arguments));
    }
}
