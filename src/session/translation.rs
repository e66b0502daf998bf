//! Domain words as wire words and back, for what both sides have.

use domain::{List, Status, account::Refusal, contact::Contact, network::NetworkIds};
use msnp::code::ErrorCode;

pub(crate) const fn status(status: msnp::status::Status) -> Status {
    match status {
        msnp::status::Status::Online => Status::Online,
        msnp::status::Status::Busy => Status::Busy,
        msnp::status::Status::Idle => Status::Idle,
        msnp::status::Status::BeRightBack => Status::BeRightBack,
        msnp::status::Status::Away => Status::Away,
        msnp::status::Status::OnThePhone => Status::OnThePhone,
        msnp::status::Status::OutToLunch => Status::OutToLunch,
        msnp::status::Status::Hidden => Status::Hidden,
        msnp::status::Status::Offline => Status::Offline,
    }
}

pub(crate) const fn wire_status(status: Status) -> msnp::status::Status {
    match status {
        Status::Online => msnp::status::Status::Online,
        Status::Busy => msnp::status::Status::Busy,
        Status::Idle => msnp::status::Status::Idle,
        Status::BeRightBack => msnp::status::Status::BeRightBack,
        Status::Away => msnp::status::Status::Away,
        Status::OnThePhone => msnp::status::Status::OnThePhone,
        Status::OutToLunch => msnp::status::Status::OutToLunch,
        Status::Hidden => msnp::status::Status::Hidden,
        Status::Offline => msnp::status::Status::Offline,
    }
}

pub(crate) const fn list(list: msnp::list::List) -> List {
    match list {
        msnp::list::List::Forward => List::Forward,
        msnp::list::List::Allow => List::Allow,
        msnp::list::List::Block => List::Block,
        msnp::list::List::Reverse => List::Reverse,
        msnp::list::List::Pending => List::Pending,
    }
}

pub(crate) const fn wire_list(list: List) -> msnp::list::List {
    match list {
        List::Forward => msnp::list::List::Forward,
        List::Allow => msnp::list::List::Allow,
        List::Block => msnp::list::List::Block,
        List::Reverse => msnp::list::List::Reverse,
        List::Pending => msnp::list::List::Pending,
    }
}

/// The one place where a refusal becomes a number.
pub(crate) const fn code(refusal: Refusal) -> ErrorCode {
    match refusal {
        Refusal::Oneself
        | Refusal::NotYours
        | Refusal::UnfitValue
        | Refusal::Blocked
        | Refusal::SameNetwork
        | Refusal::NotMerged => ErrorCode::INVALID_PARAMETER,
        Refusal::OnList => ErrorCode::ALREADY_THERE,
        Refusal::NoSuchPerson => ErrorCode::INVALID_USER_NAME,
        Refusal::NotOnList => ErrorCode::NOT_ON_LIST,
        Refusal::ListFull => ErrorCode::LIST_FULL,
        Refusal::NoSuchGroup => ErrorCode::INVALID_GROUP,
        Refusal::NotInGroup => ErrorCode::NOT_IN_GROUP,
        Refusal::GroupExists => ErrorCode::GROUP_EXISTS,
        Refusal::TooManyGroups => ErrorCode::TOO_MANY_GROUPS,
        Refusal::Hidden => ErrorCode::NOT_WHILE_HIDDEN,
        Refusal::NoSuchProperty => ErrorCode::NOT_EXPECTED,
        Refusal::UnfitName => ErrorCode::INVALID_FRIENDLY_NAME,
        Refusal::NoSuchNumber => ErrorCode::UNRESOLVED_NUMBER,
        Refusal::TooFast => ErrorCode::RATE_LIMITED,
        Refusal::Unavailable => ErrorCode::DATABASE,
    }
}

/// The Network ID of a telephone (`MSNPiki`).
const TELEPHONE: u32 = 4;

/// The Network ID of a contact.
pub(crate) fn network(ids: NetworkIds, contact: &Contact) -> u32 {
    if contact.passport.is_telephone() && ids != NetworkIds::MsnpOnly {
        return TELEPHONE;
    }
    ids.id(contact.bits())
}
