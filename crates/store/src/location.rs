//! Where cities are kept: folders with four SQLite files, or schemas of a PostgreSQL database.

use std::path::{Path, PathBuf};

use sqlx::{AssertSqlSafe, Connection};

use crate::{Result, StoreError};

/// PostgreSQL cuts names off after 63 bytes (NAMEDATALEN - 1), and `_media` comes behind the city's.
const SCHEMA_NAME_BYTES: usize = 57;

/// Which of the four databases of a city.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    City,
    Keys,
    Media,
    Live,
}

impl Kind {
    /// All four.
    pub(crate) const ALL: [Self; 4] = [Self::City, Self::Keys, Self::Media, Self::Live];

    /// Name of the SQLite file in the city's folder.
    pub const fn file_name(self) -> &'static str {
        match self {
            Self::City => "city.db",
            Self::Keys => "keys.db",
            Self::Media => "media.db",
            Self::Live => "live.db",
        }
    }

    /// What the PostgreSQL schema is called, after the name of the city.
    pub const fn schema_suffix(self) -> &'static str {
        match self {
            Self::City => "",
            Self::Keys => "_keys",
            Self::Media => "_media",
            Self::Live => "_live",
        }
    }
}

/// Where a city is kept.
#[derive(Clone)]
pub enum Location {
    /// A folder with four SQLite files.
    Folder(PathBuf),
    /// Four schemas of one PostgreSQL database.
    Postgres { url: String, schema: String },
}

/// What the name of a city ends with while it is being restored. No city has such a name.
const UNDER_WAY: &str = "_part";

/// The address of a database may hold a password.
impl std::fmt::Debug for Location {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Folder(folder) => f.debug_tuple("Folder").field(folder).finish(),
            Self::Postgres { schema, .. } => f
                .debug_struct("Postgres")
                .field("schema", schema)
                .finish_non_exhaustive(),
        }
    }
}

impl Location {
    /// Where the city stands while it is being restored.
    pub(crate) fn under_way(&self) -> Self {
        match self {
            Self::Folder(folder) => {
                let mut name = folder.file_name().unwrap_or_default().to_owned();
                name.push(UNDER_WAY);
                Self::Folder(folder.with_file_name(name))
            }
            Self::Postgres { url, schema } => Self::Postgres {
                url: url.clone(),
                schema: format!("{schema}{UNDER_WAY}"),
            },
        }
    }

    /// Removes whatever stands here.
    pub(crate) async fn remove(&self) -> Result<()> {
        match self {
            Self::Folder(folder) => match std::fs::remove_dir_all(folder) {
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error.into()),
                _ => Ok(()),
            },
            Self::Postgres { url, schema } => {
                check_schema(schema)?;
                let mut connection = sqlx::PgConnection::connect(url).await?;
                for kind in Kind::ALL {
                    let drop = format!(
                        "DROP SCHEMA IF EXISTS \"{schema}{}\" CASCADE",
                        kind.schema_suffix()
                    );
                    sqlx::query(AssertSqlSafe(drop))
                        .execute(&mut connection)
                        .await?;
                }
                Ok(connection.close().await?)
            }
        }
    }

    /// Gives the city that stands here its own name, in one step.
    pub(crate) async fn rename_to(&self, to: &Self) -> Result<()> {
        match (self, to) {
            (Self::Folder(from), Self::Folder(to)) => {
                // What is inside is durable before it is a city.
                std::fs::File::open(from)?.sync_all()?;
                std::fs::rename(from, to)?;
                // The new name is durable when its folder is.
                let above = to.parent().filter(|above| !above.as_os_str().is_empty());
                Ok(std::fs::File::open(above.unwrap_or(Path::new(".")))?.sync_all()?)
            }
            (Self::Postgres { url, schema: from }, Self::Postgres { schema: to, .. }) => {
                check_schema(from)?;
                check_schema(to)?;
                let mut connection = sqlx::PgConnection::connect(url).await?;
                let mut tx = connection.begin().await?;
                for kind in Kind::ALL {
                    let suffix = kind.schema_suffix();
                    let rename =
                        format!("ALTER SCHEMA \"{from}{suffix}\" RENAME TO \"{to}{suffix}\"");
                    sqlx::query(AssertSqlSafe(rename)).execute(&mut *tx).await?;
                }
                tx.commit().await?;
                Ok(connection.close().await?)
            }
            _ => Err(StoreError::Corrupt(
                "a city does not change its kind of database by a new name".into(),
            )),
        }
    }
}

/// The name comes from the operator of the node. Capitals would be folded in `search_path`, and longer names are cut off
/// by PostgreSQL: four schemas would become one.
pub(crate) fn check_schema(schema: &str) -> Result<()> {
    let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_';
    if (1..=SCHEMA_NAME_BYTES).contains(&schema.len()) && schema.bytes().all(plain) {
        return Ok(());
    }
    Err(StoreError::Corrupt(format!(
        "{schema:?} is not a schema name"
    )))
}

pub(crate) async fn schema_exists(url: &str, schema: &str) -> Result<bool> {
    Ok(schemas_with_city(url)
        .await?
        .iter()
        .any(|found| found == schema))
}

pub(crate) async fn schemas_with_city(url: &str) -> Result<Vec<String>> {
    let mut connection = sqlx::PgConnection::connect(url).await?;
    let schemas: Vec<String> = sqlx::query_scalar(
        "SELECT table_schema::text FROM information_schema.tables
         WHERE table_name = 'journal' AND table_schema || '_keys' IN
             (SELECT table_schema FROM information_schema.tables WHERE table_name = 'person_keys')
         ORDER BY table_schema",
    )
    .fetch_all(&mut connection)
    .await?;
    connection.close().await?;
    let whole = |schema: &String| !schema.ends_with(UNDER_WAY);
    Ok(schemas.into_iter().filter(whole).collect())
}

pub(crate) fn folders_with_city(root: &Path) -> Result<Vec<String>> {
    let mut names = Vec::new();
    let entries = match std::fs::read_dir(root) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(names),
        Err(error) => return Err(error.into()),
    };
    for entry in entries {
        let entry = entry?;
        if entry.path().join(Kind::City.file_name()).is_file()
            && let Ok(name) = entry.file_name().into_string()
            && !name.ends_with(UNDER_WAY)
        {
            names.push(name);
        }
    }
    names.sort();
    Ok(names)
}
