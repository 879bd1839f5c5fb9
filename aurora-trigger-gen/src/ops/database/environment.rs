use tokio_postgres::Config;

/// Takes what the user's connection string leaves out from libpq's variables.
pub(super) fn complete(
    config: &mut Config,
    variable: impl Fn(&str) -> Option<String>,
) -> Result<(), String> {
    if config.get_hosts().is_empty()
        && config.get_hostaddrs().is_empty()
        && let Some(hosts) = variable("PGHOST")
    {
        for host in hosts.split(',') {
            config.host(host);
        }
    }
    if config.get_ports().is_empty()
        && let Some(ports) = variable("PGPORT")
    {
        for port in ports.split(',') {
            let number = port
                .parse()
                .map_err(|_| format!("PGPORT is {ports:?}, which is no port: it is 5432 mostly"))?;
            config.port(number);
        }
    }
    if config.get_user().is_none()
        && let Some(user) = variable("PGUSER")
    {
        config.user(user);
    }
    if config.get_password().is_none()
        && let Some(password) = variable("PGPASSWORD")
    {
        config.password(password);
    }
    if config.get_dbname().is_none()
        && let Some(database) = variable("PGDATABASE")
    {
        config.dbname(database);
    }
    Ok(())
}
