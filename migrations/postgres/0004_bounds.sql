-- Of what message a change or a sign is, by the network's id: what is shown of a message goes with it.
ALTER TABLE message_map ADD COLUMN target TEXT COLLATE "C";

CREATE INDEX message_map_by_target ON message_map (owner, network, target) WHERE target IS NOT NULL;

-- A sign takes the words of its message from what is remembered of that when it is shown, and not when it comes: the message may be
-- gone by then.
ALTER TABLE reaction DROP COLUMN words;

-- The account of this server that put the sign there, if it was one.
ALTER TABLE reaction ADD COLUMN account TEXT COLLATE "C";

CREATE INDEX reaction_by_window ON reaction (owner, peer, target);

-- `prompted` is when an invitation was told by itself, from now on whether or not it was shown as somebody who wants to be a contact;
-- `told` is how often that happened with less than an hour between. `summed` is when it led to a line that says that there are more
-- than were told; 0 for never.
ALTER TABLE room_invitation ADD COLUMN told BIGINT NOT NULL DEFAULT 0;
ALTER TABLE room_invitation ADD COLUMN summed BIGINT NOT NULL DEFAULT 0;
