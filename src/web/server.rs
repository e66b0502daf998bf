//! The running server as the authority over who may sign in.

use std::net::IpAddr;

use ::server::Handle;
use async_trait::async_trait;

use crate::{Authority, Refusal, Ticket};

#[async_trait]
impl Authority for Handle {
    async fn sign_in(&self, passport: &str, password: &str, from: IpAddr) -> Result<Ticket, Refusal> {
        match Handle::sign_in(self, passport, password, from).await {
            Ok(ticket) => Ok(Ticket { value: ticket.value, expires: ticket.expires }),
            Err(::server::Refusal::WrongCredentials) => Err(Refusal::WrongCredentials),
            Err(::server::Refusal::TooManyAttempts { retry_after }) => Err(Refusal::TooManyAttempts { retry_after }),
            Err(::server::Refusal::Unavailable) => Err(Refusal::Unavailable),
        }
    }
}
