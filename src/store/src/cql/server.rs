//! What kind of server it is, by what it says itself, and what follows for the keyspace.

use super::config::{CqlConfig, Replication, Tablets, datacenter_factor};
use super::error::CqlError;
use scylla::client::session::Session;
use std::collections::BTreeSet;
use std::fmt;

/// A CQL server.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Server {
    /// With the version it names.
    Scylla(String),
    /// With the version it names.
    Cassandra(String),
}

impl fmt::Display for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Scylla(version) => write!(f, "ScyllaDB {version}"),
            Self::Cassandra(version) => write!(f, "Apache Cassandra {version}"),
        }
    }
}

/// The first two numbers of a version.
fn numbers(version: &str) -> (u32, u32) {
    let mut parts = version.split(|c: char| !c.is_ascii_digit()).filter_map(|part| part.parse().ok());
    (parts.next().unwrap_or(0), parts.next().unwrap_or(0))
}

impl Server {
    /// Whether conditional writes work in keyspaces that are distributed by tablets.
    pub(crate) fn has_conditional_writes_on_tablets(&self) -> bool {
        match self {
            Self::Scylla(version) => numbers(version) >= (2025, 4),
            Self::Cassandra(_) => true,
        }
    }

    /// Whether it knows the keyspace option `tablets` (6.0, and 2024.2 of the releases named by year).
    fn has_tablets(&self) -> bool {
        match self {
            Self::Scylla(version) => {
                let version = numbers(version);
                version >= (2024, 2) || ((6, 0)..(2000, 0)).contains(&version)
            }
            Self::Cassandra(_) => false,
        }
    }
}

fn request(what: &'static str, error: impl fmt::Display) -> CqlError {
    CqlError::Request { what, reason: error.to_string() }
}

/// Asks the server what it is. Only ScyllaDB has `system.versions`.
pub(crate) async fn detect(session: &Session) -> Result<Server, CqlError> {
    let what = "asking for the server's version";
    let tables =
        "SELECT table_name FROM system_schema.tables WHERE keyspace_name = 'system' AND table_name = 'versions'";
    let rows = session.query_unpaged(tables, &[]).await.map_err(|error| request(what, error))?;
    let is_scylla = rows.into_rows_result().map_err(|error| request(what, error))?.rows_num() > 0;
    let version = if is_scylla {
        "SELECT version FROM system.versions WHERE key = 'local'"
    } else {
        "SELECT release_version FROM system.local WHERE key = 'local'"
    };
    let rows = session.query_unpaged(version, &[]).await.map_err(|error| request(what, error))?;
    let rows = rows.into_rows_result().map_err(|error| request(what, error))?;
    let row: Option<(Option<String>,)> = rows.maybe_first_row().map_err(|error| request(what, error))?;
    let version = row.and_then(|(version,)| version).unwrap_or_default();
    Ok(if is_scylla { Server::Scylla(version) } else { Server::Cassandra(version) })
}

/// The statement that makes the keyspace on this server.
pub(crate) fn create_keyspace(config: &CqlConfig, server: &Server) -> Result<String, CqlError> {
    let replication = &config.replication;
    let mut options = vec![format!("'class': '{}'", replication.class)];
    let factors: Vec<_> = replication.datacenters.iter().filter_map(|text| datacenter_factor(text)).collect();
    if factors.is_empty() {
        options.push(format!("'replication_factor': {}", replication.factor));
    }
    options.extend(factors.iter().map(|(name, factor)| format!("'{name}': {factor}")));
    let tablets = match (replication.tablets, server) {
        (Tablets::On, Server::Cassandra(_)) => {
            return Err(CqlError::Config(vec!["replication.tablets is \"on\", but this is no ScyllaDB".to_owned()]));
        }
        (Tablets::On, server) if !server.has_conditional_writes_on_tablets() => {
            return Err(tablets_error(config, server));
        }
        (Tablets::On, _) => " AND tablets = {'enabled': true}",
        (Tablets::Off, server) if server.has_tablets() => " AND tablets = {'enabled': false}",
        (Tablets::Auto, server) if server.has_tablets() && !server.has_conditional_writes_on_tablets() => {
            " AND tablets = {'enabled': false}"
        }
        _ => "",
    };
    Ok(format!(
        "CREATE KEYSPACE IF NOT EXISTS {} WITH replication = {{{}}} AND durable_writes = true{tablets}",
        config.keyspace,
        options.join(", ")
    ))
}

/// Refuses more copies than there will ever be a majority of. `places`: the datacentre of each node.
pub(crate) fn check_copies(replication: &Replication, places: &[Option<&str>]) -> Result<(), CqlError> {
    let check = |key, factor: u32, place: String, nodes: usize| {
        let quorum = factor / 2 + 1;
        if nodes < usize::try_from(quorum).unwrap_or(usize::MAX) {
            return Err(CqlError::Copies { key, factor, place, nodes, quorum });
        }
        if nodes < usize::try_from(factor).unwrap_or(usize::MAX) {
            tracing::warn!(key, factor, nodes, "{place} has fewer nodes than copies are wanted");
        }
        Ok(())
    };
    let mut named = replication.datacenters.iter().filter_map(|text| datacenter_factor(text)).peekable();
    if named.peek().is_none() {
        // The servers take the factor as that of every datacentre, and a majority is one of all copies.
        let known: BTreeSet<_> = places.iter().map(|place| place.unwrap_or_default()).collect();
        return known.into_iter().try_for_each(|name| {
            let nodes = places.iter().filter(|place| place.unwrap_or_default() == name).count();
            let place = if nodes == places.len() { "the cluster".to_owned() } else { format!("datacentre {name}") };
            check("replication.factor", replication.factor, place, nodes)
        });
    }
    named.try_for_each(|(name, factor)| {
        let nodes = places.iter().filter(|place| **place == Some(name)).count();
        let known: BTreeSet<_> = places.iter().flatten().copied().collect();
        let known = known.into_iter().collect::<Vec<_>>().join(", ");
        check("replication.datacenters", factor, format!("datacentre {name} (of those there are: {known})"), nodes)
    })
}

fn tablets_error(config: &CqlConfig, server: &Server) -> CqlError {
    CqlError::Tablets { keyspace: config.keyspace.clone(), server: server.to_string() }
}

/// Refuses a keyspace whose conditional writes the server would refuse.
pub(crate) async fn check_tablets(session: &Session, config: &CqlConfig, server: &Server) -> Result<(), CqlError> {
    if server.has_conditional_writes_on_tablets() {
        return Ok(());
    }
    let text = format!(
        "SELECT initial_tablets FROM system_schema.scylla_keyspaces WHERE keyspace_name = '{}'",
        config.keyspace
    );
    // Versions before tablets have no such column: then there is nothing to refuse.
    let Ok(rows) = session.query_unpaged(text, &[]).await else { return Ok(()) };
    let row: Option<(Option<i32>,)> =
        rows.into_rows_result().ok().and_then(|rows| rows.maybe_first_row().ok().flatten());
    if row.is_some_and(|(tablets,)| tablets.is_some()) { Err(tablets_error(config, server)) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keyspace(tablets: Tablets, server: &Server) -> Result<String, CqlError> {
        let mut config = CqlConfig::default();
        config.replication.tablets = tablets;
        create_keyspace(&config, server)
    }

    fn scylla(version: &str) -> Server {
        Server::Scylla(version.to_owned())
    }

    #[test]
    fn tablets_are_off_where_conditional_writes_do_not_work_on_them() {
        for version in ["6.0.1", "6.2.3-0.20250119", "2024.2.5", "2025.1.0", "2025.3.2"] {
            assert!(
                keyspace(Tablets::Auto, &scylla(version)).unwrap().ends_with("tablets = {'enabled': false}"),
                "{version}"
            );
            assert!(matches!(keyspace(Tablets::On, &scylla(version)), Err(CqlError::Tablets { .. })), "{version}");
        }
        for version in ["5.4.9", "2024.1.3", "2025.4.0", "2026.1.0"] {
            assert!(!keyspace(Tablets::Auto, &scylla(version)).unwrap().contains("tablets"), "{version}");
        }
        assert!(keyspace(Tablets::On, &scylla("2025.4.1")).unwrap().ends_with("{'enabled': true}"));
        assert!(keyspace(Tablets::Off, &scylla("2026.2.0")).unwrap().ends_with("{'enabled': false}"));
    }

    #[test]
    fn cassandra_hears_nothing_of_tablets() {
        let server = Server::Cassandra("5.0.9".to_owned());
        for tablets in [Tablets::Auto, Tablets::Off] {
            assert!(!keyspace(tablets, &server).unwrap().contains("tablets"));
        }
        assert!(matches!(keyspace(Tablets::On, &server), Err(CqlError::Config(_))));
    }

    #[test]
    fn more_copies_than_a_majority_of_which_can_be_there_are_refused() {
        let mut replication = CqlConfig::default().replication;
        let here = Some("here");
        assert!(check_copies(&replication, &[here; 3]).is_ok());
        assert!(check_copies(&replication, &[here; 2]).is_ok(), "two of three are a majority");
        let refused = check_copies(&replication, &[here]).unwrap_err().to_string();
        assert!(refused.contains("replication.factor is 3") && refused.contains("has 1 of the 2 nodes"), "{refused}");
        replication.datacenters = vec!["here:1".to_owned(), "there:3".to_owned()];
        assert!(check_copies(&replication, &[here, Some("there"), Some("there")]).is_ok());
        let refused = check_copies(&replication, &[here, here, Some("there")]).unwrap_err().to_string();
        assert!(refused.contains("datacentre there (of those there are: here, there) has 1"), "{refused}");
    }

    #[test]
    fn copies_are_named_by_datacentre_or_for_all() {
        let mut config = CqlConfig::default();
        let server = Server::Cassandra("5.0.9".to_owned());
        assert!(create_keyspace(&config, &server).unwrap().contains("'replication_factor': 3}"));
        config.replication.datacenters = vec!["eu-west".to_owned() + ":3", "us:2".to_owned()];
        let text = create_keyspace(&config, &server).unwrap();
        assert!(text.contains("{'class': 'NetworkTopologyStrategy', 'eu-west': 3, 'us': 2}"), "{text}");
    }
}
