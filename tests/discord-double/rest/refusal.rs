//! How requests are refused, with Discord's codes (Discord's developer documentation, "JSON Error Codes").

use serde_json::{Value, json};

/// Why a request is not done.
#[derive(Clone, Debug)]
pub(crate) struct Refusal {
    pub(crate) status: u16,
    pub(crate) code: u32,
    message: String,
    /// What is wrong with which field.
    errors: Option<Value>,
    /// That a client must never ask like that: the test fails.
    pub(crate) violation: Option<String>,
}

impl Refusal {
    pub(crate) fn new(status: u16, code: u32, message: &str) -> Self {
        Self { status, code, message: message.into(), errors: None, violation: None }
    }

    pub(crate) fn unauthorized() -> Self {
        Self::new(401, 0, "401: Unauthorized")
    }

    pub(crate) fn missing_access() -> Self {
        Self::new(403, 50001, "Missing Access")
    }

    pub(crate) fn missing_permissions() -> Self {
        Self::new(403, 50013, "Missing Permissions")
    }

    pub(crate) fn cannot_send_to_user() -> Self {
        Self::new(403, 50007, "Cannot send messages to this user")
    }

    pub(crate) fn unknown_channel() -> Self {
        Self::new(404, 10003, "Unknown Channel")
    }

    pub(crate) fn unknown_guild() -> Self {
        Self::new(404, 10004, "Unknown Guild")
    }

    pub(crate) fn unknown_message() -> Self {
        Self::new(404, 10008, "Unknown Message")
    }

    pub(crate) fn unknown_user() -> Self {
        Self::new(404, 10013, "Unknown User")
    }

    pub(crate) fn unknown_member() -> Self {
        Self::new(404, 10007, "Unknown Member")
    }

    pub(crate) fn unknown_emoji() -> Self {
        Self::new(400, 10014, "Unknown Emoji")
    }

    pub(crate) fn unknown_webhook() -> Self {
        Self::new(404, 10015, "Unknown Webhook")
    }

    pub(crate) fn too_large() -> Self {
        Self::new(413, 40005, "Request entity too large")
    }

    pub(crate) fn empty_message() -> Self {
        Self::new(400, 50006, "Cannot send an empty message")
    }

    /// A field has a value that is not taken.
    pub(crate) fn field(field: &str, code: &str, message: &str) -> Self {
        Self {
            errors: Some(json!({field: {"_errors": [{"code": code, "message": message}]}})),
            ..Self::new(400, 50035, "Invalid Form Body")
        }
    }

    /// A field has a type that no client may give it.
    pub(crate) fn wrong_type(field: &str, expected: &str) -> Self {
        let code = format!("{}_TYPE_CONVERT", expected.to_ascii_uppercase());
        Self { violation: Some(format!("`{field}` is no {expected}")), ..Self::field(field, &code, "Wrong type") }
    }

    /// It is refused, and the test fails.
    pub(crate) fn violating(self, what: impl Into<String>) -> Self {
        Self { violation: Some(what.into()), ..self }
    }

    pub(crate) fn body(&self) -> Value {
        let mut body = json!({"message": self.message, "code": self.code});
        if let Some(errors) = &self.errors {
            body["errors"] = errors.clone();
        }
        body
    }
}
