-- The same person on several networks: the entry `passport` is shown as the entry `whole`, and what is said to that goes to the one
-- of `spoken` 1, of which there is at most one, or to the entry itself. Both are entries of `contact`; nothing is merged into an entry
-- that is merged itself.
CREATE TABLE merged (
    owner    TEXT COLLATE "C" NOT NULL,
    passport TEXT COLLATE "C" NOT NULL,
    whole    TEXT COLLATE "C" NOT NULL,
    spoken   BIGINT NOT NULL CHECK (spoken IN (0, 1)),
    PRIMARY KEY (owner, passport),
    FOREIGN KEY (owner, passport) REFERENCES contact (owner, passport) ON DELETE CASCADE,
    FOREIGN KEY (owner, whole) REFERENCES contact (owner, passport) ON DELETE CASCADE
);

CREATE INDEX merged_by_whole ON merged (whole, owner);
