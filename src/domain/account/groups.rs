//! Groups of contacts.

use super::{Account, Answer, Change, Effect, GroupRef, Refusal};
use crate::{Group, Guid, Moment};

impl Account {
    pub(super) fn add_group(
        &mut self,
        moment: &Moment,
        name: String,
        effects: &mut Vec<Effect>,
    ) -> Result<Option<Answer>, Refusal> {
        if name.trim().is_empty() {
            return Err(Refusal::UnfitValue);
        }
        if self.groups.len() >= self.limits.groups {
            return Err(Refusal::TooManyGroups);
        }
        if self.groups.iter().any(|group| group.name == name) {
            return Err(Refusal::GroupExists);
        }
        let group = Group { guid: Guid::of_chance(moment.chance), name };
        self.groups.push(group.clone());
        effects.push(Effect::Keep(vec![Change::Group(group.clone()), self.list_moves(moment)]));
        Ok(Some(Answer::GroupAdded(group)))
    }

    /// The store has made a group on its own.
    pub(super) fn grouped(&mut self, moment: &Moment, group: Group) {
        // An account that was read in the meantime knows it.
        if !self.groups.iter().any(|known| known.guid == group.guid) {
            self.groups.push(group);
        }
        self.list_moves(moment);
    }

    /// A filled group goes as well; its contacts stay, without it.
    pub(super) fn remove_group(
        &mut self,
        moment: &Moment,
        group: &GroupRef,
        effects: &mut Vec<Effect>,
    ) -> Result<Option<Answer>, Refusal> {
        let known = match group {
            GroupRef::Guid(guid) => self.groups.iter().find(|known| known.guid == *guid),
            GroupRef::Name(names) => names.iter().find_map(|name| self.groups.iter().find(|known| known.name == *name)),
        };
        let guid = known.ok_or(Refusal::NoSuchGroup)?.guid;
        self.groups.retain(|known| known.guid != guid);
        for contact in self.contacts.values_mut() {
            contact.groups.retain(|known| *known != guid);
            for merged in &mut contact.merged {
                merged.groups.retain(|known| *known != guid);
            }
        }
        effects.push(Effect::Keep(vec![Change::GroupRemoved(guid), self.list_moves(moment)]));
        Ok(Some(Answer::GroupRemoved(guid)))
    }

    pub(super) fn rename_group(
        &mut self,
        moment: &Moment,
        group: Guid,
        name: String,
        effects: &mut Vec<Effect>,
    ) -> Result<Option<Answer>, Refusal> {
        if name.trim().is_empty() {
            return Err(Refusal::UnfitValue);
        }
        if self.groups.iter().any(|known| known.name == name && known.guid != group) {
            return Err(Refusal::GroupExists);
        }
        let known = self.groups.iter_mut().find(|known| known.guid == group).ok_or(Refusal::NoSuchGroup)?;
        known.name = name;
        let renamed = known.clone();
        effects.push(Effect::Keep(vec![Change::Group(renamed.clone()), self.list_moves(moment)]));
        Ok(Some(Answer::GroupRenamed(renamed)))
    }
}
