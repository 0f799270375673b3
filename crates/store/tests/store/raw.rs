//! The databases of a city without the store: what a file or a server really holds.

use std::collections::BTreeMap;
use std::str::FromStr;

use pendopo_store::Kind;
use pendopo_store::Location;
use sqlx::postgres::PgConnectOptions;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{AssertSqlSafe, Connection, PgConnection, SqliteConnection};

pub enum Raw {
    Sqlite(SqliteConnection),
    Postgres(PgConnection),
}

impl Raw {
    pub async fn open(location: &Location, kind: Kind) -> Self {
        match location {
            Location::Folder(folder) => {
                let options = SqliteConnectOptions::new().filename(folder.join(kind.file_name()));
                Self::Sqlite(SqliteConnection::connect_with(&options).await.unwrap())
            }
            Location::Postgres { url, schema } => {
                let schema = format!("{schema}{}", kind.schema_suffix());
                let options = PgConnectOptions::from_str(url)
                    .unwrap()
                    .options([("search_path", schema)]);
                Self::Postgres(PgConnection::connect_with(&options).await.unwrap())
            }
        }
    }

    pub async fn execute(&mut self, statement: &str) -> u64 {
        let query = AssertSqlSafe(statement.to_owned());
        match self {
            Self::Sqlite(c) => sqlx::query(query).execute(c).await.unwrap().rows_affected(),
            Self::Postgres(c) => sqlx::query(query).execute(c).await.unwrap().rows_affected(),
        }
    }

    /// The first column of every row, as text.
    pub async fn texts(&mut self, statement: &str) -> Vec<String> {
        let query = AssertSqlSafe(statement.to_owned());
        match self {
            Self::Sqlite(c) => sqlx::query_scalar(query).fetch_all(c).await.unwrap(),
            Self::Postgres(c) => sqlx::query_scalar(query).fetch_all(c).await.unwrap(),
        }
    }

    pub async fn bytes(&mut self, statement: &str) -> Vec<u8> {
        let query = AssertSqlSafe(statement.to_owned());
        match self {
            Self::Sqlite(c) => sqlx::query_scalar(query).fetch_one(c).await.unwrap(),
            Self::Postgres(c) => sqlx::query_scalar(query).fetch_one(c).await.unwrap(),
        }
    }

    /// The names of the tables, except the one that counts migrations.
    pub async fn tables(&mut self) -> Vec<String> {
        let statement = match self {
            Self::Sqlite(_) => {
                "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite%'
                 AND name <> '_sqlx_migrations' ORDER BY name"
            }
            Self::Postgres(_) => {
                "SELECT table_name::text FROM information_schema.tables
                 WHERE table_schema = current_schema() AND table_type = 'BASE TABLE'
                 AND table_name <> '_sqlx_migrations' ORDER BY table_name::text COLLATE \"C\""
            }
        };
        self.texts(statement).await
    }

    /// Columns of a table by name, each as `TYPE` or `TYPE NOT NULL`, in the words of SQLite.
    pub async fn columns(&mut self, table: &str) -> BTreeMap<String, String> {
        let statement = match self {
            // A primary key of whole numbers is never null, though SQLite does not say so.
            Self::Sqlite(_) => format!(
                "SELECT name || ' ' || type || CASE WHEN \"notnull\" = 1 OR (pk = 1 AND type = 'INTEGER')
                     THEN ' NOT NULL' ELSE '' END FROM pragma_table_info('{table}')"
            ),
            Self::Postgres(_) => format!(
                "SELECT column_name || ' ' || CASE data_type WHEN 'bigint' THEN 'INTEGER'
                     WHEN 'boolean' THEN 'INTEGER' WHEN 'bytea' THEN 'BLOB' ELSE upper(data_type) END
                     || CASE is_nullable WHEN 'NO' THEN ' NOT NULL' ELSE '' END
                 FROM information_schema.columns
                 WHERE table_schema = current_schema() AND table_name = '{table}'"
            ),
        };
        let lines = self.texts(&statement).await;
        let split = |line: String| line.split_once(' ').map(|(a, b)| (a.into(), b.into()));
        lines.into_iter().filter_map(split).collect()
    }

    pub async fn primary_key(&mut self, table: &str) -> Vec<String> {
        let statement = match self {
            Self::Sqlite(_) => {
                format!("SELECT name FROM pragma_table_info('{table}') WHERE pk > 0 ORDER BY pk")
            }
            Self::Postgres(_) => format!(
                "SELECT k.column_name::text FROM information_schema.key_column_usage k
                 JOIN information_schema.table_constraints t USING (constraint_schema, constraint_name)
                 WHERE t.constraint_type = 'PRIMARY KEY' AND t.table_schema = current_schema()
                 AND t.table_name = '{table}' ORDER BY k.ordinal_position"
            ),
        };
        self.texts(&statement).await
    }

    /// Every row of a table as text, the columns in the order of their names.
    pub async fn rows(&mut self, table: &str) -> Vec<String> {
        let columns = self.columns(table).await;
        let cells: Vec<String> = columns
            .iter()
            .map(|(name, of)| self.cell(name, of))
            .collect();
        let statement = format!(
            "SELECT {} AS line FROM {table} ORDER BY line",
            cells.join(" || '|' || ")
        );
        let mut rows = self.texts(&statement).await;
        rows.sort();
        rows
    }

    fn cell(&self, name: &str, of: &str) -> String {
        let text = match (self, of.starts_with("BLOB")) {
            (Self::Sqlite(_), true) => format!("lower(hex({name}))"),
            (Self::Postgres(_), true) => format!("encode({name}, 'hex')"),
            (Self::Sqlite(_), false) => format!("CAST({name} AS TEXT)"),
            // The flags are whole numbers on the other side.
            (Self::Postgres(_), false) => format!(
                "CASE CAST({name} AS TEXT) WHEN 'true' THEN '1' WHEN 'false' THEN '0'
                 ELSE CAST({name} AS TEXT) END"
            ),
        };
        format!("'{name}=' || COALESCE({text}, 'null')")
    }
}
