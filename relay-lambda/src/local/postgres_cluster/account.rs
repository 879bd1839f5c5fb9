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
        uid: id(fields.next()?)?,
        gid: id(fields.next()?)?,
    })
}

/// A user's or a group's number, which macOS writes as a negative one: `nobody` is -2 there.
fn id(text: &str) -> Option<u32> {
    match text.parse::<i32>() {
        Ok(signed) => Some(signed.cast_unsigned()),
        Err(_) => text.parse().ok(),
    }
}

#[cfg(test)]
mod tests {
    use super::{Account, nobody};

    #[test]
    fn nobody_is_found_on_linux_and_on_macos() {
        let linux = "root:x:0:0:root:/root:/bin/bash\nnobody:x:65534:65533::/:/sbin/nologin\n";
        let macos = "# comment\nnobody:*:-2:-2:Unprivileged User:/var/empty:/usr/bin/false\n";
        let minus_two = 4_294_967_294;

        let account = |uid, gid| Some(Account::Other { uid, gid });
        assert_eq!(nobody(linux), account(65534, 65533));
        assert_eq!(nobody(macos), account(minus_two, minus_two));
        assert_eq!(nobody("root:x:0:0:root:/root:/bin/bash\nnobody\n"), None);
    }
}
