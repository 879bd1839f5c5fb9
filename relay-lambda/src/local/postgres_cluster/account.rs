use std::fs;
use std::os::unix::fs::MetadataExt;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;

use super::StartError;

/// Whom the server runs as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Account {
    /// As this process does.
    Own,
    /// This process is root, as whom PostgreSQL refuses to run.
    Other {
        /// The user.
        uid: u32,
        /// Its group.
        gid: u32,
    },
}

impl Account {
    /// Who may run a server, if this process is who made `folder`.
    pub(super) fn for_server(folder: &Path) -> Result<Account, StartError> {
        let owner = fs::metadata(folder)
            .map_err(StartError::io("read the data folder's owner"))?
            .uid();
        if owner != 0 {
            return Ok(Account::Own);
        }
        let users =
            fs::read_to_string("/etc/passwd").map_err(StartError::io("read /etc/passwd"))?;
        nobody(&users).ok_or(StartError::NoUserNobody)
    }

    /// Makes `command` run so, in a folder that this account can enter.
    pub(super) fn run_as(self, command: &mut Command) {
        command
            .current_dir("/")
            // What a developer has set for clients and other servers is not meant for this one.
            .env_remove("PGDATA")
            .env("LC_ALL", "C");
        if let Account::Other { uid, gid } = self {
            command.uid(uid).gid(gid);
        }
    }
}

/// The user `nobody` in the text of `/etc/passwd`.
fn nobody(users: &str) -> Option<Account> {
    let line = users.lines().find(|line| line.starts_with("nobody:"))?;
    let mut fields = line.split(':').skip(2);
    Some(Account::Other {
        // On macOS they are written as -2.
        uid: fields.next()?.parse().ok().or(Some(u32::MAX - 1))?,
        gid: fields.next()?.parse().ok().or(Some(u32::MAX - 1))?,
    })
}
