//! What people show of themselves.

use std::time::{Duration, Instant};

use reqwest::Method;
use serde_json::{Value, json};

use super::{MatrixUser, PATIENCE};

impl MatrixUser {
    /// The display name of anybody; `None` while there is no such person.
    pub async fn name_of(&self, user: &str) -> Option<String> {
        self.shown_by(user, "displayname").await
    }

    /// The avatar of anybody, as its `mxc://` address; `None` while they have none.
    pub async fn avatar_of(&self, user: &str) -> Option<String> {
        self.shown_by(user, "avatar_url").await
    }

    async fn shown_by(&self, user: &str, field: &str) -> Option<String> {
        let profile = self.try_call(Method::GET, &format!("profile/{user}"), Value::Null).await.unwrap().ok()?;
        profile[field].as_str().map(str::to_owned)
    }

    /// Waits until somebody exists and has this display name.
    pub async fn until_named(&self, user: &str, name: &str) {
        self.until_shown(user, "displayname", &format!("{name:?}"), |known| known == Some(name)).await;
    }

    /// Waits until somebody shows another avatar than `before`; gives its `mxc://` address.
    pub async fn until_avatar(&self, user: &str, before: Option<&str>) -> String {
        self.until_shown(user, "avatar_url", &format!("anything but {before:?}"), |known| {
            known.is_some_and(|known| !known.is_empty()) && known != before
        })
        .await
        .expect("an avatar that is there")
    }

    async fn until_shown(
        &self,
        user: &str,
        field: &str,
        what: &str,
        wanted: impl Fn(Option<&str>) -> bool,
    ) -> Option<String> {
        let began = Instant::now();
        loop {
            let known = self.shown_by(user, field).await;
            if wanted(known.as_deref()) {
                return known;
            }
            assert!(began.elapsed() < PATIENCE, "the {field} of {user} is never {what}, but {known:?}");
            // A stranger's profile can only be asked for.
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    /// Takes a display name.
    pub async fn rename(&self, name: &str) {
        let path = format!("profile/{}/displayname", self.id);
        self.call(Method::PUT, &path, json!({ "displayname": name })).await;
    }

    /// Takes an avatar, an `mxc://` address; an empty one takes it away.
    pub async fn set_avatar(&self, address: &str) {
        let path = format!("profile/{}/avatar_url", self.id);
        self.call(Method::PUT, &path, json!({ "avatar_url": address })).await;
    }

    /// Shows a presence and a status line.
    pub async fn show(&self, presence: &str, line: &str) {
        let path = format!("presence/{}/status", self.id);
        self.call(Method::PUT, &path, json!({ "presence": presence, "status_msg": line })).await;
    }
}
