//! All that stands in one database, into another one of the same form. One of the two is a file: it says which tables there are.

use futures_util::TryStreamExt;
use sqlx::{AnyConnection, AssertSqlSafe, Row, any::AnyRow};

use crate::{StoreFault, dialect::Dialect, rows::places};

/// How many rows are written at once.
const PORTION: usize = 64;

/// How far a copy has come. It is told some time after each row, and once after the last one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress<'a> {
    /// The table that is copied now.
    pub table: &'a str,
    /// How many rows of all tables are copied.
    pub done: u64,
    /// How many there are.
    pub all: u64,
}

/// A table.
pub(crate) struct Table {
    name: String,
    columns: Vec<Column>,
    /// The column whose numbers the database may give.
    number: Option<String>,
}

struct Column {
    name: String,
    kind: Kind,
}

#[derive(Clone, Copy)]
enum Kind {
    Text,
    Number,
    Bytes,
}

enum Value {
    Text(Option<String>),
    Number(Option<i64>),
    Bytes(Option<Vec<u8>>),
}

/// The tables of a database in a file, each behind those that it refers to.
pub(crate) async fn tables(file: &mut AnyConnection) -> Result<Vec<Table>, StoreFault> {
    let names: Vec<String> = sqlx::query_scalar(
        "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite@_%' ESCAPE '@' AND name <> '_sqlx_migrations'
         ORDER BY name",
    )
    .fetch_all(&mut *file)
    .await?;
    let mut waiting = Vec::with_capacity(names.len());
    for name in names {
        let referred: Vec<String> = sqlx::query_scalar("SELECT \"table\" FROM pragma_foreign_key_list($1)")
            .bind(&name)
            .fetch_all(&mut *file)
            .await?;
        waiting.push((table(file, &name).await?, referred));
    }
    let mut sorted: Vec<Table> = Vec::with_capacity(waiting.len());
    while !waiting.is_empty() {
        let is_there = |name: &String| sorted.iter().any(|table| table.name == *name);
        let Some(next) = waiting.iter().position(|(_, referred)| referred.iter().all(is_there)) else {
            return Err(StoreFault::Query("tables refer to each other in a circle".to_owned()));
        };
        sorted.push(waiting.swap_remove(next).0);
    }
    Ok(sorted)
}

async fn table(file: &mut AnyConnection, name: &str) -> Result<Table, StoreFault> {
    let rows: Vec<(String, String, i64)> =
        sqlx::query_as("SELECT name, type, pk FROM pragma_table_info($1) ORDER BY cid")
            .bind(name)
            .fetch_all(file)
            .await?;
    let mut table = Table { name: name.to_owned(), columns: Vec::with_capacity(rows.len()), number: None };
    for (name, declared, key) in rows {
        let kind = match declared.as_str() {
            "TEXT" => Kind::Text,
            "BIGINT" | "INTEGER" => Kind::Number,
            "BLOB" => Kind::Bytes,
            other => return Err(StoreFault::Query(format!("a column of {} is declared as {other}", table.name))),
        };
        if declared == "INTEGER" && key > 0 {
            table.number = Some(name.clone());
        }
        table.columns.push(Column { name, kind });
    }
    Ok(table)
}

/// Copies every row, where nothing but what a new database has may stand, and counts them. Both connections are in a transaction.
pub(crate) async fn copy(
    from: &mut AnyConnection,
    into: &mut AnyConnection,
    tables: &[Table],
    told: &mut (dyn FnMut(Progress<'_>) + Send),
) -> Result<u64, StoreFault> {
    for table in tables.iter().rev() {
        sqlx::query(AssertSqlSafe(format!("DELETE FROM \"{}\"", table.name))).execute(&mut *into).await?;
    }
    let mut all = 0;
    for table in tables {
        all += count(from, table).await?;
    }
    let mut done = 0;
    for table in tables {
        let before = done;
        let mut rows = Vec::with_capacity(PORTION);
        let reading = format!("SELECT {} FROM \"{}\"", table.names(), table.name);
        let mut found = sqlx::query(AssertSqlSafe(reading)).fetch(&mut *from);
        while let Some(row) = found.try_next().await? {
            rows.push(table.read(&row)?);
            if rows.len() == PORTION {
                done += write(into, table, &mut rows).await?;
                told(Progress { table: &table.name, done, all });
            }
        }
        drop(found);
        let rest = write(into, table, &mut rows).await?;
        done += rest;
        if rest > 0 {
            told(Progress { table: &table.name, done, all });
        }
        let (wanted, there) = (count(from, table).await?, count(into, table).await?);
        if (there, done - before) != (wanted, wanted) {
            return Err(StoreFault::Query(format!(
                "of {wanted} rows of the table {} there are {there} in the copy",
                table.name
            )));
        }
        if let Some(column) = &table.number {
            carry_numbers(from, into, &table.name, column).await?;
        }
    }
    Ok(done)
}

async fn count(connection: &mut AnyConnection, table: &Table) -> Result<u64, StoreFault> {
    let count: i64 = sqlx::query_scalar(AssertSqlSafe(format!("SELECT COUNT(*) FROM \"{}\"", table.name)))
        .fetch_one(connection)
        .await?;
    Ok(u64::try_from(count).unwrap_or(0))
}

async fn write(into: &mut AnyConnection, table: &Table, rows: &mut Vec<Vec<Value>>) -> Result<u64, StoreFault> {
    if rows.is_empty() {
        return Ok(0);
    }
    let places = places(rows.len(), table.columns.len());
    let text = format!("INSERT INTO \"{}\" ({}) VALUES {places}", table.name, table.names());
    let mut query = sqlx::query(AssertSqlSafe(text));
    let count = rows.len();
    for value in rows.drain(..).flatten() {
        query = match value {
            Value::Text(text) => query.bind(text),
            Value::Number(number) => query.bind(number),
            Value::Bytes(bytes) => query.bind(bytes),
        };
    }
    query.execute(into).await?;
    Ok(count as u64)
}

impl Table {
    fn names(&self) -> String {
        let names: Vec<_> = self.columns.iter().map(|column| format!("\"{}\"", column.name)).collect();
        names.join(", ")
    }

    fn read(&self, row: &AnyRow) -> Result<Vec<Value>, StoreFault> {
        let values = self.columns.iter().enumerate().map(|(place, column)| match column.kind {
            // An earlier version may have kept what no text on a server can hold.
            Kind::Text => row.try_get(place).map(|text: Option<String>| {
                Value::Text(text.map(|text| if text.contains('\0') { text.replace('\0', "\u{fffd}") } else { text }))
            }),
            Kind::Number => row.try_get(place).map(Value::Number),
            Kind::Bytes => row.try_get(place).map(Value::Bytes),
        });
        Ok(values.collect::<Result<_, sqlx::Error>>()?)
    }
}

/// Lets the database give numbers on from where the other one was: none is given out twice, though its row be gone.
async fn carry_numbers(
    from: &mut AnyConnection,
    into: &mut AnyConnection,
    table: &str,
    column: &str,
) -> Result<(), StoreFault> {
    let given: Option<i64> = match Dialect::of(from) {
        Dialect::Sqlite => {
            sqlx::query_scalar("SELECT seq FROM sqlite_sequence WHERE name = $1")
                .bind(table)
                .fetch_optional(from)
                .await?
        }
        Dialect::Postgres => match sequence(from, table, column).await? {
            Some(sequence) => {
                let text = format!("SELECT CASE WHEN is_called THEN last_value ELSE 0 END FROM {sequence}");
                Some(sqlx::query_scalar(AssertSqlSafe(text)).fetch_one(from).await?)
            }
            None => None,
        },
    };
    let Some(given) = given.filter(|given| *given > 0) else { return Ok(()) };
    match Dialect::of(into) {
        Dialect::Sqlite => {
            sqlx::query("DELETE FROM sqlite_sequence WHERE name = $1").bind(table).execute(&mut *into).await?;
            sqlx::query("INSERT INTO sqlite_sequence (name, seq) VALUES ($1, $2)")
                .bind(table)
                .bind(given)
                .execute(into)
                .await?;
        }
        Dialect::Postgres => {
            if let Some(sequence) = sequence(into, table, column).await? {
                sqlx::query("SELECT setval($1::TEXT::REGCLASS, $2)").bind(sequence).bind(given).execute(into).await?;
            }
        }
    }
    Ok(())
}

/// What gives the numbers of a column on a server; `None` where the program gives them.
async fn sequence(connection: &mut AnyConnection, table: &str, column: &str) -> Result<Option<String>, StoreFault> {
    Ok(sqlx::query_scalar("SELECT pg_get_serial_sequence($1, $2)")
        .bind(table)
        .bind(column)
        .fetch_one(connection)
        .await?)
}
