use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::Command;
use std::time::Instant;

use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use relay_lambda::local::PostgresCluster;
use tempfile::TempDir;

use crate::operations::installed::connect;
use crate::operations::program::{PATIENCE, printed, program, refused};

const NONE: &str = "no table is streamed\n";

/// A server whose certificate is for 127.0.0.1. It lets `secure` in with TLS only, `open` without only, and asks `locked`
/// for a password.
struct Server {
    cluster: PostgresCluster,
    folder: TempDir,
}

impl Server {
    async fn start() -> Self {
        let folder = tempfile::tempdir().expect("there is room");
        let authority = authority("ours");
        let others = self::authority("others");
        for (name, (pem, _)) in [("ours.pem", &authority), ("others.pem", &others)] {
            fs::write(folder.path().join(name), pem).expect("there is room");
        }
        let key = KeyPair::generate().expect("ring makes keys");
        let certificate = CertificateParams::new(vec!["127.0.0.1".to_owned()])
            .expect("it is an address")
            .signed_by(&key, &authority.1)
            .expect("ours signs it");
        let cluster = PostgresCluster::start().expect("PostgreSQL is installed");
        let session = connect(&cluster.connection_string("postgres")).await;
        session
            .batch_execute(include_str!("stub.sql"))
            .await
            .expect("the database is empty");
        // The server writes them itself, so that they are its own.
        for (file, text) in [
            ("server.crt", certificate.pem()),
            ("server.key", key.serialize_pem()),
            ("pg_hba.conf", HBA.to_owned()),
        ] {
            let sql = format!(
                "COPY (SELECT unnest(string_to_array('{}', E'\\n'))) TO PROGRAM 'umask 077; cat > {file}'",
                text.trim_end()
            );
            session
                .batch_execute(&sql)
                .await
                .unwrap_or_else(|error| panic!("{error:?}"));
        }
        for sql in [
            "CREATE ROLE secure SUPERUSER LOGIN",
            "CREATE ROLE open SUPERUSER LOGIN",
            "SET password_encryption = 'scram-sha-256'",
            "CREATE ROLE locked SUPERUSER LOGIN PASSWORD 'hush'",
            "ALTER SYSTEM SET ssl = on",
            "SELECT pg_reload_conf()",
        ] {
            session.batch_execute(sql).await.expect("it is a superuser");
        }
        await_tls(cluster.port());
        Self { cluster, folder }
    }

    fn file(&self, name: &str) -> String {
        let path = self.folder.path().join(name);
        path.to_str().expect("it is UTF-8").to_owned()
    }

    /// `status` of a role at this server.
    fn status(&self, role: &str, options: &str) -> Command {
        let database = format!(
            "hostaddr=127.0.0.1 port={} user={role} dbname=postgres {options}",
            self.cluster.port()
        );
        program(&["status", "--database-url", &database])
    }
}

const HBA: &str = "\
hostssl all secure 127.0.0.1/32 trust
hostnossl all open 127.0.0.1/32 trust
host all locked 127.0.0.1/32 scram-sha-256
host all postgres 127.0.0.1/32 trust
";

/// The certificate of somebody who signs, and its signature.
fn authority(name: &str) -> (String, Issuer<'static, KeyPair>) {
    let mut params = CertificateParams::new(Vec::new()).expect("it has no name to be wrong");
    params
        .distinguished_name
        .push(rcgen::DnType::CommonName, name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let key = KeyPair::generate().expect("ring makes keys");
    let certificate = params.self_signed(&key).expect("it signs itself");
    (certificate.pem(), Issuer::new(params, key))
}

/// Waits until the server has read its settings: TLS comes last.
fn await_tls(port: u16) {
    const SSL_REQUEST: [u8; 8] = [0, 0, 0, 8, 4, 210, 22, 47];
    let ends = Instant::now() + PATIENCE;
    while Instant::now() < ends {
        let mut stream = TcpStream::connect(("127.0.0.1", port)).expect("it listens");
        stream.write_all(&SSL_REQUEST).expect("it reads");
        let mut answer = [0];
        stream.read_exact(&mut answer).expect("it answers");
        if answer == *b"S" {
            return;
        }
    }
    panic!("the server has no TLS");
}

#[tokio::test]
async fn each_mode_means_what_it_means_to_libpq() {
    let server = Server::start().await;
    let (ours, others) = (server.file("ours.pem"), server.file("others.pem"));
    let right = "host=127.0.0.1";
    let wrong = "host=localhost";
    let full = "connect by a name that the server's certificate has";
    let issuer = "sslrootcert must have the certificate";
    let nobody = "no pg_hba.conf entry";
    for (role, host, mode, roots, expected) in [
        ("secure", right, "prefer", None, Ok(())),
        ("secure", right, "require", None, Ok(())),
        ("secure", wrong, "require", None, Ok(())),
        ("secure", right, "disable", None, Err(nobody)),
        ("open", right, "disable", None, Ok(())),
        // The second try, as for a certificate that is not trusted.
        ("open", right, "prefer", None, Ok(())),
        ("open", right, "prefer", Some(&others), Ok(())),
        ("open", right, "require", None, Err(nobody)),
        ("secure", right, "prefer", Some(&others), Err(issuer)),
        // With certificates to trust it is verify-ca.
        ("secure", wrong, "require", Some(&ours), Ok(())),
        ("secure", right, "require", Some(&others), Err(issuer)),
        ("secure", wrong, "verify-ca", Some(&ours), Ok(())),
        ("secure", wrong, "verify-ca", Some(&others), Err(issuer)),
        ("secure", right, "verify-full", Some(&ours), Ok(())),
        ("secure", wrong, "verify-full", Some(&ours), Err(full)),
        ("secure", right, "verify-full", Some(&others), Err(issuer)),
        // Without a name the address is one.
        ("secure", "", "verify-full", Some(&ours), Ok(())),
    ] {
        let roots = roots.map(|file| format!("sslrootcert={file}"));
        let options = format!("{host} sslmode={mode} {}", roots.unwrap_or_default());
        let mut status = server.status(role, &options);
        match expected {
            Ok(()) => assert_eq!(printed(&mut status), NONE, "{role} {options}"),
            Err(expected) => {
                let said = refused(&mut status);
                assert!(said.contains(expected), "{role} {options}: {said}");
            }
        }
    }
}

#[tokio::test]
async fn certificates_and_passwords_come_from_where_libpq_has_them() {
    let server = Server::start().await;
    let ours = server.file("ours.pem");

    let mut status = server.status("secure", "");
    status.env("PGSSLMODE", "verify-full");
    let said = refused(&mut status);
    assert!(
        said.contains("need sslrootcert") && said.contains("global-bundle.pem"),
        "{said}"
    );
    assert_eq!(printed(status.env("PGSSLROOTCERT", &ours)), NONE);

    let home = server.folder.path().join("home");
    fs::create_dir_all(home.join(".postgresql")).expect("there is room");
    fs::copy(&ours, home.join(".postgresql/root.crt")).expect("there is room");
    let mut status = server.status("secure", "host=localhost sslmode=verify-ca");
    assert_eq!(printed(status.env("HOME", &home)), NONE);
    fs::copy(server.file("others.pem"), home.join(".postgresql/root.crt")).expect("there is room");
    assert!(refused(&mut status).contains("sslrootcert must have"));

    // A password that is bound to the server's certificate.
    let options = format!("sslmode=verify-full sslrootcert={ours} channel_binding=require");
    let mut status = server.status("locked", &options);
    assert_eq!(printed(status.env("PGPASSWORD", "hush")), NONE);
    for mode in ["prefer", "require"] {
        let options = format!("sslmode={mode} password=wrong-hush");
        let said = refused(&mut server.status("locked", &options));
        assert!(
            said.contains("password authentication failed for user \"locked\""),
            "{said}"
        );
        assert!(!said.contains("hush"), "{said}");
        assert!(!said.contains("without TLS"), "{said}");
    }
}

#[test]
fn a_file_without_certificates_is_told() {
    let folder = tempfile::tempdir().expect("there is room");
    let empty = folder.path().join("empty.pem");
    fs::write(&empty, "nothing\n").expect("there is room");
    let status = |file: &Path| {
        let file = file.to_str().expect("it is UTF-8");
        let database = format!("host=127.0.0.1 sslmode=verify-full sslrootcert={file}");
        refused(&mut program(&["status", "--database-url", &database]))
    };
    let said = status(&empty);
    assert!(said.contains("empty.pem has no certificate"), "{said}");
    let said = status(&folder.path().join("nowhere.pem"));
    assert!(said.contains("nowhere.pem can't be read: "), "{said}");
}
