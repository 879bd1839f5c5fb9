use tokio_postgres::config::SslMode as DriverSslMode;

/// What a connection needs of TLS, by libpq's names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum SslMode {
    Disable,
    /// With TLS if the server takes it, else without.
    Prefer,
    Require,
    /// And the server's certificate is signed by somebody whom the user trusts.
    VerifyCa,
    /// And it is this server's.
    VerifyFull,
}

impl SslMode {
    pub(super) fn named(name: &str) -> Result<Self, String> {
        match name {
            "disable" => Ok(Self::Disable),
            "prefer" => Ok(Self::Prefer),
            "require" => Ok(Self::Require),
            "verify-ca" => Ok(Self::VerifyCa),
            "verify-full" => Ok(Self::VerifyFull),
            _ => Err(format!(
                "there is no sslmode {name:?} here: it is disable, prefer, require, verify-ca or verify-full"
            )),
        }
    }

    /// As much of it as the driver knows; the rest is the connector's.
    pub(super) fn of_driver(self) -> DriverSslMode {
        match self {
            Self::Disable => DriverSslMode::Disable,
            Self::Prefer => DriverSslMode::Prefer,
            Self::Require | Self::VerifyCa | Self::VerifyFull => DriverSslMode::Require,
        }
    }
}
