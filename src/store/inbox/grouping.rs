//! Groups of the list that contacts of networks come into.

use domain::{Group, Passport};

use super::Reception;
use crate::{StoreFault, clock, word};

impl Reception<'_> {
    /// Puts a contact into the group of that name, which is made if there is none. Where no more groups can be made, the contact
    /// stands in none.
    pub(super) async fn enter_group(
        &mut self,
        owner: &Passport,
        contact: &Passport,
        name: &str,
    ) -> Result<(), StoreFault> {
        let Some(group) = self.group(owner, name).await? else { return Ok(()) };
        sqlx::query(
            "INSERT INTO membership (owner, passport, list_group) VALUES ($1, $2, $3)
             ON CONFLICT (owner, passport, list_group) DO NOTHING",
        )
        .bind(owner.as_str())
        .bind(contact.as_str())
        .bind(group.guid.to_string())
        .execute(&mut *self.connection)
        .await?;
        Ok(())
    }

    async fn group(&mut self, owner: &Passport, name: &str) -> Result<Option<Group>, StoreFault> {
        let rows: Vec<(String, String)> =
            sqlx::query_as("SELECT guid, name FROM list_group WHERE owner = $1 ORDER BY id")
                .bind(owner.as_str())
                .fetch_all(&mut *self.connection)
                .await?;
        if let Some((guid, _)) = rows.iter().find(|(_, known)| known == name) {
            return Ok(Some(Group { guid: word::guid("list_group", guid)?, name: name.to_owned() }));
        }
        if rows.len() >= self.bounds.groups {
            self.outcome.kept_out.groups += 1;
            return Ok(None);
        }
        let group = Group { guid: clock::guid(), name: name.to_owned() };
        sqlx::query("INSERT INTO list_group (owner, guid, name) VALUES ($1, $2, $3)")
            .bind(owner.as_str())
            .bind(group.guid.to_string())
            .bind(word::text(&group.name))
            .execute(&mut *self.connection)
            .await?;
        self.outcome.grouped.push((owner.clone(), group.clone()));
        Ok(Some(group))
    }
}
