use std::env;
use std::error::Error as _;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, ring};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, Error, RootCertStore, SignatureScheme,
};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::ssl_mode::SslMode;

/// TLS as libpq has it: who has certificates to trust has the server's checked against them, whatever the mode, and only
/// `verify-full` asks for its name too.
pub(super) fn connector(mode: SslMode, roots: Option<&str>) -> Result<MakeRustlsConnect, String> {
    let provider = Arc::new(ring::default_provider());
    let file = match roots {
        _ if mode == SslMode::Disable => None,
        Some(file) => Some(PathBuf::from(file)),
        None => default_roots().filter(|file| file.exists()),
    };
    let verifier: Arc<dyn ServerCertVerifier> = match (mode, file) {
        (SslMode::VerifyCa | SslMode::VerifyFull, None) => {
            return Err(
                "sslmode verify-ca and verify-full need sslrootcert: the file of the certificates to trust, \
                 of RDS and Aurora AWS's global-bundle.pem"
                    .to_owned(),
            );
        }
        (SslMode::VerifyFull, Some(file)) => verifier(&file, &provider)?,
        (_, Some(file)) => Arc::new(AnyName(verifier(&file, &provider)?)),
        (_, None) => Arc::new(Anybody(Arc::clone(&provider))),
    };
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| error.to_string())?
        .dangerous()
        .with_custom_certificate_verifier(verifier)
        .with_no_client_auth();
    Ok(MakeRustlsConnect::new(config))
}

/// What to do about a certificate that is not trusted.
pub(super) fn hint(error: &tokio_postgres::Error) -> Option<&'static str> {
    let error: &io::Error = error.source()?.downcast_ref()?;
    let error: &Error = error.get_ref()?.downcast_ref()?;
    let Error::InvalidCertificate(reason) = error else {
        return None;
    };
    Some(match reason {
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            "connect by a name that the server's certificate has, or take sslmode=verify-ca, which does not ask for it"
        }
        CertificateError::UnknownIssuer => {
            "sslrootcert must have the certificate that the server's is signed with: of RDS and Aurora AWS's \
             global-bundle.pem"
        }
        _ => "the server's certificate does not fit sslmode and sslrootcert",
    })
}

/// Where libpq looks too.
fn default_roots() -> Option<PathBuf> {
    Some(env::home_dir()?.join(".postgresql").join("root.crt"))
}

fn verifier(
    file: &Path,
    provider: &Arc<CryptoProvider>,
) -> Result<Arc<WebPkiServerVerifier>, String> {
    let at = file.display();
    let certificates = CertificateDer::pem_file_iter(file)
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .map_err(|error| format!("sslrootcert {at} can't be read: {error}"))?;
    let mut roots = RootCertStore::empty();
    // As everywhere in TLS: a bundle may have some of a kind that is known to others only.
    let (taken, _) = roots.add_parsable_certificates(certificates);
    if taken == 0 {
        return Err(format!(
            "sslrootcert {at} has no certificate: it is a PEM file, of RDS and Aurora AWS's global-bundle.pem"
        ));
    }
    WebPkiServerVerifier::builder_with_provider(Arc::new(roots), Arc::clone(provider))
        .build()
        .map_err(|error| format!("sslrootcert {at}: {error}"))
}

/// Takes a certificate of any name that somebody who is trusted has signed.
#[derive(Debug)]
struct AnyName(Arc<WebPkiServerVerifier>);

impl ServerCertVerifier for AnyName {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let verified =
            self.0
                .verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now);
        match verified {
            // The name is looked at last, when all else is well.
            Err(Error::InvalidCertificate(
                CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. },
            )) => Ok(ServerCertVerified::assertion()),
            other => other,
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.0.verify_tls12_signature(message, certificate, signed)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.0.verify_tls13_signature(message, certificate, signed)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.supported_verify_schemes()
    }
}

/// Takes any certificate: the connection is encrypted, to whomever.
///
/// Signatures are not checked either: they would prove that the server has the key of a certificate which anybody can
/// make, and certificates of older kinds, which PostgreSQL's servers often have, can't be read for it.
#[derive(Debug)]
struct Anybody(Arc<CryptoProvider>);

impl ServerCertVerifier for Anybody {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn verify_tls13_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}
